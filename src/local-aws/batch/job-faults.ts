import { reasons } from "./attempts.ts";
import type { Attempt, ContainerEnd, Executor, RunningContainer } from "./executor/executor.ts";
import type { Job } from "./types.ts";

/** When something goes wrong with an attempt. */
interface Moment {
  /** From the start or, with `line`, from there. */
  readonly afterMs: number;
  /** A line of the attempt's log that has this in it. */
  readonly line?: string | undefined;
}

/** What goes wrong with one attempt of a job. */
type AttemptFault =
  | ({ readonly kind: "out-of-memory" | "time-limit" } & Moment)
  | SpotReclaim
  | { readonly kind: "cannot-start"; readonly reason: string };

/** It begins with a notice. */
interface SpotReclaim extends Moment {
  readonly kind: "spot-reclaim";
  /** From the notice to the end of the instance; EC2 has 120,000. */
  readonly noticeMs: number;
  /** Whether ECS stops the job at the notice (ECS_ENABLE_SPOT_INSTANCE_DRAINING). */
  readonly drains: boolean;
}

interface FaultyJob {
  readonly jobId: string;
  readonly jobName: string;
  readonly definition: string;
  /** From 1. */
  readonly attempt: number;
  /** Of an array's child, from 0. */
  readonly index?: number;
}

/** Asked about every attempt. */
export interface JobFaults {
  /** Milliseconds that the attempt has yet to wait for capacity. */
  capacityWait(job: FaultyJob, now: number): number;
  /** Why it waits, where that is not for want of capacity. */
  waitReason(job: FaultyJob): string | undefined;
  ofAttempt(job: FaultyJob): AttemptFault | undefined;
}

export function capacityWait(faults: JobFaults | undefined, job: Job, now: number): number {
  return faults?.capacityWait(faultyJob(job, job.attempts.length + 1), now) ?? 0;
}

/** What `statusReason` says of an attempt that waits for capacity, in place of the usual words. */
export function waitReason(faults: JobFaults | undefined, job: Job): string | undefined {
  return faults?.waitReason(faultyJob(job, job.attempts.length + 1));
}

/** Of the attempt that the job is in. */
export function faultOf(faults: JobFaults | undefined, job: Job): AttemptFault | undefined {
  return faults?.ofAttempt(faultyJob(job, job.current?.number ?? 1));
}

const faultyJob = ({ jobId, jobName, definition, place }: Job, attempt: number): FaultyJob => ({
  ...{ jobId, jobName, attempt },
  ...(place ? { index: place.index } : {}),
  definition: definition.name,
});

/** Runs an attempt that does not start, or is killed a while after its start unless it has ended before. */
export function runWithFault(
  {
    executor,
    startTimer,
    hostGone,
    giveNotice,
  }: {
    readonly executor: Executor;
    startTimer(callback: () => void, ms: number): () => void;
    /** The status reason of an attempt whose host is lost. */
    readonly hostGone: string;
    /** Tells the job's instance that it goes in so many milliseconds. */
    giveNotice(ms: number): void;
  },
  fault: AttemptFault | undefined,
  attempt: Attempt,
): RunningContainer {
  if (fault?.kind === "cannot-start") {
    const nothing = () => undefined;
    const ended: ContainerEnd = { reason: fault.reason };
    return {
      started: Promise.resolve(undefined),
      ended: Promise.resolve(ended),
      stop: nothing,
      kill: nothing,
    };
  }
  if (fault === undefined) return executor.run(attempt);
  const line = waitForLine(attempt, fault.line);
  const container = executor.run(line.attempt);
  let hasEnded = false;
  let struck = false;
  let drained = false;
  let cancelTimer = () => {};
  void container.started.then(async (process) => {
    if (process === undefined) return;
    await line.seen;
    if (hasEnded) return;
    const strike = () => {
      struck = true;
      container.kill();
    };
    const begin = () => {
      if (fault.kind !== "spot-reclaim" || fault.noticeMs === 0) return strike();
      giveNotice(fault.noticeMs);
      if (fault.drains) {
        drained = true;
        container.stop();
      }
      cancelTimer = startTimer(strike, fault.noticeMs);
    };
    cancelTimer = startTimer(begin, fault.afterMs);
  });
  const ended = container.ended.then((end): ContainerEnd => {
    hasEnded = true;
    cancelTimer();
    if (drained && !struck) return { ...end, statusReason: hostGone };
    if (!struck) return end;
    if (fault.kind === "spot-reclaim") return { statusReason: hostGone };
    if (fault.kind === "time-limit") return { exitCode: 137, statusReason: reasons.timedOut };
    return { exitCode: 137, reason: reasons.outOfMemory, statusReason: reasons.exited };
  });
  return { ...container, ended };
}

/** The attempt, watched for a line of its log; without one, `seen` is at once. */
function waitForLine(
  attempt: Attempt,
  text: string | undefined,
): { readonly attempt: Attempt; readonly seen: Promise<void> } {
  if (text === undefined) return { attempt, seen: Promise.resolve() };
  let resolve = () => {};
  const seen = new Promise<void>((done) => {
    resolve = done;
  });
  const append: Attempt["append"] = (events) => {
    if (events.some(({ message }) => message.includes(text))) resolve();
    return attempt.append(events);
  };
  return { attempt: { ...attempt, append }, seen };
}
