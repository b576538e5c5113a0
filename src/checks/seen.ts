import type { Refusal } from "../aws/refusal.ts";
import type { UserError } from "../errors.ts";

/** What a look at AWS has shown. Looks never throw: what can't be seen is a result, too. */
export type Seen<T> =
  | { readonly kind: "seen"; readonly value: T }
  /** AWS answered that there is no such thing. */
  | { readonly kind: "absent" }
  /** The user may not ask: the IAM action that it would take (`batch:DescribeComputeEnvironments`), and what AWS says of it. */
  | Denied
  /** AWS could not be asked, or failed: why, and the same as an error with its next step. */
  | { readonly kind: "failed"; readonly reason: string; readonly error: UserError };

export interface Denied {
  readonly kind: "denied";
  readonly permission: string;
  readonly refusal?: Refusal | undefined;
}
