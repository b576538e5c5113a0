import { closeSync, fchmodSync, futimesSync, lstatSync, openSync, renameSync, writeSync } from "node:fs";
import { copyFile, lstat, lutimes, mkdir, open, realpath, rename, rm, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ArchiveEntry } from "../archive/types.ts";
import { hashFile } from "../runs/hash.ts";
import { type FileStamp, sameStamp } from "../runs/stamp.ts";
import { ownTemporaryName, sweepTemporaries } from "../runs/temporaries.ts";
import type { RunId } from "../runs/types.ts";
import { conflictName } from "./names.ts";

/** Why a file was not written, where it isn't the file system that says so. */
export class NotWritten extends Error {
  override readonly name = "NotWritten";
}

/** Makes sure that directories are there, and are where they were when the plan was made. */
export type DirectoryMaker = (directory: string) => Promise<void>;

/**
 * A maker that makes a directory with its parents, sees that no link in its path leads elsewhere, and sweeps what an
 * earlier, ended program left in it. Once for each directory.
 */
export function createDirectoryMaker(now: number): DirectoryMaker {
  const made = new Map<string, Promise<void>>();
  return (directory) => {
    const known = made.get(directory);
    if (known !== undefined) return known;
    const making = makeDirectory(directory, now);
    made.set(directory, making);
    return making;
  };
}

async function makeDirectory(directory: string, now: number): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if ((await realpath(directory)) !== directory) {
    throw new NotWritten("its directory was replaced by a link in the meantime");
  }
  if (first === undefined) await sweepTemporaries([directory], { now });
}

/** Up to this size (bytes) a file is gathered and then written in one go: for many small files that is several times as fast. */
const SMALL = 256 * 1024;

/**
 * Writes an entry's bytes to a temporary file in `directory`, with the entry's times and permission bits (never
 * set-user-id and the like), and gives its path. Leaves nothing behind where it fails.
 */
export async function writeTemporary(
  directory: string,
  entry: ArchiveEntry,
  data: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): Promise<string> {
  const path = join(directory, ownTemporaryName());
  try {
    if (entry.size <= SMALL) writeAtOnce(path, entry, await gather(entry, data, onBytes));
    else await writeStream(path, entry, data, onBytes);
    return path;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function gather(
  entry: ArchiveEntry,
  data: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of data) {
    pieces.push(piece);
    size += piece.length;
    if (size > entry.size) break;
    onBytes(piece.length);
  }
  checkSize(entry, size);
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

function writeAtOnce(path: string, entry: ArchiveEntry, bytes: Uint8Array): void {
  const file = openSync(path, "wx", firstMode(entry));
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at);
    if (entry.mode !== undefined) fchmodSync(file, entry.mode & 0o777);
    if (isTime(entry.mtimeMs)) futimesSync(file, entry.mtimeMs / 1000, entry.mtimeMs / 1000);
  } finally {
    closeSync(file);
  }
}

async function writeStream(
  path: string,
  entry: ArchiveEntry,
  data: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): Promise<void> {
  const file = await open(path, "wx", firstMode(entry));
  try {
    let size = 0;
    for await (const piece of data) {
      size += piece.length;
      if (size > entry.size) break;
      for (let at = 0; at < piece.length; ) {
        at += (await file.write(piece, at, piece.length - at)).bytesWritten;
      }
      onBytes(piece.length);
    }
    checkSize(entry, size);
    if (entry.mode !== undefined) await file.chmod(entry.mode & 0o777);
    if (isTime(entry.mtimeMs)) await file.utimes(entry.mtimeMs / 1000, entry.mtimeMs / 1000);
  } finally {
    await file.close();
  }
}

function checkSize(entry: ArchiveEntry, size: number): void {
  if (size < entry.size) throw new NotWritten(`${size} bytes arrived where ${entry.size} were announced`);
  if (size > entry.size)
    throw new NotWritten(`more bytes arrived than the ${entry.size} that were announced`);
}

/** Until it has the entry's own bits nobody else reads what these may keep from them. */
function firstMode(entry: ArchiveEntry): number {
  return entry.mode === undefined ? 0o666 : 0o600;
}

/** Gives a file that has the job's content, or the link that leads to it, the job's time too, where the file system allows it. */
export async function setTimes(target: string, entry: ArchiveEntry): Promise<boolean> {
  if (!isTime(entry.mtimeMs)) return false;
  return lutimes(target, entry.mtimeMs / 1000, entry.mtimeMs / 1000).then(
    () => true,
    () => false,
  );
}

/**
 * Gives a temporary file its name, if what is there is still what the plan saw (`seen`; undefined: nothing).
 * False, and nothing done, where it isn't: someone wrote there in the meantime.
 */
export function placeIfUnchanged(temporary: string, target: string, seen: FileStamp | undefined): boolean {
  // Without a pause between the look and the rename, so that hardly anything can come between.
  const now = lstatSync(target, { throwIfNoEntry: false });
  if (seen === undefined ? now !== undefined : now === undefined || !sameStamp(seen, now)) return false;
  renameSync(temporary, target);
  return true;
}

/**
 * Puts a temporary file beside a file that was edited in the meantime, under the first free conflict name of
 * `directory`. Gives the base name; the temporary file is gone afterwards.
 */
export async function placeBeside(
  temporary: string,
  directory: string,
  name: string,
  runId: RunId,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const beside = conflictName(name, runId, attempt);
    const there = await lookAt(join(directory, beside));
    if (there === undefined) {
      await renameAcross(temporary, join(directory, beside));
      return beside;
    }
    if (there.isFile() && (await sameFiles(temporary, join(directory, beside)))) {
      await rm(temporary);
      return beside;
    }
  }
}

/** A target reached by a link can be on another disk than the link. */
async function renameAcross(from: string, to: string): Promise<void> {
  if (dirname(from) === dirname(to)) return rename(from, to);
  const { atimeMs, mtimeMs } = await lstat(from);
  const copy = join(dirname(to), basename(from));
  try {
    await copyFile(from, copy);
    await utimes(copy, atimeMs / 1000, mtimeMs / 1000);
    await rename(copy, to);
  } catch (error) {
    await rm(copy, { force: true });
    throw error;
  }
  await rm(from);
}

async function sameFiles(one: string, other: string): Promise<boolean> {
  if ((await lstat(one)).size !== (await lstat(other)).size) return false;
  return (await hashFile(one)).sha256 === (await hashFile(other)).sha256;
}

async function lookAt(path: string) {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

/** Whether a time from an archive is one that file systems keep: 1970 to 2446 (ext4). */
function isTime(milliseconds: number): boolean {
  return milliseconds >= 0 && milliseconds < 15_000_000_000_000;
}
