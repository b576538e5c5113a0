import { ArchiveError } from "./errors.ts";
import {
  END_RECORD,
  END_RECORD_SIZE,
  LOCAL_HEADER,
  MAX_16,
  MAX_32,
  ZIP64_END_RECORD,
  ZIP64_END_RECORD_SIZE,
  ZIP64_LOCATOR,
  ZIP64_LOCATOR_SIZE,
} from "./format.ts";
import { readRange } from "./random-access.ts";
import type { RandomAccess } from "./types.ts";

/** Where the central directory is. */
export interface DirectoryPlace {
  readonly count: number;
  /** Bytes. */
  readonly size: number;
  readonly offset: number;
}

/** The last bytes of an archive. */
export interface Tail {
  /** Offset of the first of them. */
  readonly start: number;
  readonly bytes: Buffer;
}

/** The largest comment, and the records before it. */
export const DEFAULT_TAIL_SIZE = MAX_16 + END_RECORD_SIZE + ZIP64_LOCATOR_SIZE + ZIP64_END_RECORD_SIZE;

/** Finds the central directory by the end record, or the ZIP64 one (APPNOTE 4.3.14–16). Throws {@link ArchiveError}. */
export async function findDirectory(
  source: RandomAccess,
  tail: Tail,
  signal?: AbortSignal,
): Promise<DirectoryPlace> {
  const at = findEndRecord(tail.bytes);
  if (at === undefined) throw await noEndRecord(source, tail, signal);
  const { bytes } = tail;
  const place = {
    count: bytes.readUInt16LE(at + 10),
    size: bytes.readUInt32LE(at + 12),
    offset: bytes.readUInt32LE(at + 16),
  };
  const disks = [bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)];
  const locatorAt = at - ZIP64_LOCATOR_SIZE;
  let end = tail.start + at;
  let found: DirectoryPlace = place;
  if (locatorAt >= 0 && bytes.readUInt32LE(locatorAt) === ZIP64_LOCATOR) {
    const zip64 = await readZip64(source, tail, locatorAt, signal);
    // What the plain record says, where it can say it, is the same.
    const agrees =
      [MAX_16, zip64.found.count].includes(place.count) &&
      [MAX_32, zip64.found.size].includes(place.size) &&
      [MAX_32, zip64.found.offset].includes(place.offset);
    if (!agrees)
      throw new ArchiveError("broken-zip64", "The archive's two end records contradict each other.");
    ({ found, end } = zip64);
  } else if (disks.some((disk) => disk !== 0) || bytes.readUInt16LE(at + 8) !== place.count) {
    throw multiDisk();
  }
  if (found.offset + found.size > end) {
    const far = found.offset === MAX_32 || found.size === MAX_32;
    throw far
      ? new ArchiveError("broken-zip64", "The archive's ZIP64 end record is missing.")
      : new ArchiveError("bad-directory", "The archive's directory is not where its end record says.");
  }
  return found;
}

/** The last one whose comment goes to the very end. */
function findEndRecord(bytes: Buffer): number | undefined {
  for (let at = bytes.length - END_RECORD_SIZE; at >= 0; at--) {
    if (bytes[at] !== 0x50 || bytes.readUInt32LE(at) !== END_RECORD) continue;
    if (at + END_RECORD_SIZE + bytes.readUInt16LE(at + 20) === bytes.length) return at;
  }
  return undefined;
}

async function readZip64(
  source: RandomAccess,
  tail: Tail,
  locatorAt: number,
  signal?: AbortSignal,
): Promise<{ found: DirectoryPlace; end: number }> {
  const locator = tail.bytes.subarray(locatorAt, locatorAt + ZIP64_LOCATOR_SIZE);
  if (locator.readUInt32LE(4) !== 0 || locator.readUInt32LE(16) > 1) throw multiDisk();
  const end = readUInt64(locator, 8);
  if (end + ZIP64_END_RECORD_SIZE > tail.start + locatorAt) {
    throw new ArchiveError("broken-zip64", "The archive's ZIP64 end record is not where its locator says.");
  }
  const record =
    end >= tail.start
      ? tail.bytes.subarray(end - tail.start, end - tail.start + ZIP64_END_RECORD_SIZE)
      : await readRange(source, end, ZIP64_END_RECORD_SIZE, signal);
  if (record.readUInt32LE(0) !== ZIP64_END_RECORD || readUInt64(record, 4) < ZIP64_END_RECORD_SIZE - 12) {
    throw new ArchiveError("broken-zip64", "The archive's ZIP64 end record is damaged.");
  }
  const count = readUInt64(record, 32);
  if (record.readUInt32LE(16) !== 0 || record.readUInt32LE(20) !== 0 || readUInt64(record, 24) !== count) {
    throw multiDisk();
  }
  return { found: { count, size: readUInt64(record, 40), offset: readUInt64(record, 48) }, end };
}

/** A ZIP64 value. Throws {@link ArchiveError} where it is more than a number can hold: no file is that large. */
export function readUInt64(bytes: Buffer, at: number): number {
  const value = Number(bytes.readBigUInt64LE(at));
  if (!Number.isSafeInteger(value))
    throw new ArchiveError("broken-zip64", "The archive has an impossible size in it.");
  return value;
}

function multiDisk(): ArchiveError {
  return new ArchiveError("multi-disk", "The archive is one part of several.");
}

async function noEndRecord(source: RandomAccess, tail: Tail, signal?: AbortSignal): Promise<ArchiveError> {
  const length = Math.min(4, source.size);
  const start =
    tail.start === 0 ? tail.bytes.subarray(0, length) : await readRange(source, 0, length, signal);
  return length === 4 && start.readUInt32LE(0) === LOCAL_HEADER
    ? new ArchiveError("truncated", "The archive has no end: it was cut off.")
    : new ArchiveError("not-a-zip", "This is not a ZIP archive.");
}
