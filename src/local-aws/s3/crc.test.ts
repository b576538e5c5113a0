import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Algorithm, checksumOfParts, createHasher } from "./checksums.ts";

const CHECK = Buffer.from("123456789");

// The check values of the "Catalogue of parametrised CRC algorithms".
test.each([
  ["CRC32", "cbf43926"],
  ["CRC32C", "e3069283"],
  ["CRC64NVME", "ae8b14860a799888"],
] as const)("%s of 123456789 is the catalogue's check value", (algorithm, expected) => {
  expect(checksum(algorithm, [CHECK])).toBe(expected);
  expect(checksum(algorithm, [CHECK.subarray(0, 4), CHECK.subarray(4)])).toBe(expected);
});

describe("the full-object checksum of parts", () => {
  const parts = ["The quick brown ", "fox jumps", "", " over the lazy dog"].map((text) => Buffer.from(text));

  test.each(["CRC32", "CRC32C", "CRC64NVME"] as const)("by %s is that of the bytes together", (algorithm) => {
    const joined = checksumOfParts(
      algorithm,
      "FULL_OBJECT",
      parts.map((part) => ({ checksum: base64(checksum(algorithm, [part])), size: part.length })),
    );
    expect(joined.value).toBe(base64(checksum(algorithm, parts)));
  });
});

test("a composite checksum is that of the parts' checksums, with their number", () => {
  const sums = [crc32("a"), crc32("b")].map((crc) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc);
    return bytes;
  });
  const joined = checksumOfParts(
    "CRC32",
    "COMPOSITE",
    sums.map((sum) => ({ checksum: sum.toString("base64"), size: 1 })),
  );
  expect(joined.value).toBe(`${base64(checksum("CRC32", sums))}-2`);
});

function checksum(algorithm: Algorithm, pieces: readonly Uint8Array[]): string {
  const hasher = createHasher(algorithm);
  for (const piece of pieces) hasher.update(piece);
  return hasher.digest().toString("hex");
}

function base64(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}
