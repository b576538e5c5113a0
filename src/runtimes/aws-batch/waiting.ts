import { hasEnded, type Job } from "../../aws/batch.ts";
import type { Diagnosis } from "../../checks/job/diagnose.ts";

/** Why the job waits, so far as that can be told. */
export interface WaitingEvent {
  readonly kind: "waiting";
  readonly diagnosis: Diagnosis;
}

/** Finds out why a job is RUNNABLE and doesn't start. */
export type ExplainWait = (job: Job, signal: AbortSignal) => Promise<Diagnosis | undefined>;

/** A job that waits so long has something to be told of: computers take a minute or two to start. Milliseconds. */
const PATIENCE = 120_000;
/** How long after each look to look again, at most: once more of everything each time. Milliseconds. */
const LONGEST = 600_000;
/** A look is given up after so long. Milliseconds. */
const DEADLINE = 15_000;

interface Wait {
  /** By the clock that only measures time spent awake. */
  nextLook: number;
  interval: number;
  /** What Batch gave as the reason when it was last looked at. */
  reason: string | undefined;
}

/**
 * Watches a job wait: to be called with each description of it. Tells why after {@link PATIENCE}, at once where Batch gives a
 * reason, and again only where the answer is another. Never throws but for the signal's reason.
 */
export function tellWaiting(
  explain: ExplainWait,
  { now, wallNow }: { readonly now: () => number; readonly wallNow: () => number },
): (job: Job, signal: AbortSignal) => Promise<readonly WaitingEvent[]> {
  let wait: Wait | undefined;
  let said: string | undefined;

  return async (job, signal) => {
    if (job.status !== "RUNNABLE") {
      if (hasEnded(job) || job.status === "RUNNING") said = undefined;
      wait = undefined;
      return [];
    }
    wait ??= { nextLook: now() + PATIENCE - waitedSoFar(job), interval: PATIENCE, reason: undefined };
    const isNews = job.statusReason !== undefined && job.statusReason !== wait.reason;
    if (!isNews && now() < wait.nextLook) return [];
    wait.reason = job.statusReason;
    wait.nextLook = now() + wait.interval;
    wait.interval = Math.min(LONGEST, wait.interval * 2);
    const limited = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE)]);
    const diagnosis = await explain(job, limited).catch(() => {
      // The watch must not end for want of an explanation.
      signal.throwIfAborted();
      return undefined;
    });
    if (diagnosis === undefined || diagnosis.says === said) return [];
    said = diagnosis.says;
    return [{ kind: "waiting", diagnosis }];
  };

  /** Milliseconds that a job had waited before it was first seen, where it waits for its first attempt. */
  function waitedSoFar({ origin, attempts = [] }: Job): number {
    if (origin?.submittedAt === undefined || attempts.length > 0) return 0;
    return Math.max(0, wallNow() - origin.submittedAt);
  }
}
