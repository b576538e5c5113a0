import { close, closeSync, constants, fstatSync, open, openSync, read, readSync, type Stats } from "node:fs";
import { promisify } from "node:util";
import { UserError } from "../errors.ts";
import { ChangedWhileReadError } from "./errors.ts";

const openAsync = promisify(open);
const closeAsync = promisify(close);

// Without O_NONBLOCK a FIFO that took the file's place would keep a thread waiting for ever.
const TO_READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** A file that is open to be read into an archive. */
export interface SourceFile {
  /** Bytes, when it was opened. */
  readonly size: number;
  /** Milliseconds since 1970, when it was opened. */
  readonly mtimeMs: number;
  /** Fills the buffer with what lies there. Throws {@link ChangedWhileReadError} where the file ends earlier. */
  read(offset: number, bytes: Buffer): Promise<Buffer>;
  /** Throws {@link ChangedWhileReadError} unless size and time are still what they were. */
  verifyUnchanged(): void;
  close(): Promise<void>;
}

/**
 * Opens a file; `path` is what messages call it. Throws a UserError where it cannot be read.
 *
 * Callbacks and descriptors rather than FileHandles, and fstat on this thread: for thousands of small files
 * that takes a third of the time.
 */
export async function openSourceFile(source: string, path: string): Promise<SourceFile> {
  const fd = await openAsync(source, TO_READ).catch((error: unknown) => {
    throw readFailure(path, error);
  });
  let opened: Stats;
  try {
    opened = fstatSync(fd);
    checkKind(opened, path);
  } catch (error) {
    await closeAsync(fd);
    throw error instanceof UserError ? error : readFailure(path, error);
  }
  return {
    size: opened.size,
    mtimeMs: opened.mtimeMs,
    async read(offset, bytes) {
      for (let filled = 0; filled < bytes.length; ) {
        const count = await readSome(fd, bytes, filled, offset + filled).catch((error: unknown) => {
          throw readFailure(path, error);
        });
        if (count === 0) throw new ChangedWhileReadError(path);
        filled += count;
      }
      return bytes;
    },
    verifyUnchanged: () => verifySame(opened, fstatSync(fd), path),
    close: () => closeAsync(fd),
  };
}

/**
 * All of a file of at most `limit` bytes, on this thread, as it is at one moment; undefined where it has more by now. Throws as
 * {@link openSourceFile} does, and {@link ChangedWhileReadError}.
 */
export function readSourceFile(
  source: string,
  path: string,
  limit: number,
): { readonly bytes: Buffer; readonly mtimeMs: number } | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(source, TO_READ);
    const opened = fstatSync(fd);
    checkKind(opened, path);
    if (opened.size > limit) return undefined;
    const bytes = Buffer.allocUnsafe(opened.size);
    for (let filled = 0; filled < bytes.length; ) {
      const count = readSync(fd, bytes, filled, bytes.length - filled, filled);
      if (count === 0) throw new ChangedWhileReadError(path);
      filled += count;
    }
    verifySame(opened, fstatSync(fd), path);
    return { bytes, mtimeMs: opened.mtimeMs };
  } catch (error) {
    throw error instanceof UserError || error instanceof ChangedWhileReadError
      ? error
      : readFailure(path, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function checkKind(opened: Stats, path: string): void {
  if (opened.isFile()) return;
  throw new UserError(`"${path}" is not a regular file any more.`, {
    hint: "Run the command again, or exclude it from the upload.",
  });
}

function verifySame(opened: Stats, now: Stats, path: string): void {
  if (now.size !== opened.size || now.mtimeMs !== opened.mtimeMs) throw new ChangedWhileReadError(path);
}

function readSome(fd: number, bytes: Buffer, filled: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, bytes, filled, bytes.length - filled, position, (error, count) =>
      error ? reject(error) : resolve(count),
    );
  });
}

function readFailure(path: string, cause: unknown): UserError {
  const { code, message } = cause as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new UserError(`"${path}" vanished before it could be read.`, {
        hint: "Run the command again.",
        cause,
      });
    case "EACCES":
    case "EPERM":
      return new UserError(`"${path}" cannot be read: permission denied.`, {
        hint: "Make it readable, or exclude it from the upload.",
        cause,
      });
    case "EMFILE":
    case "ENFILE":
      return new UserError(`"${path}" cannot be read: too many files are open.`, {
        hint: "Raise the limit with “ulimit -n 4096” and run the command again.",
        cause,
      });
    default:
      return new UserError(`"${path}" cannot be read: ${message}.`, {
        hint: "Check the disk it is on, or exclude it from the upload.",
        cause,
      });
  }
}
