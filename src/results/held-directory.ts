import { closeSync, constants, lstatSync, openSync, readlinkSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";

/** Why a file was not written, where it isn't the file system that says so. */
export class NotWritten extends Error {
  override readonly name = "NotWritten";
}

/** A directory as it was found, which may be at another place by now. */
export interface FoundDirectory {
  /** A path of the file of this name in it. */
  at(name: string): string;
  /** Whether paths of {@link at} lead into it whatever becomes of its own path. */
  readonly holdsFast: boolean;
  /** Whether its path still leads to it, and through no link. */
  isInPlace(): boolean;
  close(): void;
}

/** Finds a directory by its absolute path; undefined where nothing is there. Throws {@link NotWritten} where a link is. */
export type FindDirectory = (path: string) => FoundDirectory | undefined;

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** Whether a directory can be reached through its handle, and the system says where that is (`/proc/self/fd`, proc(5)). */
export function canUseHandles(directory: string): boolean {
  try {
    const found = findByHandle(directory);
    found?.close();
    return found !== undefined;
  } catch {
    return false;
  }
}

/** Files in it are reached through the open directory: whatever becomes of its path, nothing comes between look and write. */
export const findByHandle: FindDirectory = (path) => {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch {
    // Gone, or no directory, or one that may not be read; or too many files are open already.
    return findByPath(path);
  }
  const handle = `/proc/self/fd/${fd}`;
  const found: FoundDirectory = {
    at: (name) => `${handle}/${name}`,
    holdsFast: true,
    isInPlace: () => readlinkSync(handle) === path,
    close: () => closeSync(fd),
  };
  try {
    if (found.isInPlace()) return found;
    throw throughLink();
  } catch (error) {
    found.close();
    throw error;
  }
};

/** For other systems. Between the look and the write there is a moment that nothing can close. */
export const findByPath: FindDirectory = (path) => {
  const { dev, ino } = lookAt(path) ?? {};
  if (dev === undefined) return undefined;
  return {
    at: (name) => join(path, name),
    holdsFast: false,
    isInPlace() {
      try {
        const now = lookAt(path);
        return now?.dev === dev && now.ino === ino;
      } catch {
        return false;
      }
    },
    close: () => {},
  };
};

/** Undefined where nothing is there; throws where a link is in the path, or a file. */
function lookAt(path: string): Stats | undefined {
  const parent = dirname(path);
  if (parent !== path && lookAt(parent) === undefined) return undefined;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink()) throw throughLink();
  if (stat !== undefined && !stat.isDirectory()) throw new NotWritten("its directory is a file by now");
  return stat;
}

function throughLink(): NotWritten {
  return new NotWritten("its directory was replaced by a link in the meantime");
}
