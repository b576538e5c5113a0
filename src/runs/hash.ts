import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";

/** What tells the content of a file from that of another. */
export interface ContentHash {
  /** Bytes. */
  readonly size: number;
  readonly crc32: number;
  /** Hex. */
  readonly sha256: string;
}

const CHUNK = 1024 * 1024;

/** Reads a file to its end, in bounded memory. Throws what the file system says, or the signal's reason. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<ContentHash> {
  const sha256 = createHash("sha256");
  let crc = 0;
  let size = 0;
  const file = await open(path, "r");
  try {
    const expected = (await file.stat()).size;
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, expected + 1));
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      sha256.update(piece);
      crc = crc32(piece, crc);
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
  return { size, crc32: crc, sha256: sha256.digest("hex") };
}

/**
 * Runs `task` on all items, at most `limit` at once; results keep the items' order. After a failure nothing
 * new is begun, and the failure is thrown once all that had begun has ended.
 */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  limit: number,
  task: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < items.length && failures.length === 0; index = next++) {
      const item = items[index] as Item;
      try {
        results[index] = await task(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (failures.length > 0) throw failures[0];
  return results;
}
