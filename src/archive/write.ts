import { UserError } from "../errors.ts";
import { MAX_16, MAX_32 } from "./format.ts";
import {
  encodeCentralRecord,
  encodeEnd,
  encodeLocalHeader,
  type HeaderFields,
  localHeaderLength,
  moveCentralRecord,
  unixMode,
} from "./headers.ts";
import { createPartCutter } from "./part-cutter.ts";
import { type Content, preparePieces } from "./pieces.ts";
import type { ArchiveEntry, ArchiveInput, ArchivePart, WrittenEntry } from "./types.ts";

export interface WriteOptions {
  /** Bytes of every part but the last. */
  readonly partSize: number;
  /** Where the first part's first byte lies in the archive; what is before it is there already. Default 0. */
  readonly startOffset?: number;
  /** Index of the first part. Default 0. */
  readonly firstPartIndex?: number;
  /** Entries that lie before `startOffset`, with the offsets that they have there, to be named in the directory. */
  readonly reused?: readonly ArchiveEntry[];
  /** Times later than this (milliseconds since 1970) are written as this. */
  readonly latestMtimeMs?: number;
  /** Deflate's level, 0 (store) to 9, for what has matches to be found; asked anew for each file and block. Default 6. */
  readonly level?: () => number;
  readonly signal: AbortSignal;
  /** Called when the archive has taken up so many more bytes of a file (0 for empty files and directories). */
  onProgress?(bytesRead: number, path: string): void;
}

export interface ArchiveWriter {
  /**
   * The archive, made as it is pulled, to be iterated once. It throws where a file cannot be read
   * ({@link UserError}), changes meanwhile (ChangedWhileReadError), or the signal is aborted (its reason): what
   * came out until then is no archive.
   */
  readonly parts: AsyncIterable<ArchivePart>;
  /** What was written for each input, in order. Throws until `parts` has come to its end. */
  entries(): readonly WrittenEntry[];
}

/** Held sizes could still grow past 4 GiB where deflate gains nothing: room for its overhead. */
const DEFLATE_OVERHEAD = 16 * 1024 * 1024;

/**
 * Writes a ZIP file of the inputs, in their order, plainly: sizes and CRC in the local headers, UTF-8 names without
 * flag bit 11, ZIP64 fields only where needed. Why, is in docs/decisions/002-archive-written-plainly.md.
 */
export function writeArchive(inputs: readonly ArchiveInput[], options: WriteOptions): ArchiveWriter {
  const written: WrittenEntry[] = [];
  let finished = false;
  async function* run() {
    yield* writeParts(inputs, options, written);
    finished = true;
  }
  return {
    parts: run(),
    entries() {
      if (!finished) throw new Error("the archive has not been written to its end");
      return written;
    },
  };
}

