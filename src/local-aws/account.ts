/** What accounts may have other than the one that local AWS is by default; several go together. */
export const accountTraits = [
  /** The default queue has a scheduling policy: each job needs a share. */
  "fair-share",
  /** A service control policy denies making anything of Batch's without the tag `project`. */
  "tags-required",
  /** The default definition describes its container by `ecsProperties`. */
  "ecs-properties",
] as const;

export type AccountTrait = (typeof accountTraits)[number];
