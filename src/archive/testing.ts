import { execFileSync } from "node:child_process";
import { bytesSource } from "./random-access.ts";
import { readCentralDirectory } from "./read.ts";
import type { ArchiveEntry, ArchiveInput, RandomAccess } from "./types.ts";
import { type WriteOptions, writeArchive } from "./write.ts";

/** A moment that the tests' files were last changed at: an odd second, and not a whole one. */
export const MTIME = Date.UTC(2026, 10, 22, 15, 4, 5, 678);
export const { signal } = new AbortController();

/** An input whose bytes are in memory. */
export function input(path: string, content: string | Uint8Array, mtimeMs = MTIME): ArchiveInput {
  const source = typeof content === "string" ? Buffer.from(content) : content;
  return { path, kind: "file", source, size: source.length, mtimeMs, mode: 0o644 };
}

export function directory(path: string): ArchiveInput {
  return { path, kind: "directory", source: "", size: 0, mtimeMs: MTIME, mode: 0o755 };
}

/** Numbers from 0 to below 1 that look random, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** Bytes that don't shrink. */
export function noise(length: number, seed = 1): Buffer {
  const random = seeded(seed);
  return Buffer.alloc(length).map(() => random() * 256) as Buffer;
}

/** Lines of A, C, G and T. */
export function sequence(length: number, seed = 1): Buffer {
  const random = seeded(seed);
  return Buffer.alloc(length).map((_, at) =>
    at % 81 === 80 ? 10 : "ACGT".charCodeAt(random() * 4),
  ) as Buffer;
}

/** Writes an archive into memory; parts are put together by index, and checked to be of one size. */
export async function pack(inputs: readonly ArchiveInput[], options: Partial<WriteOptions> = {}) {
  const { partSize = 64 * 1024, firstPartIndex = 0 } = options;
  const writer = writeArchive(inputs, { partSize, signal, ...options });
  const parts: Uint8Array[] = [];
  for await (const { index, data } of writer.parts) {
    if (parts[index - firstPartIndex] !== undefined) throw new Error(`part ${index} came twice`);
    parts[index - firstPartIndex] = data;
  }
  if (parts.some((part, index) => index < parts.length - 1 && part.length !== partSize)) {
    throw new Error("a part that isn't the last has another size");
  }
  return { bytes: Buffer.concat(parts), entries: writer.entries(), parts };
}

export async function entriesOf(bytes: Uint8Array): Promise<readonly ArchiveEntry[]> {
  return (await readCentralDirectory(bytesSource(bytes))).entries;
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** A source that answers in pieces of up to `most` bytes, and remembers what it was asked for. */
export function fussySource(bytes: Uint8Array, most: number) {
  const reads: { offset: number; length: number }[] = [];
  const source: RandomAccess = {
    size: bytes.length,
    async *read(offset, length) {
      reads.push({ offset, length });
      if (offset < 0 || offset + length > bytes.length) throw new Error("read outside of the archive");
      for (let at = 0; at < length; at += most) {
        yield bytes.subarray(offset + at, offset + Math.min(at + most, length));
      }
    },
  };
  return { source, reads };
}

/** Runs a program and gives its output; throws, with it, where it fails. */
export function run(program: string, args: readonly string[], cwd?: string): string {
  return execFileSync(program, args, {
    cwd,
    encoding: "utf8",
    stdio: "pipe",
    env: { ...process.env, TZ: "UTC" },
  });
}
