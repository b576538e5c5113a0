/** What accounts may have other than the one that local AWS is by default; several go together. */
export const accountTraits = [
  /** The default queue has a scheduling policy: each job needs a share. */
  "fair-share",
] as const;

export type AccountTrait = (typeof accountTraits)[number];
