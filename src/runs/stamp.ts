import type { SeenFileState } from "./types.ts";

/** What a file's `stat` says that changes when the file does. Times in milliseconds. */
export interface FileStamp {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
}

/** Whether two looks at a file show the same file, untouched (as git's index decides it; not the device, which changes at boot). */
export function sameStamp(one: FileStamp, other: FileStamp): boolean {
  return (
    one.size === other.size &&
    one.mtimeMs === other.mtimeMs &&
    one.ctimeMs === other.ctimeMs &&
    one.ino === other.ino
  );
}

/** Time stamps of whole seconds are from a file system that has no finer ones (FAT: 2 s); others follow the kernel's tick. */
const COARSE_GRAIN = 2000;
const FINE_GRAIN = 100;

/** Whether a file is as it was seen, and a change since would show. */
export function isUntouched(file: FileStamp, seen: SeenFileState): boolean {
  return sameStamp(file, seen) && isSettled(seen);
}

/** A file touched just before it was looked at may have been changed again without its time stamps showing it. */
function isSettled({ ctimeMs, seenAt }: SeenFileState): boolean {
  return ctimeMs < seenAt - (ctimeMs % 1000 === 0 ? COARSE_GRAIN : FINE_GRAIN);
}
