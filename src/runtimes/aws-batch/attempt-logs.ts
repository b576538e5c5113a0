import { hasEnded, type Job } from "../../aws/batch.ts";
import type { LogLine } from "../../aws/logs.ts";
import { type LogTail, type ReadLog, tailLog } from "./log-tail.ts";

/** Lines of an attempt that ended without showing the end of its log may come this late. Milliseconds. */
const LATE_LINES = 10_000;
/** A page with so many lines has more behind it. */
const FULL_PAGE = 1_000;

/** The logs of all attempts of a job, one after the other: an attempt's lines follow the last of the attempt before. */
export interface AttemptLogs {
  /** Takes note of the job's streams, and of what of it is over; true where there is more to read now. */
  update(job: Job): boolean;
  /** Reads one page. Call only where {@link isWaiting}. */
  read(signal: AbortSignal): Promise<AttemptPage>;
  /** Whether there is a stream that may get more lines. */
  isWaiting(): boolean;
}

export interface AttemptPage {
  /** Each attempt has one of its own. */
  readonly stream: string;
  readonly lines: readonly LogLine[];
  /** Whether to read on without a pause. */
  readonly more: boolean;
  /** Whether this looks like the end of the attempt's log, while the attempt is not known to be over. */
  readonly looksOver: boolean;
  /** Whether this attempt's program has run and ended, and CloudWatch has no log of it. */
  readonly missing?: boolean;
}

interface Attempt {
  readonly stream: string;
  readonly tail: LogTail;
  /** When it was known to be over; undefined while it runs. */
  over: number | undefined;
  /** Whether it has been read to its end since: what comes then is late. */
  wasDry: boolean;
  /** The container's exit status, where it is over and that is known. */
  exitCode: number | undefined;
}

export function attemptLogs(read: ReadLog, now: () => number): AttemptLogs {
  const known = new Set<string>();
  // The first is the one that is read; those that are done are dropped, and cost no more requests.
  const attempts: Attempt[] = [];

  return {
    update(job) {
      let news = false;
      for (const stream of job.logStreams) {
        if (known.has(stream)) continue;
        known.add(stream);
        for (const earlier of attempts) earlier.over ??= now();
        attempts.push({
          stream,
          tail: tailLog(read, stream),
          over: undefined,
          wasDry: false,
          exitCode: undefined,
        });
        news = true;
      }
      const current = attempts.at(-1);
      // An answer may be older than the one before: what it called over runs after all.
      if (current && job.status === "RUNNING" && job.logStreams.at(-1) === current.stream) {
        current.over = undefined;
        current.wasDry = false;
      }
      if (current && current.over === undefined && isBetweenAttempts(job)) {
        current.over = now();
        current.exitCode = hasEnded(job) ? job.exitCode : undefined;
        news = true;
      }
      return news;
    },

    async read(signal) {
      const attempt = attempts[0];
      if (attempt === undefined) throw new Error("there is no log to read");
      const { stream, tail } = attempt;
      // Only what was asked for after the end can tell that there is nothing more.
      const wasOver = attempt.over !== undefined;
      const lines = await tail.next(signal);
      if (attempt.over === undefined) {
        const looksOver = lines.length > 0 && tail.exitShown() !== undefined;
        return { stream, lines, more: lines.length >= FULL_PAGE, looksOver };
      }
      if (lines.length > 0 && attempt.wasDry) attempt.over = now();
      if (!wasOver || !tail.isDry()) return { stream, lines, more: true, looksOver: false };
      attempt.wasDry = true;
      const isDone = showsEnd(attempt) || now() - attempt.over >= LATE_LINES;
      if (isDone) attempts.shift();
      // A container that was never started, such as one whose image could not be pulled, has no log and no exit status.
      const missing = isDone && !tail.isThere() && attempt.exitCode !== undefined;
      return { stream, lines, more: isDone && attempts.length > 0, looksOver: false, missing };
    },

    isWaiting: () => attempts.length > 0,
  };
}

/** Whether no attempt is running or about to: the job has ended, or waits to be tried once more. */
function isBetweenAttempts(job: Job): boolean {
  return job.status !== "STARTING" && job.status !== "RUNNING";
}

/** A program in the job may trace an exit of its own: the status must be the container's, where that is known. */
function showsEnd({ tail, exitCode }: Attempt): boolean {
  const shown = tail.exitShown();
  return shown !== undefined && (exitCode === undefined || exitCode === shown);
}