async function* writeParts(
  inputs: readonly ArchiveInput[],
  options: WriteOptions,
  written: WrittenEntry[],
): AsyncGenerator<ArchivePart, void, undefined> {
  const { partSize, startOffset = 0, firstPartIndex = 0, reused = [], level = () => 6, signal } = options;
  const latest = options.latestMtimeMs ?? Number.POSITIVE_INFINITY;
  if (!Number.isSafeInteger(partSize) || partSize < 1) throw new RangeError(`part size ${partSize}`);
  rejectDuplicates(inputs, reused);

  const cutter = createPartCutter(partSize, firstPartIndex);
  const offset = () => startOffset + cutter.position();
  const records = [...reused].sort((a, b) => a.localHeaderOffset - b.localHeaderOffset).map(recordOf);

  function add(content: Content, fields: HeaderFields): void {
    records.push(encodeCentralRecord(fields));
    written.push({
      path: fields.name.toString("utf8", 0, fields.name.length - (fields.kind === "directory" ? 1 : 0)),
      kind: fields.kind,
      size: fields.size,
      compressedSize: fields.compressedSize,
      method: fields.method,
      crc32: fields.crc32,
      mtimeMs: content.mtimeMs,
      mode: unixMode(fields.kind, fields.mode),
      localHeaderOffset: fields.localHeaderOffset,
      madeByInfoZip: false,
      isPlain: true,
      sha256: content.sha256,
    });
  }

  let open: { fields: HeaderFields; start: number; fill: (header: Buffer) => void } | undefined;
  for await (const piece of preparePieces(inputs, { level, signal })) {
    const { input } = piece;
    switch (piece.kind) {
      case "whole": {
        const { content, data } = piece;
        const fields = {
          ...blankFields(input, timeToWrite(input, content.mtimeMs, latest), offset()),
          method: content.method,
          size: content.size,
          compressedSize: data.length,
          crc32: content.crc32,
          zip64: Math.max(content.size, data.length) >= MAX_32,
        };
        cutter.write(encodeLocalHeader(fields));
        cutter.write(data);
        add(content, fields);
        options.onProgress?.(content.size, input.path);
        break;
      }
      case "begin": {
        const fields = {
          ...blankFields(input, timeToWrite(input, piece.mtimeMs, latest), offset()),
          method: piece.method,
          size: piece.size,
          zip64: piece.size + (piece.method === "deflate" ? DEFLATE_OVERHEAD : 0) >= MAX_32,
        };
        const fill = cutter.reserve(localHeaderLength(fields));
        open = { fields, fill, start: cutter.position() };
        break;
      }
      case "block":
        cutter.write(piece.data);
        piece.release();
        options.onProgress?.(piece.bytesRead, input.path);
        break;
      case "end": {
        if (open === undefined) throw new Error("a file ended that had not begun");
        const compressedSize = cutter.position() - open.start;
        const fields = { ...open.fields, compressedSize, crc32: piece.content.crc32 };
        open.fill(encodeLocalHeader(fields));
        add(piece.content, fields);
        open = undefined;
        break;
      }
    }
    yield* cutter.take();
  }

  const directoryOffset = offset();
  for (const record of records) {
    cutter.write(record);
    yield* cutter.take();
  }
  const size = offset() - directoryOffset;
  cutter.write(encodeEnd({ count: records.length, size, offset: directoryOffset }));
  cutter.end();
  yield* cutter.take();
}

/** An archive in memory, for what is small. Throws as {@link writeArchive} does. */
export async function packSmall(
  inputs: readonly ArchiveInput[],
  options: { readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const { index, data } of writeArchive(inputs, { partSize: 64 * 1024, ...options }).parts) {
    parts[index] = data;
  }
  return Buffer.concat(parts);
}

function timeToWrite(input: ArchiveInput, mtimeMs: number, latest: number): number {
  const wanted = mtimeMs === input.mtimeMs ? input.writtenMtimeMs : undefined;
  return Math.min(wanted ?? mtimeMs, latest);
}

function blankFields(input: ArchiveInput, mtimeMs: number, localHeaderOffset: number): HeaderFields {
  const { path, kind, mode } = input;
  const name = nameBytes(path, kind);
  if (name.length > MAX_16)
    throw new UserError(`The name “${path.slice(0, 60)}…” is too long for an archive.`, {
      hint: "Shorten it, or exclude it from the upload.",
    });
  return {
    name,
    kind,
    mode,
    mtimeMs,
    localHeaderOffset,
    method: "stored",
    size: 0,
    compressedSize: 0,
    crc32: 0,
    zip64: false,
  };
}

/** An entry that came without its record (it wasn't read from a directory) gets the one we'd have written. */
function recordOf(entry: ArchiveEntry): Buffer {
  if (entry.record !== undefined) {
    const { bytes, start, end } = entry.record;
    return moveCentralRecord(entry, bytes.subarray(start, end));
  }
  return encodeCentralRecord({
    ...entry,
    name: nameBytes(entry.path, entry.kind),
    mode: entry.mode ?? (entry.kind === "directory" ? 0o755 : 0o644),
    zip64: Math.max(entry.size, entry.compressedSize) >= MAX_32,
  });
}

function nameBytes(path: string, kind: ArchiveInput["kind"]): Buffer {
  return Buffer.from(kind === "directory" ? `${path}/` : path);
}

function rejectDuplicates(inputs: readonly ArchiveInput[], reused: readonly ArchiveEntry[]): void {
  const seen = new Set<string>();
  for (const { path } of [...reused, ...inputs]) {
    if (seen.has(path)) throw new Error(`"${path}" is to be written twice`);
    seen.add(path);
  }
}
