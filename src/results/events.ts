import type { Refused } from "./types.ts";

export interface Conflict {
  readonly path: string;
  /** Where the job's version is: relative to the build root, like `path`. */
  readonly beside: string;
  readonly why: string;
}

/** What happened to an entry that was not simply left alone. */
export type ResultEvent =
  | { readonly kind: "written"; readonly path: string; readonly replaced: boolean }
  | { readonly kind: "directory-made"; readonly path: string }
  | ({ readonly kind: "conflict" } & Conflict)
  | ({ readonly kind: "refused" } & Refused)
  /** Its bytes in the archive are not what they were: the rest goes on. `why` is a sentence that names it. */
  | { readonly kind: "damaged"; readonly path: string; readonly why: string }
  /** The file system did not let it be written: the rest goes on. */
  | { readonly kind: "failed"; readonly path: string; readonly why: string }
  /** Uncompressed bytes that were written since the last such event. */
  | { readonly kind: "progress"; readonly bytes: number };

/** What came of bringing results back: counts, and by name what the user must know of. */
export interface Summary {
  readonly written: number;
  readonly replaced: number;
  readonly directories: number;
  readonly timesSet: number;
  readonly left: number;
  /** Uncompressed. */
  readonly bytes: number;
  readonly conflicts: readonly Conflict[];
  readonly refused: readonly Refused[];
  /** What is damaged in the archive. Not empty: the results are not all here. */
  readonly damaged: readonly { readonly path: string; readonly why: string }[];
  /** What the file system did not let be written. Not empty: the results are not all here. */
  readonly failed: readonly { readonly path: string; readonly why: string }[];
}
