/** How a check came out. */
export type Mark =
  /** It holds. */
  | "ok"
  /** It doesn't hold, and builds fail for it. */
  | "wrong"
  /** Builds work, but it costs or risks something. */
  | "caution"
  /** It can't be told: the user may not ask, or there was no answer. */
  | "unknown";

/** What one check has found, for people and (`--json`) for programs. */
export interface Finding {
  /** What was checked: stable, lower case, by dots: `bucket.lifecycle`, `docker.engine`. */
  readonly id: string;
  readonly mark: Mark;
  /** What was found, in a sentence for a scientist, with the real names in it. */
  readonly says: string;
  /** The next step: a command that can be pasted, or the page of the AWS console. With every mark but `ok`. */
  readonly mend?: string;
}
