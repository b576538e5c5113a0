import type { RetryStrategy } from "@aws-sdk/client-batch";
import type { Job } from "../../aws/batch.ts";
import type { LargerSize } from "../../checks/job/advice.ts";
import { findReason, STOPPED_BY_SCRIPT, TAKEN_AWAY } from "../../checks/job/evidence.ts";

/** Batch's limit for the attempts of a job. */
export const MOST_ATTEMPTS = 10;

export const OUT_OF_MEMORY = "the job was killed for memory";

/** What ended a job before its program did, and may not do so again: the end of a sentence. */
export type CutShort = "the job's computer was taken away" | typeof OUT_OF_MEMORY | "the job's time was up";

/** What is left to be made of a job that was cut short, whose results are here. */
export interface Rest {
  readonly job: Job;
  readonly why: CutShort;
  /** For a job that was killed for memory: what to give the next; undefined where there is no more. */
  readonly size: LargerSize | undefined;
}

/** Why a job was cut short; undefined where it ended by itself, or somebody stopped it. */
export function cutShort(job: Job): CutShort | undefined {
  if (job.status !== "FAILED") return undefined;
  // Batch's own word for its time limit goes with a job that it stopped.
  if (findReason(job, /^Job attempt duration exceeded timeout/)) return "the job's time was up";
  if (job.wasStopped) return undefined;
  if (findReason(job, /^OutOfMemoryError\b/)) return OUT_OF_MEMORY;
  return findReason(job, TAKEN_AWAY) || job.exitCode === STOPPED_BY_SCRIPT
    ? "the job's computer was taken away"
    : undefined;
}

/** How many attempts Batch has made of a job. */
export function attemptsOf({ attempts = [] }: Job): number {
  return Math.max(1, attempts.length);
}

/**
 * Has Batch begin a job again, where its computer was taken away: so many times, also while nobody watches (SubmitJob, `retryStrategy`).
 * A job that its time limit or somebody has stopped is never tried again.
 */
export function retryStrategy(retries: number): RetryStrategy {
  return {
    attempts: 1 + retries,
    evaluateOnExit: [
      { onStatusReason: "Host EC2*", action: "RETRY" },
      { onStatusReason: "Your Spot Task was interrupted*", action: "RETRY" },
      // The script that jobs run in was told by EC2 that the computer is to go, and was quicker.
      { onExitCode: String(STOPPED_BY_SCRIPT), action: "RETRY" },
      { onReason: "*", action: "EXIT" },
    ],
  };
}
