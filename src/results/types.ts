import type { ArchiveEntry } from "../archive/types.ts";
import type { ContentHash } from "../runs/hash.ts";
import type { FileStamp } from "../runs/stamp.ts";
import type { FileState, LocalFileState, RunId } from "../runs/types.ts";

/** The files as they were when the run began, as far as this computer can know. */
export interface RunFiles {
  /**
   * `record`: of this computer and this directory. `other record`: of this computer, and another directory. `manifest`: from the
   * bucket, where anyone who may write there can have put it. The last two tell contents, but neither what was excluded nor
   * which links were the user's.
   */
  readonly source: "record" | "other record" | "manifest";
  readonly uploaded: ReadonlyMap<string, FileState | LocalFileState>;
  readonly excluded: ReadonlyMap<string, LocalFileState>;
  /** Directories that were there although no file of theirs is listed. */
  readonly directories: ReadonlySet<string>;
  /**
   * When the run began, in milliseconds since 1970, by this computer's clock: a file touched shortly before is told by content, not by
   * stat; one changed later is nothing that a manifest can call unchanged.
   */
  readonly beganAt?: number | undefined;
}

/** What becomes of one entry of the archive. Paths named `target` and `directory` are absolute, links resolved. */
export type Verdict =
  | {
      readonly kind: "leave";
      readonly entry: ArchiveEntry;
      /** Of a file that has the job's content and time already. */
      readonly target?: string;
    }
  /** The file here has the job's content already. */
  | { readonly kind: "set-times"; readonly entry: ArchiveEntry; readonly target: string }
  /** The file here is as it was when the run began: `seen`. */
  | {
      readonly kind: "replace";
      readonly entry: ArchiveEntry;
      readonly target: string;
      /** The directory of the entry's own name: another one than the target's where that is reached by a link. */
      readonly directory: string;
      readonly seen: FileStamp;
    }
  /** Nothing is here: a file to be written or a directory to be made. */
  | {
      readonly kind: "write";
      readonly entry: ArchiveEntry;
      readonly target: string;
      readonly directory: string;
    }
  /** What is here stays; the job's goes to `beside`, a path relative to the build root. */
  | {
      readonly kind: "conflict";
      readonly entry: ArchiveEntry;
      readonly beside: string;
      readonly target: string;
      readonly directory: string;
      /** As the end of a sentence: "<path> was left alone: <why>". */
      readonly why: string;
      /** It is there already, from an earlier try. */
      readonly present: boolean;
    };

/** A name in the archive or manifest that is not touched, because it is unsafe. */
export interface Refused {
  readonly path: string;
  /** As the end of a sentence: "<path> is refused: <why>". */
  readonly why: string;
}

/** Snakemake's marker of an output that was incomplete when the run began, and that the job has finished. */
export interface FinishedMarker {
  /** The job's note on the output: where it is here, the marker goes. */
  readonly note: ArchiveEntry;
  /** The marker: absolute path. */
  readonly target: string;
}

/** What is to be done to bring a job's results back. */
export interface ResultPlan {
  /** In the archive's order. */
  readonly verdicts: readonly Verdict[];
  readonly markers: readonly FinishedMarker[];
  /** Markers to be made, absolute paths: of what a job was making when it was killed. */
  readonly unfinished: readonly string[];
  readonly refused: readonly Refused[];
}

/** What a plan is made of. */
export interface PlanOptions {
  /** The build root to bring results into: absolute. */
  readonly root: string;
  readonly runId: RunId;
  /** The archive as the job left it: one entry of each name. */
  readonly entries: readonly ArchiveEntry[];
  /** The files when the run began; undefined where neither record nor manifest is left. */
  readonly began: RunFiles | undefined;
  /** The job was killed: an output of its that has no note of its is taken for half made. */
  readonly killed?: boolean | undefined;
  /** The archive holds only what the job changed, not all that was uploaded. */
  readonly isPart?: boolean | undefined;
  /** The user's patterns. */
  readonly wanted?: ((path: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reads a file here. */
  readonly hash?: ((path: string, signal?: AbortSignal) => Promise<ContentHash>) | undefined;
  /** Whether the root's file system takes names for one that differ in case or Unicode form. Asked where it matters. */
  readonly foldsNames?: (() => Promise<boolean>) | undefined;
}
