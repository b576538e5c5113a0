import { DEFAULT_TAIL_SIZE, findDirectory, readUInt64 } from "./end-record.ts";
import { ArchiveError } from "./errors.ts";
import {
  CENTRAL_RECORD,
  CENTRAL_RECORD_SIZE,
  EXTRA_TIMESTAMP,
  EXTRA_UNIX_OWNER,
  EXTRA_ZIP64,
  LOCAL_HEADER_SIZE,
  MADE_ON_MACOS,
  MADE_ON_UNIX,
  MAX_16,
  MAX_32,
  METHOD_DEFLATE,
  METHOD_STORED,
} from "./format.ts";
import { decodeName } from "./names.ts";
import { readRange } from "./random-access.ts";
import { fromDosTime } from "./times.ts";
import type { ArchiveEntry, ByteRange, RandomAccess } from "./types.ts";

export interface ReadOptions {
  /** Bytes to ask for at the end of the archive, if more than an end record with a comment can take; where the directory is in them, no second request is needed. */
  readonly tailSize?: number;
  /** Bytes that a directory may have at most. Default 256 MiB: more than a million entries. */
  readonly maxDirectorySize?: number;
  readonly signal?: AbortSignal;
}

export interface CentralDirectory {
  /** In the directory's order; of entries with one path only the last, which is the newest. */
  readonly entries: readonly ArchiveEntry[];
  /** Where the directory begins, and so where the last entry ends at the latest. */
  readonly offset: number;
}

/** How hard deflate tried (APPNOTE 4.4.4): of no consequence. */
const DEFLATE_EFFORT = 0x0006;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what is meant
const BEYOND_ASCII = /[^\u0000-\u007f]/;
const ENCRYPTED = 0x0001 | 0x0040 | 0x2000;

/**
 * Reads an archive's central directory (APPNOTE 4.3.12) with one ranged read, or two where it is large. Names are
 * as they stand: see safeEntryPath before writing anything. Throws {@link ArchiveError} for whatever is damaged, cannot be read by
 * this program, or lies about itself, such as entries that overlap.
 */
export async function readCentralDirectory(
  source: RandomAccess,
  options: ReadOptions = {},
): Promise<CentralDirectory> {
  const { tailSize = DEFAULT_TAIL_SIZE, maxDirectorySize = 256 * 1024 * 1024, signal } = options;
  const length = Math.min(source.size, Math.max(tailSize, DEFAULT_TAIL_SIZE));
  const start = source.size - length;
  const bytes = await readRange(source, start, length, signal);
  const place = await findDirectory(source, { start, bytes }, signal);
  if (place.size > maxDirectorySize) {
    throw new ArchiveError("directory-too-large", `The archive's directory is ${place.size} bytes large.`);
  }
  const directory =
    place.offset >= start
      ? bytes.subarray(place.offset - start, place.offset - start + place.size)
      : await readRange(source, place.offset, place.size, signal);
  const entries = parseRecords(directory, place.count);
  rejectOverlaps(entries, place.offset);
  return { entries: latestOfEachPath(entries), offset: place.offset };
}

interface ParsedEntry extends ArchiveEntry {
  readonly record: ByteRange;
}

/** A directory's bytes, in the ways in which its tens of thousands of records are read quickest. */
interface DirectoryBytes {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** A character a byte: an ASCII name is a piece of it, which costs a tenth of decoding each by itself. */
  readonly text: string;
}

function parseRecords(directory: Buffer, count: number): ParsedEntry[] {
  const entries: ParsedEntry[] = [];
  const { buffer, byteOffset, length } = directory;
  const source = {
    bytes: directory,
    view: new DataView(buffer, byteOffset, length),
    text: directory.toString("latin1"),
  };
  const { view } = source;
  let at = 0;
  while (at < length) {
    if (length - at < CENTRAL_RECORD_SIZE || view.getUint32(at, true) !== CENTRAL_RECORD) {
      throw new ArchiveError(
        "bad-directory",
        `The archive's directory is damaged at entry ${entries.length + 1}.`,
      );
    }
    const end =
      at +
      CENTRAL_RECORD_SIZE +
      view.getUint16(at + 28, true) +
      view.getUint16(at + 30, true) +
      view.getUint16(at + 32, true);
    if (end > length) {
      throw new ArchiveError("bad-directory", "The archive's directory ends in the middle of an entry.");
    }
    entries.push(parseRecord(source, at, end));
    at = end;
  }
  if (entries.length !== count) {
    throw new ArchiveError(
      "wrong-count",
      `The archive says it has ${count} entries, and has ${entries.length}.`,
    );
  }
  return entries;
}

