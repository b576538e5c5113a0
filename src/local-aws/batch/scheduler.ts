import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { attemptRecord, makeRunnable, newAttempt, reasons } from "./attempts.ts";
import { fitOf, hasRoom, reasonToWait } from "./capacity.ts";
import { containerEnvironment, credentialsOf, type JobSurroundings } from "./container-environment.ts";
import type { ContainerEnd, Executor, RunningContainer } from "./executor/executor.ts";
import { isHealthy } from "./health.ts";
import type { InstanceMetadata } from "./instance-metadata.ts";
import { capacityWait, faultOf, type JobFaults, runWithFault, waitReason } from "./job-faults.ts";
import type { LogSink } from "./log-sink.ts";
import type { Home } from "./names.ts";
import { isRetried } from "./retry.ts";
import { frontOfQueue } from "./shares.ts";
import type { Store } from "./store.ts";
import { createWaits } from "./time-limits.ts";
import type { ComputeEnvironment, Job, JobQueue } from "./types.ts";
import { isFinished } from "./types.ts";

export interface SchedulerOptions extends Home, JobSurroundings {
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

/** Takes jobs from state to state. */
export interface Scheduler {
  /** Accepts a job: resolves when it will survive a restart. */
  submit(job: Job): Promise<void>;
  /** Does nothing from STARTING on. */
  cancel(job: Job, reason: string): Promise<void>;
  terminate(job: Job, reason: string): Promise<void>;
  /** Starts what can be started; to be called whenever capacity or queues change. */
  schedule(): void;
  /** Settles what a daemon that died left behind; to be called before `open`. */
  recover(): Promise<void>;
  /** Lets jobs start from now on. */
  open(): void;
  livingJobs(): number;
  /** Jobs that wait in a queue, so many at most, in the order in which they start if nothing changes. */
  frontOf(queue: JobQueue, most: number): readonly Job[];
  /** Ends running jobs as if their host were lost, and waits for that. */
  close(): Promise<void>;
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { store, executor, logs, now } = options;
  const containers = new Map<string, RunningContainer>();
  const runs = new Set<Promise<void>>();
  const waits = createWaits(now);
  const instance = `i-0${randomBytes(8).toString("hex")}`;
  let phase: "not yet open" | "open" | "closed" = "not yet open";
  /** Jobs whose containers were killed because the daemon leaves. */
  const abandoned = new Set<string>();

  const living = () => [...store.jobs.values()].filter((job) => !isFinished(job));

  /** Records a transition. What cannot be written is said and not fatal: the job itself goes on. */
  async function save(job: Job): Promise<void> {
    await store.saveJob(job).catch((error: unknown) => {
      options.log(`Job ${job.jobId} could not be recorded: ${String(error)}`);
    });
  }

  async function end(job: Job, status: "SUCCEEDED" | "FAILED", statusReason: string): Promise<void> {
    job.status = status;
    job.statusReason = statusReason;
    job.stoppedAt = now();
    await save(job);
  }

  function schedule(): void {
    if (phase !== "open") return;
    const queues = [...store.queues.values()].sort((a, b) => b.priority - a.priority);
    for (const queue of queues) scheduleQueue(queue);
  }

  /** First in, first out, or by fair shares: a job that cannot be placed holds up those behind it. */
  function scheduleQueue(queue: JobQueue): void {
    for (let job = next(queue); job !== undefined; job = next(queue)) {
      const environments = queue.environments
        .map((name) => store.environments.get(name))
        .filter(
          (environment) => environment?.state === "ENABLED" && isHealthy(environment, options),
        ) as readonly ComputeEnvironment[];
      const free = environments.find(
        (environment) =>
          fitOf(environment, job.size) === "fits" && hasRoom(environment, job.size, load(environment)),
      );
      if (free === undefined) {
        hold(queue, job, reasonToWait(environments, job.size));
        return;
      }
      const waitMs = capacityWait(options.faults, job, now());
      if (waitMs > 0) {
        hold(queue, job, waitReason(options.faults, job) ?? reasons.noCapacity);
        if (Number.isFinite(waitMs)) options.startTimer(schedule, waitMs);
        return;
      }
      start(job, free);
    }
  }

  const next = (queue: JobQueue): Job | undefined => frontOf(queue, 1)[0];

