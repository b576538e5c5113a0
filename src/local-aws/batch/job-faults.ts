import { reasons } from "./attempts.ts";
import type { Attempt, ContainerEnd, Executor, RunningContainer } from "./executor/executor.ts";
import type { Job } from "./types.ts";

/** What goes wrong with one attempt of a job. */
type AttemptFault =
  | { readonly kind: "spot-reclaim" | "out-of-memory" | "time-limit"; readonly afterMs: number }
  | { readonly kind: "cannot-start"; readonly reason: string };

interface FaultyJob {
  readonly jobId: string;
  readonly jobName: string;
  readonly definition: string;
  /** From 1. */
  readonly attempt: number;
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

const faultyJob = ({ jobId, jobName, definition }: Job, attempt: number): FaultyJob => ({
  ...{ jobId, jobName, attempt },
  definition: definition.name,
});

/** Runs an attempt that does not start, or is killed a while after its start unless it has ended before. */
export function runWithFault(
  {
    executor,
    startTimer,
    hostGone,
  }: {
    readonly executor: Executor;
    startTimer(callback: () => void, ms: number): () => void;
    /** The status reason of an attempt whose host is lost. */
    readonly hostGone: string;
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
  const container = executor.run(attempt);
  if (fault === undefined) return container;
  let struck = false;
  let cancelTimer = () => {};
  void container.started.then((process) => {
    if (process === undefined) return;
    cancelTimer = startTimer(() => {
      struck = true;
      container.kill();
    }, fault.afterMs);
  });
  const ended = container.ended.then((end): ContainerEnd => {
    cancelTimer();
    if (!struck) return end;
    if (fault.kind === "spot-reclaim") return { statusReason: hostGone };
    if (fault.kind === "time-limit") return { exitCode: 137, statusReason: reasons.timedOut };
    return { exitCode: 137, reason: reasons.outOfMemory, statusReason: reasons.exited };
  });
  return { ...container, ended };
}
