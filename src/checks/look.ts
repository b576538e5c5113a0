import { explainAwsError, isAbsent, isDenied, refusalOf } from "../aws/errors.ts";
import { UserError } from "../errors.ts";
import type { Seen } from "./seen.ts";

/** What a look is at, for the words of its failure. */
interface Subject {
  /** `look up the job queue "x"` */
  readonly doing: string;
  /** The IAM action that it takes. */
  readonly permission: string;
  readonly signal: AbortSignal;
}

/**
 * Runs a request that only looks; undefined says that there is no such thing. Throws nothing but the signal's reason, and bugs.
 */
export async function look<T>(
  { doing, permission, signal }: Subject,
  request: (signal: AbortSignal) => Promise<T | undefined>,
): Promise<Seen<T>> {
  try {
    // A signal for each: requests leave their listeners behind, and many looks share one.
    const value = await request(AbortSignal.any([signal]));
    return value === undefined ? { kind: "absent" } : { kind: "seen", value };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (isAbsent(error)) return { kind: "absent" };
    // It may lack another than the request's own: that for the bucket's key (`kms:GenerateDataKey`), say.
    if (isDenied(error)) {
      const refusal = refusalOf(error);
      return { kind: "denied", permission: refusal.action ?? permission, refusal };
    }
    const explained = explainAwsError(error, doing);
    if (explained instanceof UserError)
      return { kind: "failed", reason: explained.message, error: explained };
    throw error;
  }
}

/** Goes on from what was seen; all else that a look may show stays as it is. */
export async function thenLook<T, U>(
  seen: Promise<Seen<T>>,
  next: (value: T) => Promise<Seen<U>>,
): Promise<Seen<U>> {
  const found = await seen;
  return found.kind === "seen" ? next(found.value) : found;
}
