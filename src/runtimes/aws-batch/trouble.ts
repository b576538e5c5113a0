import {
  explainAwsError,
  isCredentialFailure,
  isTransient,
  isUntrusted,
  shortReason,
} from "../../aws/errors.ts";
import { UserError } from "../../errors.ts";

/** What the watch asks AWS for. */
export type Asked = "status" | "log";

/** What AWS has trouble with: a job that was submitted, or seen before, is not among those that Batch describes. */
export class UnlistedError extends Error {
  override readonly name = "UnlistedError";

  constructor() {
    super("the answer lacks the job");
  }
}

/** Trouble that may pass, told once until all of it has passed. */
export type TroubleEvent =
  /** AWS can't be reached, or fails. */
  | { readonly kind: "trouble"; readonly reason: string }
  /** The credentials are no longer accepted. */
  | { readonly kind: "locked-out"; readonly reason: string }
  /** Batch answers, and its answers lack the job. */
  | { readonly kind: "unlisted" }
  | { readonly kind: "recovered"; readonly from: TroubleKind };

export type TroubleKind = "trouble" | "locked-out" | "unlisted";

/** DescribeJobs is eventually consistent: so long an answer may lack a job without a word about it. Milliseconds. */
const UNLISTED_GRACE = 10_000;

export interface TroubleOptions {
  /** How long trouble may last, in milliseconds of {@link now}. */
  readonly patience: number;
  /** Credentials that can't be renewed while this program runs. */
  readonly credentialsAreFixed: boolean;
  readonly now: () => number;
}

/** Keeps account of requests that fail: what is worth waiting for, what is to be said, and when it is enough. */
export interface Troubles {
  /** A request succeeded. */
  passed(asked: Asked): TroubleEvent[];
  /** A request failed. Throws UserError where it makes no sense to go on, or other errors as they are. */
  failed(asked: Asked, error: unknown): TroubleEvent[];
  /** Whether requests of this kind have failed for longer than so many milliseconds. */
  isLasting(asked: Asked, limit: number): boolean;
}

export function keepTroubles({ patience, credentialsAreFixed, now }: TroubleOptions): Troubles {
  const since = new Map<Asked, number>();
  const said = new Set<TroubleKind>();
  const isLasting = (asked: Asked, limit: number) => now() - (since.get(asked) ?? now()) > limit;

  return {
    isLasting,
    passed(asked) {
      since.delete(asked);
      const [from] = said;
      if (from === undefined || since.size > 0) return [];
      said.clear();
      return [{ kind: "recovered", from }];
    },
    failed(asked, error) {
      const cause = causeOf(error);
      if (cause === undefined) throw explainAwsError(error, "watch the job");
      if (cause === "locked-out" && credentialsAreFixed) {
        throw new UserError("The AWS credentials are no longer accepted.", {
          hint: "They came from environment variables, so this program can't see renewed ones: set those, then take the job up again.",
          cause: error,
        });
      }
      const reason = shortReason(error);
      if (!since.has(asked)) since.set(asked, now());
      // The log can wait for as long as the job runs; without its status nothing is known of a job.
      if (asked === "status" && isLasting(asked, patience)) throw givenUp(cause, reason, patience, error);
      if (said.has(cause)) return [];
      if (cause === "unlisted" && !isLasting(asked, UNLISTED_GRACE)) return [];
      said.add(cause);
      return [cause === "unlisted" ? { kind: cause } : { kind: cause, reason }];
    },
  };
}

/** Whether a request that failed so may succeed later. */
export function mayPass(error: unknown): boolean {
  return causeOf(error) !== undefined;
}

function causeOf(error: unknown): TroubleKind | undefined {
  if (error instanceof UnlistedError) return "unlisted";
  // AWS has been reached before: a certificate of somebody else's is that of a network that wants a log-in, say.
  const isIntercepted = error instanceof Error && isUntrusted((error as { readonly code?: string }).code);
  if (isIntercepted || isTransient(error)) return "trouble";
  return isCredentialFailure(error) ? "locked-out" : undefined;
}

function counted(value: number, unit: string): string {
  const rounded = Number(value.toFixed(1));
  return `${rounded} ${unit}${rounded === 1 ? "" : "s"}`;
}

function givenUp(cause: TroubleKind, reason: string, patience: number, error: unknown) {
  const lasted = `for ${patience < 60_000 ? counted(patience / 1_000, "second") : counted(patience / 60_000, "minute")}`;
  const messages = {
    trouble: `AWS could not be reached ${lasted}: ${reason}`,
    "locked-out": `The AWS credentials have not been accepted ${lasted}: ${reason}`,
    unlisted: `AWS Batch has not listed the job ${lasted}.`,
  };
  const hint =
    cause === "unlisted"
      ? "Check that the credentials are still those of the job's account: Batch forgets only jobs that ended more than a week ago."
      : "The job goes on without this program.";
  return new UserError(messages[cause], {
    hint: `${hint} NEXTSTRAIN_AWS_BATCH_PATIENCE sets how many minutes of this are waited for.`,
    cause: error,
  });
}
