import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Segment } from "../types.ts";
import { namesIn } from "./json-files.ts";

/** Objects' bytes, in files that are written once and never changed. */
export interface DataFiles {
  /** Writes what the source gives, as it comes; nothing is left behind where that fails. */
  write(source: AsyncIterable<Uint8Array>): Promise<Segment>;
  /**
   * Bytes `start` to `end` (both included) of the segments put together. The files stay until the stream is closed,
   * even where they are removed meanwhile; so it must be read to its end or destroyed.
   */
  read(segments: readonly Segment[], start: number, end: number): Readable;
  /** Removes files; those being read, when they no longer are. */
  remove(segments: readonly Segment[]): Promise<void>;
  /** Removes every file that is not in `referenced`: what a process left that died while it wrote. */
  sweep(referenced: ReadonlySet<string>): Promise<void>;
}

const READ_SIZE = 256 * 1024;
/** What comes in pieces of a socket's is written in so many bytes at once: a tenth of the time. */
const WRITE_SIZE = 1024 * 1024;

export async function openDataFiles(directory: string): Promise<DataFiles> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const readers = new Map<string, number>();
  const doomed = new Set<string>();
  const pathOf = (file: string) => join(directory, file.slice(0, 2), file);

  function release(file: string): void {
    const left = (readers.get(file) ?? 1) - 1;
    if (left > 0) {
      readers.set(file, left);
      return;
    }
    readers.delete(file);
    // Nobody waits for this; a file that stays is swept at the next start.
    if (doomed.delete(file)) rm(pathOf(file), { force: true }).catch(() => undefined);
  }

  return {
    async write(source) {
      const file = randomUUID();
      await mkdir(join(directory, file.slice(0, 2)), { recursive: true, mode: 0o700 });
      const handle = await open(pathOf(file), "wx", 0o600);
      try {
        let size = 0;
        let pieces: Uint8Array[] = [];
        let gathered = 0;
        const flush = async () => {
          await writeAll(handle, pieces, gathered);
          pieces = [];
          gathered = 0;
        };
        for await (const chunk of source) {
          pieces.push(chunk);
          gathered += chunk.length;
          size += chunk.length;
          if (gathered >= WRITE_SIZE) await flush();
        }
        if (gathered > 0) await flush();
        await handle.close();
        return { file, size };
      } catch (error) {
        await handle.close();
        await rm(pathOf(file), { force: true });
        throw error;
      }
    },

    read(segments, start, end) {
      const pieces = piecesOf(segments, start, end);
      for (const { file } of pieces) readers.set(file, (readers.get(file) ?? 0) + 1);
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for (const piece of pieces) {
          yield* createReadStream(pathOf(piece.file), {
            start: piece.start,
            end: piece.end,
            highWaterMark: READ_SIZE,
          }) as AsyncIterable<Uint8Array>;
        }
      }
      const stream = Readable.from(chunks(), { objectMode: false });
      stream.once("close", () => {
        for (const { file } of pieces) release(file);
      });
      return stream;
    },

    async remove(segments) {
      for (const { file } of segments) {
        if (readers.has(file)) doomed.add(file);
        else await rm(pathOf(file), { force: true });
      }
    },

    async sweep(referenced) {
      for (const folder of await namesIn(directory)) {
        for (const file of await namesIn(join(directory, folder))) {
          if (!referenced.has(file)) await rm(join(directory, folder, file), { force: true });
        }
      }
    },
  };
}

async function writeAll(
  handle: Awaited<ReturnType<typeof open>>,
  pieces: readonly Uint8Array[],
  length: number,
): Promise<void> {
  let { bytesWritten } = await handle.writev(pieces);
  if (bytesWritten === length) return;
  const rest = Buffer.concat(pieces);
  while (bytesWritten < length) bytesWritten += (await handle.write(rest, bytesWritten)).bytesWritten;
}

interface Piece {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** The ranges of files that make up a range of the whole. */
function piecesOf(segments: readonly Segment[], start: number, end: number): Piece[] {
  const pieces: Piece[] = [];
  let offset = 0;
  for (const { file, size } of segments) {
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, size - 1);
    if (from <= to) pieces.push({ file, start: from, end: to });
    offset += size;
  }
  return pieces;
}
