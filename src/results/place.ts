import { closeSync, futimesSync, lstatSync, openSync, renameSync, writeSync } from "node:fs";
import { copyFile, lstat, lutimes, open, rename, rm, utimes } from "node:fs/promises";
import type { ArchiveEntry } from "../archive/types.ts";
import { hashFile } from "../runs/hash.ts";
import { type FileStamp, sameStamp } from "../runs/stamp.ts";
import { ownTemporaryName } from "../runs/temporaries.ts";
import type { RunId } from "../runs/types.ts";
import type { HeldDirectory } from "./directories.ts";
import { NotWritten } from "./held-directory.ts";
import { conflictName } from "./names.ts";

/** A file in a directory. */
export interface PlacedFile {
  readonly directory: HeldDirectory;
  readonly name: string;
}

/** Up to this size (bytes) a file is gathered and then written in one go: for many small files that is several times as fast. */
const SMALL = 256 * 1024;

/**
 * Writes an entry's bytes to a temporary file in `directory`, with the entry's times and permission bits (less the
 * umask; never set-user-id and the like), and gives its name. Leaves nothing behind where it fails.
 */
export async function writeTemporary(
  directory: HeldDirectory,
  entry: ArchiveEntry,
  data: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): Promise<string> {
  const name = ownTemporaryName();
  const path = directory.at(name);
  try {
    if (entry.size <= SMALL) {
      const bytes = await gather(entry, data, onBytes);
      directory.checkPaths();
      writeAtOnce(path, entry, bytes);
    } else {
      directory.checkPaths();
      await writeStream(path, entry, data, onBytes);
    }
    return name;
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
  const file = openSync(path, "wx", modeOf(entry));
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at);
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
  const file = await open(path, "wx", modeOf(entry));
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

/** Permission bits to make the file with: the umask takes from them what it would from a local build's. */
function modeOf({ mode }: ArchiveEntry): number {
  return mode === undefined ? 0o666 : mode & 0o777;
}

/** Gives a file that has the job's content, or the link that leads to it, the job's time too, where the file system allows it. */
export async function setTimes(
  directory: HeldDirectory,
  name: string,
  entry: ArchiveEntry,
): Promise<boolean> {
  if (!isTime(entry.mtimeMs)) return false;
  // Of the file itself: where a link has taken its place, that leads nobody knows where.
  return lutimes(directory.at(name), entry.mtimeMs / 1000, entry.mtimeMs / 1000).then(
    () => true,
    () => false,
  );
}

/**
 * Gives a temporary file of a directory its name, if what is there is still what the plan saw (`seen`; undefined:
 * nothing). False, and nothing done, where it isn't: someone wrote there in the meantime.
 */
export function placeIfUnchanged(
  { directory, name: temporary }: PlacedFile,
  name: string,
  seen: FileStamp | undefined,
): boolean {
  directory.check();
  const target = directory.at(name);
  // Without a pause between the look and the rename, so that hardly anything can come between.
  const now = lstatSync(target, { throwIfNoEntry: false });
  if (seen === undefined ? now !== undefined : now === undefined || !sameStamp(seen, now)) return false;
  renameSync(directory.at(temporary), target);
  return true;
}

/** Whether a file of this name has the content already: another program brings the same results back. */
export async function isThereAlready(
  { directory, name: temporary }: PlacedFile,
  name: string,
): Promise<boolean> {
  const target = directory.at(name);
  const there = await lookAt(target);
  return there?.isFile() === true && (await sameFiles(directory.at(temporary), target));
}

/**
 * Puts a temporary file under the first free conflict name of `name` in a directory: another one than its own where the
 * file that was edited in the meantime is reached by a link. Gives the base name; the temporary file is gone afterwards.
 */
export async function placeBeside(
  temporary: PlacedFile,
  { directory, name }: PlacedFile,
  runId: RunId,
): Promise<string> {
  const from = temporary.directory.at(temporary.name);
  for (let attempt = 1; ; attempt++) {
    const beside = conflictName(name, runId, attempt);
    const to = directory.at(beside);
    const there = await lookAt(to);
    directory.check();
    if (there === undefined) {
      await renameAcross(temporary, { directory, name: beside });
      return beside;
    }
    if (there.isFile() && (await sameFiles(from, to))) {
      await rm(from);
      return beside;
    }
  }
}

/** A target reached by a link can be on another disk than the link. */
async function renameAcross(temporary: PlacedFile, to: PlacedFile): Promise<void> {
  const from = temporary.directory.at(temporary.name);
  try {
    return await rename(from, to.directory.at(to.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
  }
  const { atimeMs, mtimeMs } = await lstat(from);
  const copy = to.directory.at(temporary.name);
  try {
    await copyFile(from, copy);
    await utimes(copy, atimeMs / 1000, mtimeMs / 1000);
    to.directory.check();
    await rename(copy, to.directory.at(to.name));
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
