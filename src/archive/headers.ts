import {
  CENTRAL_RECORD,
  CENTRAL_RECORD_SIZE,
  DOS_DIRECTORY,
  END_RECORD,
  END_RECORD_SIZE,
  EXTRA_TIMESTAMP,
  EXTRA_ZIP64,
  extraFields,
  LOCAL_HEADER,
  LOCAL_HEADER_SIZE,
  MADE_ON_UNIX,
  MAX_16,
  MAX_32,
  METHOD_DEFLATE,
  METHOD_STORED,
  S_IFDIR,
  S_IFREG,
  VERSION_DEFLATE,
  VERSION_STORED,
  VERSION_ZIP64,
  ZIP64_END_RECORD,
  ZIP64_END_RECORD_SIZE,
  ZIP64_LOCATOR,
  ZIP64_LOCATOR_SIZE,
} from "./format.ts";
import { toDosTime, toUnixSeconds } from "./times.ts";
import type { ArchiveEntry } from "./types.ts";

/** What a local header and a central directory record say of an entry. */
export interface HeaderFields {
  /** UTF-8, with the trailing `/` of a directory. */
  readonly name: Buffer;
  readonly kind: ArchiveEntry["kind"];
  readonly method: ArchiveEntry["method"];
  readonly crc32: number;
  readonly size: number;
  readonly compressedSize: number;
  readonly mtimeMs: number;
  /** Permission bits. */
  readonly mode: number;
  readonly localHeaderOffset: number;
  /** The sizes are in a ZIP64 field. Decided before they are known, from the most that they can become. */
  readonly zip64: boolean;
}

const MADE_BY = (MADE_ON_UNIX << 8) | VERSION_ZIP64;

/** Permission bits and type, as in `st_mode`. */
export function unixMode(kind: ArchiveEntry["kind"], mode: number): number {
  return (kind === "directory" ? S_IFDIR : S_IFREG) | (mode & 0o777);
}

/** Bytes that {@link encodeLocalHeader} will make. */
export function localHeaderLength(fields: Pick<HeaderFields, "name" | "mtimeMs" | "zip64">): number {
  const timestamp = toUnixSeconds(fields.mtimeMs) === undefined ? 0 : 9;
  return LOCAL_HEADER_SIZE + fields.name.length + (fields.zip64 ? 20 : 0) + timestamp;
}

/** A local header with sizes and CRC in it (APPNOTE 4.3.7): no data descriptor, no flags. */
export function encodeLocalHeader(fields: HeaderFields): Buffer {
  const extra = Buffer.concat([
    zip64Field(fields.zip64 ? [fields.size, fields.compressedSize] : []),
    timestampField(fields.mtimeMs),
  ]);
  const header = Buffer.alloc(LOCAL_HEADER_SIZE);
  header.writeUInt32LE(LOCAL_HEADER, 0);
  header.writeUInt16LE(versionNeeded(fields.method, fields.kind, fields.zip64), 4);
  writeCommon(header, 8, fields);
  header.writeUInt16LE(fields.name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, fields.name, extra]);
}

/** A record of the central directory (APPNOTE 4.3.12). */
export function encodeCentralRecord(fields: HeaderFields): Buffer {
  const far = fields.localHeaderOffset >= MAX_32;
  const extra = Buffer.concat([
    zip64Field([
      ...(fields.zip64 ? [fields.size, fields.compressedSize] : []),
      ...(far ? [fields.localHeaderOffset] : []),
    ]),
    timestampField(fields.mtimeMs),
  ]);
  const record = Buffer.alloc(CENTRAL_RECORD_SIZE);
  record.writeUInt32LE(CENTRAL_RECORD, 0);
  record.writeUInt16LE(MADE_BY, 4);
  record.writeUInt16LE(versionNeeded(fields.method, fields.kind, fields.zip64 || far), 6);
  writeCommon(record, 10, fields);
  record.writeUInt16LE(fields.name.length, 28);
  record.writeUInt16LE(extra.length, 30);
  const attributes = unixMode(fields.kind, fields.mode) * 0x10000;
  record.writeUInt32LE(attributes + (fields.kind === "directory" ? DOS_DIRECTORY : 0), 38);
  record.writeUInt32LE(far ? MAX_32 : fields.localHeaderOffset, 42);
  return Buffer.concat([record, fields.name, extra]);
}

/**
 * The central record of an entry that lies in another place now, with all else as it was: the local header is
 * copied as it stands, and `zip` compares the two.
 */
