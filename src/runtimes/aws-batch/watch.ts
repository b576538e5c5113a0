import { setTimeout as sleep } from "node:timers/promises";
import { describeJob, hasEnded, type Job } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import { explainAwsError, isTransient } from "../../aws/errors.ts";
import type { LogLine } from "../../aws/logs.ts";
import { UserError } from "../../errors.ts";
import type { JobId } from "../../runs/types.ts";
import { unknownJob } from "./attach.ts";
import { type LogTail, tailLog } from "./log-tail.ts";
import { createPace } from "./pace.ts";

/** What happens to a job, in order. */
export type JobEvent =
  | { readonly kind: "status"; readonly job: Job }
  | { readonly kind: "log"; readonly line: LogLine }
  /** AWS can't be reached for the moment; said once until it is over. */
  | { readonly kind: "trouble"; readonly reason: string }
  | { readonly kind: "recovered" }
  | { readonly kind: "ended"; readonly job: Job };

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Whether to read the log at all. */
  readonly withLog: boolean;
  now(): number;
}

/** DescribeJobs: soon after a change, then every few seconds. Milliseconds. */
const STATUS_PACE = { first: 200, last: 10_000 };
/** GetLogEvents: quickly while lines come. Milliseconds. */
const LOG_PACE = { first: 200, last: 5_000 };
/** Lines of a job that ended without showing the end of its log may come this late. Milliseconds. */
const LATE_LINES = 5_000;
/** Trouble that lasts longer ends the watch. Milliseconds. */
const PATIENCE = 15 * 60_000;

/**
 * Follows a job to its end: its states, and every line of every attempt's log, once and in order. Goes on through
 * throttling and broken networks. Throws UserError where Batch doesn't know the job, or where trouble lasts.
 */
export async function* watchJob(aws: Aws, id: JobId, options: WatchOptions): AsyncGenerator<JobEvent, void> {
  const { signal, now } = options;
  const statusPace = createPace(STATUS_PACE, now);
  const logPace = createPace(LOG_PACE, now);
  const logs = options.withLog ? followLogs(aws) : undefined;
  let job: Job | undefined;
  let endedAt: number | undefined;
  let troubleSince: number | undefined;

  for (;;) {
    try {
      if (endedAt === undefined && statusPace.isDue()) {
        const seen = job;
        job = await knownJob(aws, id, signal);
        statusPace.next(job.status !== seen?.status);
        if (job.status !== seen?.status) yield { kind: "status", job };
        if (hasEnded(job)) endedAt = now();
        if (logs?.add(job.logStreams)) logPace.next(true);
      }
      if (logs && (endedAt !== undefined || logPace.isDue())) {
        const lines = await logs.read(signal);
        for (const line of lines) yield { kind: "log", line };
        logPace.next(lines.length > 0);
        // The log ends with its job: no need to wait for the next look at its status.
        if (lines.length > 0 && logs.areComplete()) statusPace.hurry();
        if (lines.length > 0 && !logs.areDry()) continue;
      }
      if (troubleSince !== undefined) {
        troubleSince = undefined;
        yield { kind: "recovered" };
      }
      if (job && endedAt !== undefined && isLogRead(logs, job, now() - endedAt)) {
        yield { kind: "ended", job };
        return;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isTransient(error)) throw explainAwsError(error, `watch job ${id}`);
      const reason = error instanceof Error ? error.message : String(error);
      if (troubleSince === undefined) yield { kind: "trouble", reason };
      troubleSince ??= now();
      if (now() - troubleSince > PATIENCE) {
        throw new UserError(`AWS could not be reached for ${PATIENCE / 60_000} minutes: ${reason}`, {
          cause: error,
        });
      }
      statusPace.next(false);
      logPace.next(false);
    }
    const pause =
      endedAt === undefined ? Math.min(statusPace.wait(), logs ? logPace.wait() : Infinity) : logPace.wait();
    await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function knownJob(aws: Aws, id: JobId, signal: AbortSignal): Promise<Job> {
  const job = await describeJob(aws.batch, id, signal);
  if (job) return job;
  throw unknownJob(aws, id);
}

/** Whether nothing more of the log is to be expected of a job that ended `age` milliseconds ago. */
function isLogRead(logs: FollowedLogs | undefined, job: Job, age: number): boolean {
  if (logs === undefined || job.logStreams.length === 0) return true;
  return logs.areComplete() || (logs.areDry() && age >= LATE_LINES);
}

/** The log streams of all attempts, read one after the other. */
interface FollowedLogs {
  /** Takes note of streams; true where one is new. */
  add(streams: readonly string[]): boolean;
  read(signal: AbortSignal): Promise<readonly LogLine[]>;
  areDry(): boolean;
  areComplete(): boolean;
}

function followLogs(aws: Aws): FollowedLogs {
  const tails = new Map<string, LogTail>();
  return {
    add(streams) {
      const fresh = streams.filter((stream) => !tails.has(stream));
      for (const stream of fresh) tails.set(stream, tailLog(aws.logs, stream));
      return fresh.length > 0;
    },
    async read(signal) {
      for (const tail of tails.values()) {
        if (tail.isComplete()) continue;
        const lines = await tail.next(signal);
        if (lines.length > 0) return lines;
      }
      return [];
    },
    areDry: () => [...tails.values()].every((tail) => tail.isDry() || tail.isComplete()),
    areComplete: () => tails.size > 0 && [...tails.values()].every((tail) => tail.isComplete()),
  };
}
