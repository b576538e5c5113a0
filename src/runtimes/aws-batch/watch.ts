import { hasEnded, type Job } from "../../aws/batch.ts";
import { isAnswered, isDenied, isForeignRefusal, refusalOf, shortReason } from "../../aws/errors.ts";
import { groupOf } from "../../aws/log-place.ts";
import type { LogLine } from "../../aws/logs.ts";
import type { Refusal } from "../../aws/refusal.ts";
import { type AttemptLogs, attemptLogs } from "./attempt-logs.ts";
import { type AttemptEvent, tellAttempts } from "./attempts.ts";
import type { ReadLog } from "./log-tail.ts";
import { createPace, type PaceOptions } from "./pace.ts";
import { steadyClock } from "./steady-clock.ts";
import { keepTroubles, mayPass, type TroubleEvent } from "./trouble.ts";
import { type ExplainWait, tellWaiting, type WaitingEvent } from "./waiting.ts";

/** What happens to a job, in order. */
export type JobEvent =
  | { readonly kind: "status"; readonly job: Job }
  /** A page of an attempt's log, at least one line. */
  | { readonly kind: "log"; readonly stream: string; readonly lines: readonly LogLine[] }
  | TroubleEvent
  | AttemptEvent
  | WaitingEvent
  /** The log, or the rest of it, can't be read or isn't there: the watch goes on by the job's states alone. */
  | { readonly kind: "no-log"; readonly why: "lasting trouble" }
  | { readonly kind: "no-log"; readonly why: "denied"; readonly group: string; readonly refusal: Refusal }
  | { readonly kind: "no-log"; readonly why: "missing"; readonly group: string }
  | { readonly kind: "no-log"; readonly why: "elsewhere"; readonly where: string }
  | { readonly kind: "no-log"; readonly why: "refused"; readonly reason: string }
  | { readonly kind: "ended"; readonly job: Job };

/** What is known of a job, and where from. */
export interface JobSource {
  /** Throws UnlistedError where the answer lacks the job. */
  describe(signal: AbortSignal): Promise<Job>;
  readonly readLog: ReadLog;
}

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Whether to read the log at all. */
  readonly withLog: boolean;
  /** Trouble of AWS's or of the network's that lasts longer ends the watch. Milliseconds. */
  readonly patience: number;
  /** Whether the credentials can't be renewed while this program runs. */
  readonly credentialsAreFixed: boolean;
  /** Says why the job waits, where it does so for long. */
  readonly explainWait?: ExplainWait;
  /** How often the job is described; left out: as {@link STATUS_PACE}. */
  readonly statusPace?: PaceOptions;
  /** Milliseconds since 1970. */
  now(): number;
  /** Throws where the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** DescribeJobs: soon after a change, then every few seconds. Milliseconds. */
const STATUS_PACE: PaceOptions = { first: 200, last: 10_000, growth: 1.5 };
/** GetLogEvents: quickly while lines come; the account's 10 to 25 requests a second are not ours alone. Milliseconds. */
const LOG_PACE: PaceOptions = { first: 300, last: 5_000, growth: 1.25 };
/** What looks like the end of the log makes the job's status be looked up this often at most. Milliseconds. */
const HURRY_EVERY = 2_000;
/** The page of a firewall in place of the log does not go away: an ended job's results wait for it this long. Milliseconds. */
const FIREWALL_PATIENCE = 10_000;

/**
 * Follows a job to its end: its states, and every line of every attempt's log, once and in order. Goes on through
 * throttling, broken networks, sleep of the computer, credentials that expire and answers that lack the job. Throws UserError
 * where trouble lasts. Nothing is asked for while an event is being worked on: whoever shows them slowly holds no more than a
 * page of the log.
 */
export async function* watchJob(source: JobSource, options: WatchOptions): AsyncGenerator<JobEvent, void> {
  const { signal } = options;
  const now = steadyClock(options.now);
  const statusPace = createPace(options.statusPace ?? STATUS_PACE, now);
  const logPace = createPace(LOG_PACE, now);
  const troubles = keepTroubles({ ...options, now });
  const attempts = tellAttempts();
  const isOver = () => job !== undefined && hasEnded(job);
  let logs: AttemptLogs | undefined = options.withLog ? attemptLogs(source.readLog, now) : undefined;
  const waiting = options.explainWait && tellWaiting(options.explainWait, { now, wallNow: options.now });
  let job: Job | undefined;
  let hurried = Number.NEGATIVE_INFINITY;

  for (;;) {
    if (!isOver() && statusPace.isDue()) {
      const answer = await ask(() => source.describe(signal), signal);
      if (answer.ok) {
        yield* troubles.passed("status");
        const changed = job?.status !== answer.value.status;
        job = answer.value;
        statusPace.next(changed);
        if (changed) yield { kind: "status", job };
        if (logs === undefined) yield* attempts.ofState(job);
        if (logs && job.log?.kind === "elsewhere") {
          logs = undefined;
          yield { kind: "no-log", why: "elsewhere", where: job.log.where };
        }
        if (logs?.update(job)) logPace.hurry();
        if (waiting) yield* await waiting(job, signal);
      } else {
        statusPace.next(false);
        yield* troubles.failed("status", answer.error);
      }
    }

    if (logs?.isWaiting() && logPace.isDue()) {
      const reading = logs;
      const answer = await ask(() => reading.read(signal), signal);
      if (answer.ok) {
        yield* troubles.passed("log");
        const { stream, lines, more, looksOver, missing } = answer.value;
        logPace.next(lines.length > 0);
        if (job && lines.length > 0) {
          yield* attempts.ofLog(job, stream);
          yield { kind: "log", stream, lines };
        }
        if (missing) yield { kind: "no-log", why: "missing", group: groupOf(job?.log) };
        // The log ends with its job: no need to wait for the next look at its status.
        if (looksOver && now() - hurried >= HURRY_EVERY) {
          hurried = now();
          statusPace.hurry();
        }
        if (more) logPace.hurry();
      } else if (isDenied(answer.error)) {
        logs = undefined;
        yield* troubles.passed("log");
        yield { kind: "no-log", why: "denied", group: groupOf(job?.log), refusal: refusalOf(answer.error) };
      } else if (isAnswered(answer.error) && !mayPass(answer.error)) {
        logs = undefined;
        yield* troubles.passed("log");
        yield { kind: "no-log", why: "refused", reason: shortReason(answer.error) };
      } else {
        logPace.next(false);
        yield* troubles.failed("log", answer.error);
        const limit = isForeignRefusal(answer.error) ? FIREWALL_PATIENCE : options.patience;
        if (isOver() && troubles.isLasting("log", limit)) {
          logs = undefined;
          yield { kind: "no-log", why: "lasting trouble" };
        }
      }
    }

    const reading = logs?.isWaiting() ? logPace.wait() : Number.POSITIVE_INFINITY;
    if (job && isOver() && reading === Number.POSITIVE_INFINITY) {
      yield* attempts.ofState(job);
      yield { kind: "ended", job };
      return;
    }
    const pause = Math.min(isOver() ? Number.POSITIVE_INFINITY : statusPace.wait(), reading);
    if (pause > 0) await options.sleep(pause, signal);
  }
}

type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

async function ask<T>(request: () => Promise<T>, signal: AbortSignal): Promise<Answer<T>> {
  try {
    return { ok: true, value: await request() };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, error };
  }
}