export function moveCentralRecord(entry: ArchiveEntry, record: Buffer): Buffer {
  const far = entry.localHeaderOffset >= MAX_32;
  // Nearly always.
  if (!far && ![20, 24, 42].some((at) => record.readUInt32LE(at) === MAX_32)) {
    const moved = Buffer.from(record);
    putPlace(moved, entry);
    return moved;
  }
  const extraStart = CENTRAL_RECORD_SIZE + record.readUInt16LE(28);
  const extraEnd = extraStart + record.readUInt16LE(30);
  const others: Buffer[] = [];
  for (const { id, start, end } of extraFields(record, extraStart, extraEnd)) {
    if (id !== EXTRA_ZIP64) others.push(record.subarray(start - 4, end));
  }
  const values = [
    ...(record.readUInt32LE(24) === MAX_32 ? [entry.size] : []),
    ...(record.readUInt32LE(20) === MAX_32 ? [entry.compressedSize] : []),
    ...(far ? [entry.localHeaderOffset] : []),
  ];
  const extra = Buffer.concat([zip64Field(values), ...others]);
  const moved = Buffer.concat([record.subarray(0, extraStart), extra, record.subarray(extraEnd)]);
  if (values.length > 0) {
    moved.writeUInt16LE(Math.max(moved.readUInt16LE(6), VERSION_ZIP64), 6);
  } else if (moved.readUInt16LE(6) === VERSION_ZIP64) {
    moved.writeUInt16LE(versionNeeded(entry.method, entry.kind, false), 6);
  }
  moved.writeUInt16LE(extra.length, 30);
  putPlace(moved, entry);
  return moved;
}

/** Permission bits are in this record only, so they can be those of today. */
function putPlace(record: Buffer, { mode, localHeaderOffset }: ArchiveEntry): void {
  if (mode !== undefined) record.writeUInt16LE(mode, 40);
  record.writeUInt32LE(Math.min(localHeaderOffset, MAX_32), 42);
}

/** What ends an archive: the ZIP64 records where the numbers need them, and the end record (APPNOTE 4.3.14–16). */
export function encodeEnd(directory: { count: number; size: number; offset: number }): Buffer {
  const { count, size, offset } = directory;
  const zip64 = count >= MAX_16 || size >= MAX_32 || offset >= MAX_32;
  const end = Buffer.alloc(END_RECORD_SIZE);
  end.writeUInt32LE(END_RECORD, 0);
  end.writeUInt16LE(Math.min(count, MAX_16), 8);
  end.writeUInt16LE(Math.min(count, MAX_16), 10);
  end.writeUInt32LE(Math.min(size, MAX_32), 12);
  end.writeUInt32LE(Math.min(offset, MAX_32), 16);
  if (!zip64) return end;
  const record = Buffer.alloc(ZIP64_END_RECORD_SIZE);
  record.writeUInt32LE(ZIP64_END_RECORD, 0);
  record.writeBigUInt64LE(BigInt(ZIP64_END_RECORD_SIZE - 12), 4);
  record.writeUInt16LE(MADE_BY, 12);
  record.writeUInt16LE(VERSION_ZIP64, 14);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(size), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(ZIP64_LOCATOR_SIZE);
  locator.writeUInt32LE(ZIP64_LOCATOR, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator, end]);
}

/** Method, time, CRC and sizes: the same run of fields in both headers. */
function writeCommon(target: Buffer, at: number, fields: HeaderFields): void {
  target.writeUInt16LE(fields.method === "deflate" ? METHOD_DEFLATE : METHOD_STORED, at);
  target.writeUInt32LE(toDosTime(fields.mtimeMs), at + 2);
  target.writeUInt32LE(fields.crc32, at + 6);
  target.writeUInt32LE(fields.zip64 ? MAX_32 : fields.compressedSize, at + 10);
  target.writeUInt32LE(fields.zip64 ? MAX_32 : fields.size, at + 14);
}

function versionNeeded(method: ArchiveEntry["method"], kind: ArchiveEntry["kind"], zip64: boolean): number {
  if (zip64) return VERSION_ZIP64;
  return method === "deflate" || kind === "directory" ? VERSION_DEFLATE : VERSION_STORED;
}

/** APPNOTE 4.5.3; nothing where no value needs it. */
function zip64Field(values: readonly number[]): Buffer {
  if (values.length === 0) return Buffer.alloc(0);
  const field = Buffer.alloc(4 + values.length * 8);
  field.writeUInt16LE(EXTRA_ZIP64, 0);
  field.writeUInt16LE(values.length * 8, 2);
  values.forEach((value, index) => {
    field.writeBigUInt64LE(BigInt(value), 4 + index * 8);
  });
  return field;
}

/** Info-ZIP's "UT" field with the modification time alone, the same in both headers. */
function timestampField(mtimeMs: number): Buffer {
  const seconds = toUnixSeconds(mtimeMs);
  if (seconds === undefined) return Buffer.alloc(0);
  const field = Buffer.alloc(9);
  field.writeUInt16LE(EXTRA_TIMESTAMP, 0);
  field.writeUInt16LE(5, 2);
  field.writeUInt8(1, 4);
  field.writeInt32LE(seconds, 5);
  return field;
}
