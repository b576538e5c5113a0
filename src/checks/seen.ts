/** What a look at AWS has shown. Looks never throw: what can't be seen is a result, too. */
export type Seen<T> =
  | { readonly kind: "seen"; readonly value: T }
  /** AWS answered that there is no such thing. */
  | { readonly kind: "absent" }
  /** The user may not ask: the IAM action that it would take (`batch:DescribeComputeEnvironments`). */
  | { readonly kind: "denied"; readonly permission: string }
  /** AWS could not be asked, or failed: why. */
  | { readonly kind: "failed"; readonly reason: string };