  function frontOf(queue: JobQueue, most: number): readonly Job[] {
    const jobs = living().filter((job) => job.queue === queue.name);
    return frontOfQueue(jobs, store.policies.get(queue.schedulingPolicy ?? ""), most);
  }

  /** Has a job wait at the head of its queue: as long as the queue lets it, for this reason. */
  function hold(queue: JobQueue, job: Job, reason: string | undefined): void {
    tell(job, reason);
    if (reason === undefined) waits.forget(job);
    const countdown = reason === undefined ? undefined : waits.note(queue, job, reason);
    if (countdown === undefined || reason === undefined) return;
    if (countdown.leftMs > 0) {
      if (countdown.isNew) options.startTimer(schedule, countdown.leftMs);
      return;
    }
    job.isCancelled = true;
    void end(job, "FAILED", reason).then(schedule);
  }

  /** Sizes of the jobs that an environment runs. */
  function load(environment: ComputeEnvironment) {
    return living()
      .filter((job) => job.current?.environment === environment.name)
      .map((job) => job.size);
  }

  /** Says why a job waits; undefined: for nothing but its turn. */
  function tell(job: Job, reason: string | undefined): void {
    if (job.statusReason === reason) return;
    if (reason === undefined) delete job.statusReason;
    else job.statusReason = reason;
    void save(job);
  }

  function start(job: Job, environment: ComputeEnvironment): void {
    waits.forget(job);
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
    if (phase === "closed" || job.stopping !== undefined) return finishAttempt(job, undefined);
    using metadata = options.metadata.open(credentialsOf(job, options));
    const giveNotice = (ms: number) => metadata.giveNotice(now() + ms);
    const container = runWithFault({ ...options, giveNotice, hostGone: reasons.hostGone(instance) }, fault, {
      jobId: job.jobId,
      number: current.number,
      directory: join(store.jobDirectory(job.jobId), String(current.number)),
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
      makeRunnable(job);
      await save(job);
    } else {
      await end(job, "FAILED", statusReason);
    }
    schedule();
  }

  function statusReasonOf(job: Job, ended: ContainerEnd | undefined): string {
    if (job.stopping !== undefined) return job.stopping;
    if (ended === undefined) return reasons.hostGone(instance);
    if (ended.exitCode === 137 && abandoned.has(job.jobId)) return reasons.hostGone(instance);
    if (ended.statusReason !== undefined) return ended.statusReason;
    return ended.reason === undefined ? reasons.exited : reasons.failedToStart;
  }

  return {
    async submit(job) {
      store.jobs.set(job.jobId, job);
      try {
        await store.saveJob(job);
      } catch (error) {
        store.jobs.delete(job.jobId);
        throw error;
      }
      if (isFinished(job)) return;
      if (job.invalid !== undefined) return end(job, "FAILED", job.invalid);
      makeRunnable(job);
      await save(job);
      schedule();
    },
    async cancel(job, reason) {
      if (isFinished(job) || job.current !== undefined) return;
      job.isCancelled = true;
      await end(job, "FAILED", reason);
      schedule();
    },
    async terminate(job, reason) {
      if (isFinished(job)) return;
      job.isTerminated = true;
      if (job.current === undefined) {
        await end(job, "FAILED", reason);
        schedule();
      } else {
        stop(job, reason);
        await save(job);
      }
    },
    schedule,
    async recover() {
      for (const job of living()) {
        const { current } = job;
        if (current === undefined) {
          if (job.invalid !== undefined) await end(job, "FAILED", job.invalid);
          else if (job.status !== "RUNNABLE") makeRunnable(job);
          continue;
        }
        const directory = join(store.jobDirectory(job.jobId), String(current.number));
        await executor.cleanUp({ jobId: job.jobId, directory, process: current.process });
        await finishAttempt(job, undefined);
      }
    },
    frontOf,
    livingJobs: () => living().filter((job) => job.status !== "RUNNABLE").length,
    open() {
      if (phase !== "not yet open") return;
      phase = "open";
      schedule();
    },
    async close() {
      phase = "closed";
      for (const [jobId, container] of containers) {
        abandoned.add(jobId);
        container.kill();
      }
      await Promise.all(runs);
      await store.flush();
    },
  };
}
