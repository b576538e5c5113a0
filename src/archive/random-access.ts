import { ArchiveError } from "./errors.ts";
import type { RandomAccess } from "./types.ts";

/** Bytes in memory as something to read an archive from. */
export function bytesSource(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    async *read(offset, length, signal) {
      signal?.throwIfAborted();
      if (offset + length > bytes.length) throw new ArchiveError("truncated", "The archive ends too early.");
      yield bytes.subarray(offset, offset + length);
    },
  };
}

/** All the bytes of one ranged read, in one buffer. */
export async function readRange(
  source: RandomAccess,
  offset: number,
  length: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of source.read(offset, length, signal)) {
    chunks.push(chunk);
    total += chunk.length;
  }
  if (total !== length)
    throw new ArchiveError("truncated", `Got ${total} of ${length} bytes of the archive.`);
  return Buffer.concat(chunks, total);
}
