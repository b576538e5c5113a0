import { randomBytes } from "node:crypto";
import { attemptRecord, newAttempt, reasons } from "./attempts.ts";
import { containerEnvironment, credentialsOf, type JobSurroundings } from "./container-environment.ts";
import type { ContainerEnd, Executor, RunningContainer } from "./executor/executor.ts";
import type { InstanceMetadata } from "./instance-metadata.ts";
import { faultOf, type JobFaults, runWithFault } from "./job-faults.ts";
import type { LogSink } from "./log-sink.ts";
import type { Home } from "./names.ts";
import { isRetried } from "./retry.ts";
import type { Store } from "./store.ts";
import type { ComputeEnvironment, Job } from "./types.ts";

/** What jobs run with. */
export interface RunOptions extends Home, JobSurroundings {
  readonly store: Store;
  readonly executor: Executor;
  readonly logs: LogSink;
  readonly metadata: InstanceMetadata;
  /** What goes wrong with jobs on request. */
  readonly faults?: JobFaults;
  now(): number;
  log(message: string): void;
  /** Calls back after so many milliseconds; returns how to call that off. */
  startTimer(callback: () => void, ms: number): () => void;
}

interface RunsOptions extends RunOptions {
  /** Records a job; what cannot be written is said, and not thrown. */
  save(job: Job): Promise<void>;
  end(job: Job, status: "SUCCEEDED" | "FAILED", statusReason: string): Promise<void>;
  tryAgain(job: Job): Promise<void>;
  /** An attempt has ended, and left its capacity to others. */
  onEnd(): void;
}

/** The attempts that run now. */
interface Runs {
  start(job: Job, environment: ComputeEnvironment): void;
  /** Has the attempt end, for this reason. */
  stop(job: Job, reason: string): void;
  /** Ends an attempt that a daemon which died has left. */
  abandon(job: Job): Promise<void>;
  /** Ends all as if their host were lost, and waits for that. */
  close(): Promise<void>;
}

/** Runs attempts of jobs in containers, one after another as their retries say. */
export function createRuns(options: RunsOptions): Runs {
  const { store, executor, logs, now, save, end } = options;
  const containers = new Map<string, RunningContainer>();
  const runs = new Set<Promise<void>>();
  const instance = `i-0${randomBytes(8).toString("hex")}`;
  let isClosed = false;
  /** Jobs whose containers were killed because the daemon leaves. */
  const abandoned = new Set<string>();

  function start(job: Job, environment: ComputeEnvironment): void {
    job.status = "STARTING";
    delete job.statusReason;
    job.current = newAttempt(job, environment, options);
    const running = run(job).catch((error: unknown) => {
      options.log(`Job ${job.jobId}: ${error instanceof Error ? error.stack : String(error)}`);
    });
    runs.add(running);
    void running.finally(() => runs.delete(running));
  }

  async function run(job: Job): Promise<void> {
    const { current } = job;
    if (current === undefined) return;
    await save(job);
    const fault = faultOf(options.faults, job);
    // A task that never starts has written nothing: its stream is not there.
    if (fault?.kind !== "cannot-start") {
      await logs.createStream(current.logGroup, current.logStream).catch((error: unknown) => {
        options.log(`Job ${job.jobId} has no log stream: ${String(error)}`);
      });
    }
    if (isClosed || job.stopping !== undefined) return finishAttempt(job, undefined);
    using metadata = options.metadata.open(credentialsOf(job, options));
    const giveNotice = (ms: number) => metadata.giveNotice(now() + ms);
    const container = runWithFault({ ...options, giveNotice, hostGone: reasons.hostGone(instance) }, fault, {
      jobId: job.jobId,
      number: current.number,
      directory: store.attemptDirectory(job, current.number),
      image: job.container.image,
      size: job.size,
      command: job.container.command,
      environment: containerEnvironment(job, current, options, metadata),
      append: (events) => logs.append(current.logGroup, current.logStream, events),
    });
    containers.set(job.jobId, container);
    const process = await container.started;
    let cancelTimer = () => {};
    if (process !== undefined) {
      current.process = process;
      job.status = "RUNNING";
      job.startedAt = now();
      if (job.timeoutSeconds !== undefined) {
        cancelTimer = options.startTimer(() => stop(job, reasons.timedOut), job.timeoutSeconds * 1000);
      }
      await save(job);
    }
    const ended = await container.ended;
    cancelTimer();
    containers.delete(job.jobId);
    await finishAttempt(job, ended);
  }

  function stop(job: Job, reason: string): void {
    job.stopping ??= reason;
    containers.get(job.jobId)?.stop();
  }

  /** `ended` is undefined where there was no container. */
  async function finishAttempt(job: Job, ended: ContainerEnd | undefined): Promise<void> {
    const statusReason = statusReasonOf(job, ended);
    const current = job.current;
    if (current !== undefined) {
      const wasRunning = job.status === "RUNNING";
      job.attempts.push(attemptRecord(job, ended, { statusReason, stoppedAt: now(), wasRunning }));
    }
    delete job.current;
    const attempt = { exitCode: ended?.exitCode, reason: ended?.reason, statusReason };
    if (ended?.exitCode === 0 && job.stopping === undefined) {
      await end(job, "SUCCEEDED", statusReason);
    } else if (job.stopping === undefined && isRetried(job.retryStrategy, job.attempts.length, attempt)) {
      await options.tryAgain(job);
    } else {
      await end(job, "FAILED", statusReason);
    }
    options.onEnd();
  }

  function statusReasonOf(job: Job, ended: ContainerEnd | undefined): string {
    if (job.stopping !== undefined) return job.stopping;
    if (ended === undefined) return reasons.hostGone(instance);
    if (ended.exitCode === 137 && abandoned.has(job.jobId)) return reasons.hostGone(instance);
    if (ended.statusReason !== undefined) return ended.statusReason;
    return ended.reason === undefined ? reasons.exited : reasons.failedToStart;
  }

  return {
    start,
    stop,
    async abandon(job) {
      const { current } = job;
      if (current === undefined) return;
      const directory = store.attemptDirectory(job, current.number);
      await executor.cleanUp({ jobId: job.jobId, directory, process: current.process });
      await finishAttempt(job, undefined);
    },
    async close() {
      isClosed = true;
      for (const [jobId, container] of containers) {
        abandoned.add(jobId);
        container.kill();
      }
      await Promise.all(runs);
    },
  };
}
