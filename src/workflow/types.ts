import type { NoteName } from "./snakemake-notes.ts";

/** A file or directory that belongs to a build, as it was found on this computer. Links have been followed. */
export interface SelectedFile {
  /** Path relative to the build root, `/`-separated; an overlay's begins with `../augur/` and the like. */
  readonly path: string;
  /** Absolute path on this computer. */
  readonly source: string;
  readonly kind: "file" | "directory";
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970, with fractions where the file system has them. */
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** Of a file that is reached by a link: when the link itself was made. */
  readonly linkMtimeMs?: number;
  /** `st_mode & 0o7777`. */
  readonly mode: number;
  readonly ino: number;
  readonly dev: number;
  /** Of one of Snakemake's notes: what it is on. */
  readonly note?: NoteName;
}

/** What of a directory is shipped, and what isn't but could come back changed. */
export interface Selection {
  /** The build root: absolute path. */
  readonly root: string;
  /** Sorted by path (byte order of UTF-8); directories are there only where they are empty, and for each overlay itself. */
  readonly files: readonly SelectedFile[];
  /** Files the user's patterns (or `environment*`) kept from being uploaded; `.git` and the like are in neither list. */
  readonly excluded: readonly SelectedFile[];
  /** Temporary files of ours, of this run or an earlier one that was killed: absolute paths. */
  readonly temporaries: readonly string[];
  /** One sentence each: cut cycles, skipped sockets, … */
  readonly warnings: readonly string[];
}

/** What becomes of a path that a walk comes across. */
export type Verdict =
  /** A file is reported; a directory is entered, and is reported where nothing below it was. */
  | "take"
  /** A file is reported as kept back; a directory is entered, but not reported where it is empty. */
  | "keep back"
  /** As if it weren't there. */
  | "ignore";
