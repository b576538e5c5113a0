import { createHash, hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { setImmediate as breath } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { createQuickly } from "../archive/quickly.ts";

/** What tells the content of a file from that of another. */
export interface ContentHash {
  /** Bytes. */
  readonly size: number;
  readonly crc32: number;
  /** Hex. */
  readonly sha256: string;
}

const CHUNK = 1024 * 1024;
/** Up to so many bytes a file is read in one go. */
const SMALL = 256 * 1024;
/** Milliseconds after which other work of this thread gets its turn. */
const TURN = 20;

const quickly = createQuickly();
let whole: Buffer | undefined;

/** Reads a file to its end, in bounded memory. Throws what the file system says, or the signal's reason. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<ContentHash> {
  signal?.throwIfAborted();
  const small = await quickly(
    () => hashSmall(path),
    async () => undefined,
  );
  return small ?? (await hashAny(path, signal));
}

/** On this thread; undefined where it is too large for that. */
function hashSmall(path: string): ContentHash | undefined {
  // Without O_NONBLOCK a FIFO would keep this thread waiting for ever.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > SMALL) return undefined;
    whole ??= Buffer.allocUnsafeSlow(SMALL + 1);
    let size = 0;
    for (;;) {
      const read = readSync(file, whole, size, whole.length - size, size);
      if (read === 0) break;
      size += read;
      if (size > SMALL) return undefined;
    }
    const bytes = whole.subarray(0, size);
    return { size, crc32: crc32(bytes), sha256: hash("sha256", bytes, "hex") };
  } finally {
    closeSync(file);
  }
}

async function hashAny(path: string, signal: AbortSignal | undefined): Promise<ContentHash> {
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
 * Runs `task` on all items, at most `limit` at once; results keep the items' order. Tasks that never wait hold nothing else up for
 * long. After a failure nothing
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
  let turn = performance.now();
  const work = async () => {
    for (let index = next++; index < items.length && failures.length === 0; index = next++) {
      if (performance.now() - turn > TURN) {
        await breath();
        turn = performance.now();
      }
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
