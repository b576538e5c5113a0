import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  CRC32_POLYNOMIAL,
  CRC32C_POLYNOMIAL,
  CRC64_POLYNOMIAL,
  combineCrc,
  crc32c,
  crc64nvme,
} from "./crc.ts";

/** The checksum algorithms of S3 ("Checking object integrity", S3 User Guide). */
export const ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Of the object's bytes, or of its parts' checksums. */
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

export interface Checksum {
  readonly algorithm: Algorithm;
  readonly type: ChecksumType;
  /** Base64; a composite one ends in `-` and the number of parts. */
  readonly value: string;
}

export interface Hasher {
  update(data: Uint8Array): void;
  digest(): Buffer;
}

export function algorithmOf(name: string): Algorithm | undefined {
  return ALGORITHMS.find((algorithm) => algorithm === name.toUpperCase());
}

/** `x-amz-checksum-crc32` and the like. */
export function checksumHeader(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** `ChecksumCRC32` and the like: the name in XML. */
export function checksumElement(algorithm: Algorithm): string {
  return `Checksum${algorithm}`;
}

export function createHasher(algorithm: Algorithm | "MD5"): Hasher {
  if (algorithm === "CRC32") {
    let crc = 0;
    return {
      update: (data) => {
        crc = crc32(data, crc);
      },
      digest: () => uint32(crc),
    };
  }
  if (algorithm === "CRC32C") {
    let crc = 0;
    return {
      update: (data) => {
        crc = crc32c(data, crc);
      },
      digest: () => uint32(crc),
    };
  }
  if (algorithm === "CRC64NVME") {
    let crc = { high: 0, low: 0 };
    return {
      update: (data) => {
        crc = crc64nvme(data, crc);
      },
      digest: () => Buffer.concat([uint32(crc.high), uint32(crc.low)]),
    };
  }
  const hash = createHash(algorithm.toLowerCase());
  return { update: (data) => void hash.update(data), digest: () => hash.digest() };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Bytes in a checksum of that algorithm. */
export function checksumLength(algorithm: Algorithm): number {
  return { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 }[algorithm];
}

/** The checksum of an object made of parts, from the parts' own. */
export function checksumOfParts(
  algorithm: Algorithm,
  type: ChecksumType,
  parts: readonly { readonly checksum: string; readonly size: number }[],
): Checksum {
  if (type === "COMPOSITE") {
    const hasher = createHasher(algorithm);
    for (const part of parts) hasher.update(Buffer.from(part.checksum, "base64"));
    return { algorithm, type, value: `${hasher.digest().toString("base64")}-${parts.length}` };
  }
  const bits = algorithm === "CRC64NVME" ? 64n : 32n;
  const polynomial = {
    CRC32: CRC32_POLYNOMIAL,
    CRC32C: CRC32C_POLYNOMIAL,
    CRC64NVME: CRC64_POLYNOMIAL,
    SHA1: undefined,
    SHA256: undefined,
  }[algorithm];
  if (polynomial === undefined) throw new Error(`${algorithm} checksums of parts cannot be joined`);
  const crc = parts.reduce(
    (joined, part) => combineCrc(joined, fromBase64(part.checksum), part.size, { polynomial, bits }),
    0n,
  );
  const hex = crc.toString(16).padStart(Number(bits) / 4, "0");
  return { algorithm, type, value: Buffer.from(hex, "hex").toString("base64") };
}

function fromBase64(text: string): bigint {
  return BigInt(`0x${Buffer.from(text, "base64").toString("hex")}`);
}
