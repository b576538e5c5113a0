import {
  crc32,
  createInflateRaw,
  type InflateRaw,
  inflateRaw,
  inflateRawSync,
  type ZlibOptions,
} from "node:zlib";
import { type Cursor, createCursor } from "./cursor.ts";
import { ArchiveError } from "./errors.ts";
import { CENTRAL_RECORD_SIZE, LOCAL_HEADER, LOCAL_HEADER_SIZE } from "./format.ts";
import type { ArchiveEntry, RandomAccess } from "./types.ts";

/** Up to here an entry is inflated at once. */
const WHOLE_SIZE = 1024 * 1024;
const SYNC_SIZE = 16 * 1024;
const CHUNK_SIZE = 128 * 1024;
/** A local header's extra fields can be longer than the directory's: Info-ZIP's "UT" is by 8 bytes. */
const EXTRA_SLACK = 64;

/**
 * The bytes of an entry, inflated. Throws {@link ArchiveError}: where the local header is not the entry's, the data don't inflate,
 * become more or fewer than the directory says (never passing on more), or have another CRC. All has been checked only when
 * it ends.
 */
export async function* openEntry(
  source: RandomAccess,
  entry: ArchiveEntry,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const cursor = createCursor(source, entry.localHeaderOffset, expectedEnd(entry), signal);
  try {
    yield* readEntry(cursor, entry);
  } finally {
    await cursor.close();
  }
}

/** Where an entry ends if its local header is no longer than can be expected; it can be. */
export function expectedEnd(entry: ArchiveEntry): number {
  const { record } = entry;
  const variable =
    record === undefined
      ? Buffer.byteLength(entry.path) + 1
      : record.bytes.readUInt16LE(record.start + 28) + record.bytes.readUInt16LE(record.start + 30);
  return entry.localHeaderOffset + LOCAL_HEADER_SIZE + variable + EXTRA_SLACK + entry.compressedSize;
}

/** The bytes of the entry whose local header the cursor is at. Throws as {@link openEntry} does. */
export async function* readEntry(
  cursor: Cursor,
  entry: ArchiveEntry,
): AsyncGenerator<Uint8Array, void, undefined> {
  await passLocalHeader(cursor, entry);
  let size = 0;
  let crc = 0;
  for await (const chunk of contentOf(cursor, entry)) {
    size += chunk.length;
    if (size > entry.size) throw wrongSize(entry);
    crc = crc32(chunk, crc);
    if (chunk.length > 0) yield chunk;
  }
  if (size !== entry.size) throw wrongSize(entry);
  if (crc !== entry.crc32) {
    throw new ArchiveError("wrong-crc", `"${entry.path}" in the archive is damaged: its CRC-32 is another.`);
  }
}

async function passLocalHeader(cursor: Cursor, entry: ArchiveEntry): Promise<void> {
  const header = await cursor.take(LOCAL_HEADER_SIZE);
  if (header.readUInt32LE(0) !== LOCAL_HEADER) {
    throw new ArchiveError("bad-local-header", `"${entry.path}" is not where the archive's directory says.`);
  }
  const name = nameOf(entry);
  if (header.readUInt16LE(26) !== name.length || !name.equals(await cursor.take(name.length))) {
    throw new ArchiveError(
      "bad-local-header",
      `"${entry.path}" has another name where it lies in the archive.`,
    );
  }
  await cursor.skipTo(cursor.position() + header.readUInt16LE(28));
}

function contentOf(cursor: Cursor, entry: ArchiveEntry): AsyncIterable<Uint8Array> {
  if (entry.method === "stored") return cursor.stream(entry.compressedSize);
  return entry.size <= WHOLE_SIZE && entry.compressedSize <= WHOLE_SIZE
    ? inflateWhole(cursor, entry)
    : inflateStream(cursor, entry);
}

async function* inflateWhole(
  cursor: Cursor,
  entry: ArchiveEntry,
): AsyncGenerator<Uint8Array, void, undefined> {
  const compressed = await cursor.take(entry.compressedSize);
  const options = {
    info: true,
    // One more, so that what is too long shows, and is not passed on.
    maxOutputLength: entry.size + 1,
    chunkSize: Math.max(entry.size + 1, 64),
  };
  const { buffer, used } =
    entry.size <= SYNC_SIZE
      ? inflateNow(compressed, options, entry)
      : await new Promise<ReturnType<typeof inflated>>((resolve, reject) => {
          inflateRaw(compressed, options, (error, result) =>
            error ? reject(inflateFailure(entry, error)) : resolve(inflated(result)),
          );
        });
  if (used !== entry.compressedSize) throw wrongSize(entry);
  yield buffer;
}

/** For a few KiB the way to another thread takes longer than the work. */
function inflateNow(
  compressed: Buffer,
  options: ZlibOptions,
  entry: ArchiveEntry,
): ReturnType<typeof inflated> {
  try {
    return inflated(inflateRawSync(compressed, options));
  } catch (error) {
    throw inflateFailure(entry, error);
  }
}

/** With the option `info`, what comes is the bytes and the stream that made them. */
function inflated(result: unknown): { buffer: Buffer; used: number } {
  const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } };
  return { buffer, used: engine.bytesWritten };
}

async function* inflateStream(
  cursor: Cursor,
  entry: ArchiveEntry,
): AsyncGenerator<Uint8Array, void, undefined> {
  const inflate = createInflateRaw({ chunkSize: CHUNK_SIZE });
  const feeding = feed(inflate, cursor.stream(entry.compressedSize));
  try {
    for await (const chunk of inflate) yield chunk;
  } catch (error) {
    throw inflateFailure(entry, error);
  } finally {
    // Also where the consumer stops early: the cursor is free for other use only when the feeding has ended.
    inflate.destroy();
    await feeding;
  }
  if (inflate.bytesWritten !== entry.compressedSize) throw wrongSize(entry);
}

/** Never rejects: a failure to read becomes the stream's. */
async function feed(inflate: InflateRaw, compressed: AsyncIterable<Uint8Array>): Promise<void> {
  let goOn = () => {};
  inflate.on("drain", () => goOn()).on("close", () => goOn());
  try {
    for await (const chunk of compressed) {
      if (inflate.destroyed) return;
      if (inflate.write(chunk)) continue;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }
    inflate.end();
  } catch (error) {
    inflate.destroy(error as Error);
  }
}

/** What zlib says of the data is the archive's fault; anything else (the network, the signal) goes on as it is. */
function inflateFailure(entry: ArchiveEntry, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ERR_BUFFER_TOO_LARGE") return wrongSize(entry);
  if (!code?.startsWith("Z_")) return error;
  return new ArchiveError("bad-data", `"${entry.path}" in the archive is damaged: it does not inflate.`, {
    cause: error,
  });
}

function wrongSize(entry: ArchiveEntry): ArchiveError {
  return new ArchiveError(
    "wrong-size",
    `"${entry.path}" in the archive has another size than its directory says.`,
  );
}

function nameOf(entry: ArchiveEntry): Buffer {
  if (entry.record === undefined)
    return Buffer.from(entry.kind === "directory" ? `${entry.path}/` : entry.path);
  const { bytes, start } = entry.record;
  const nameStart = start + CENTRAL_RECORD_SIZE;
  return bytes.subarray(nameStart, nameStart + bytes.readUInt16LE(start + 28));
}
