import { isDeepStrictEqual } from "node:util";
import { hasEnded, type Job } from "../../../aws/batch.ts";
import type { JobId } from "../../../runs/types.ts";
import { steadyClock } from "../steady-clock.ts";
import { keepTroubles, type TroubleEvent, UnlistedError } from "../trouble.ts";

/** What a look at the jobs of a fan-out brings. */
export type FanOutEvent =
  /** The array is in another state, or others of its children are. */
  | { readonly kind: "array"; readonly job: Job }
  /** A job is in another state, or seen for the first time. `index` is its place among those given. */
  | { readonly kind: "changed"; readonly index: number; readonly job: Job }
  /** A job that never was: the array ended before it. */
  | { readonly kind: "never"; readonly index: number }
  | TroubleEvent;

export interface PollOptions {
  /** The jobs that Batch knows of these, a hundred at most (DescribeJobs). */
  describe(ids: readonly JobId[], signal: AbortSignal): Promise<ReadonlyMap<JobId, Job>>;
  readonly signal: AbortSignal;
  /** Trouble that lasts longer ends the looking. Milliseconds. */
  readonly patience: number;
  readonly credentialsAreFixed: boolean;
  /** Milliseconds since 1970. */
  now(): number;
  /** Throws where the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<unknown>;
}

/** DescribeJobs takes so many at once. */
const A_HUNDRED = 100;
/** Between two looks, after news and without: milliseconds. */
const SOON = 1_000;
const LATE = 10_000;
const GROWTH = 1.5;
/** So long, at least, for each request but the first: of 1,000 children, 11 requests in 11 s. Milliseconds. */
const A_REQUEST = 1_100;
/** Of many children, as long as Batch counts as many in each state as before, a look at each. Milliseconds. */
const EACH = 60_000;
/** Looks that may lack a child of an array that has ended. */
const PATIENT_LOOKS = 3;

/** A job that is looked at, and what came of that. */
interface Seen {
  readonly id: JobId;
  readonly index: number;
  status: string | undefined;
  isOver: boolean;
  misses: number;
}

/**
 * Looks at an array and its children, a request for each hundred of them, until all have ended. Goes on through trouble of AWS's or of the
 * network's; throws UserError where it lasts.
 */
export async function* pollFanOut(
  parent: JobId,
  ids: readonly JobId[],
  options: PollOptions,
): AsyncGenerator<FanOutEvent, void> {
  const { signal, describe, sleep } = options;
  const now = steadyClock(options.now);
  const troubles = keepTroubles({ ...options, now });
  const jobs = ids.map((id, index): Seen => ({ id, index, status: undefined, isOver: false, misses: 0 }));
  let array: Job | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let interval = SOON;

  for (;;) {
    let open = jobs.filter(({ isOver }) => !isOver);
    let isNews = false;
    let requests = 0;
    try {
      // The array itself first, beside as many children as fit.
      for (let start = 0; start === 0 || start < open.length; ) {
        const chunk = open.slice(start, start + A_HUNDRED - (start === 0 ? 1 : 0));
        if (requests >= 10) await sleep(A_REQUEST / 2, signal);
        const known = await describe(
          [...(start === 0 ? [parent] : []), ...chunk.map(({ id }) => id)],
          signal,
        );
        requests += 1;
        if (start === 0) {
          const job = known.get(parent);
          if (job === undefined) throw new UnlistedError();
          yield* troubles.passed("status");
          const isSame = array?.status === job.status && isDeepStrictEqual(array.array, job.array);
          array = job;
          if (!isSame) yield { kind: "array", job };
          isNews ||= !isSame;
          if (isSame && !hasEnded(job) && open.length > A_HUNDRED && now() - lookedAt < EACH) open = chunk;
          else lookedAt = now();
        }
        start += chunk.length;
        for (const seen of chunk) {
          const job = known.get(seen.id);
          seen.misses = job === undefined && array && hasEnded(array) ? seen.misses + 1 : 0;
          if (seen.misses >= PATIENT_LOOKS) {
            seen.isOver = true;
            yield { kind: "never", index: seen.index };
          }
          if (job === undefined || job.status === seen.status) continue;
          isNews = true;
          seen.status = job.status;
          seen.isOver = hasEnded(job);
          yield { kind: "changed", index: seen.index, job };
        }
        if (chunk.length === 0) break;
      }
    } catch (error) {
      signal.throwIfAborted();
      yield* troubles.failed("status", error);
    }
    if (array && hasEnded(array) && jobs.every(({ isOver }) => isOver)) return;
    interval = isNews ? SOON : Math.min(LATE, interval * GROWTH);
    await sleep(Math.max(interval, (requests - 1) * A_REQUEST), signal);
  }
}