/** The record from `start` to `end`. */
function parseRecord(source: DirectoryBytes, start: number, end: number): ParsedEntry {
  const { bytes, view, text } = source;
  const nameStart = start + CENTRAL_RECORD_SIZE;
  const nameEnd = nameStart + view.getUint16(start + 28, true);
  const extraEnd = nameEnd + view.getUint16(start + 30, true);
  const asLatin1 = text.slice(nameStart, nameEnd);
  const asUtf8 = BEYOND_ASCII.test(asLatin1) ? bytes.toString("utf8", nameStart, nameEnd) : asLatin1;
  // Rarely so, and only then worth a closer look.
  const fullName = asUtf8.includes("\ufffd")
    ? decodeName(bytes.subarray(nameStart, nameEnd), bytes.subarray(nameEnd, extraEnd))
    : asUtf8;
  if (fullName === "" || fullName.includes("\0")) {
    throw new ArchiveError("bad-name", "The archive has an entry without a name, or with a NUL in it.");
  }
  const directory = fullName.endsWith("/");
  const methodNumber = view.getUint16(start + 10, true);
  const flags = view.getUint16(start + 8, true);
  if ((flags & ENCRYPTED) !== 0) {
    throw new ArchiveError("encrypted", `"${fullName}" in the archive is encrypted.`);
  }
  if (methodNumber !== METHOD_STORED && methodNumber !== METHOD_DEFLATE) {
    throw new ArchiveError(
      "unknown-method",
      `"${fullName}" in the archive is compressed by method ${methodNumber}.`,
    );
  }
  const { size, compressedSize, localHeaderOffset, mtimeMs, madeByInfoZip } = readFields(
    source,
    start,
    { start: nameEnd, end: extraEnd },
    fullName,
  );
  const method = methodNumber === METHOD_DEFLATE ? "deflate" : "stored";
  if (method === "stored" && size !== compressedSize) {
    throw new ArchiveError("wrong-size", `"${fullName}" in the archive has two sizes, though it is stored.`);
  }
  const host = view.getUint8(start + 5);
  const mode = view.getUint16(start + 40, true);
  const onUnix = host === MADE_ON_UNIX || host === MADE_ON_MACOS;
  const path = directory ? fullName.slice(0, -1) : fullName;
  return {
    path,
    kind: directory ? "directory" : "file",
    size,
    compressedSize,
    method,
    crc32: view.getUint32(start + 16, true),
    mtimeMs,
    mode: onUnix && mode !== 0 ? mode : undefined,
    localHeaderOffset,
    madeByInfoZip,
    isPlain: onUnix && mode !== 0 && (flags & ~DEFLATE_EFFORT) === 0 && fullName === asUtf8,
    record: { bytes, start, end },
  };
}

/** What the extra fields have a say in. */
function readFields(
  { bytes, view }: DirectoryBytes,
  recordStart: number,
  extra: { readonly start: number; readonly end: number },
  name: string,
): Pick<ArchiveEntry, "size" | "compressedSize" | "localHeaderOffset" | "mtimeMs" | "madeByInfoZip"> {
  let compressedSize = view.getUint32(recordStart + 20, true);
  let size = view.getUint32(recordStart + 24, true);
  let localHeaderOffset = view.getUint32(recordStart + 42, true);
  const disk = view.getUint16(recordStart + 34, true);
  let mtimeMs: number | undefined;
  let owner = false;
  let zip64: { at: number; end: number } | undefined;
  // The loop of extraFields, without its objects: directories have tens of thousands of records.
  for (let at = extra.start, end = at; at + 4 <= extra.end; at = end) {
    const id = view.getUint16(at, true);
    const start = at + 4;
    end = start + view.getUint16(at + 2, true);
    if (end > extra.end) break;
    if (id === EXTRA_ZIP64) zip64 ??= { at: start, end };
    else if (id === EXTRA_UNIX_OWNER) owner = true;
    else if (id === EXTRA_TIMESTAMP && end - start >= 5 && (view.getUint8(start) & 1) === 1) {
      mtimeMs = view.getInt32(start + 1, true) * 1000;
    }
  }
  // In this order, and only those that the record has no room for (APPNOTE 4.5.3). Without the field, 0xffffffff
  // is a value like any other, and where it isn't one, the entry overlaps the directory.
  const next = (): number => {
    if (zip64 === undefined) return MAX_32;
    if (zip64.at + 8 > zip64.end)
      throw new ArchiveError("broken-zip64", `"${name}" in the archive lacks its size.`);
    const value = readUInt64(bytes, zip64.at);
    zip64.at += 8;
    return value;
  };
  if (size === MAX_32) size = next();
  if (compressedSize === MAX_32) compressedSize = next();
  if (localHeaderOffset === MAX_32) localHeaderOffset = next();
  if (disk !== 0 && disk !== MAX_16)
    throw new ArchiveError("multi-disk", "The archive is one part of several.");
  return {
    size,
    compressedSize,
    localHeaderOffset,
    mtimeMs: mtimeMs ?? fromDosTime(view.getUint32(recordStart + 12, true)),
    madeByInfoZip: owner && mtimeMs !== undefined,
  };
}

/** Overlapping entries are what archives are made of that unpack to a million times their size. */
function rejectOverlaps(entries: readonly ParsedEntry[], directoryOffset: number): void {
  const sorted = [...entries].sort((a, b) => a.localHeaderOffset - b.localHeaderOffset);
  sorted.forEach((entry, index) => {
    const nameLength = entry.record.bytes.readUInt16LE(entry.record.start + 28);
    const end = entry.localHeaderOffset + LOCAL_HEADER_SIZE + nameLength + entry.compressedSize;
    if (end > (sorted[index + 1]?.localHeaderOffset ?? directoryOffset)) {
      throw new ArchiveError("overlap", `"${entry.path}" in the archive overlaps what follows it.`);
    }
  });
}

function latestOfEachPath(entries: readonly ParsedEntry[]): readonly ParsedEntry[] {
  const latest = new Map<string, ParsedEntry>();
  for (const entry of entries) latest.set(entry.path, entry);
  return latest.size === entries.length
    ? entries
    : entries.filter((entry) => latest.get(entry.path) === entry);
}
