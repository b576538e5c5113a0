import { reasons } from "./attempts.ts";
import { fitOf, hasRoom, reasonToWait } from "./capacity.ts";
import { isHealthy } from "./health.ts";
import { capacityWait, waitReason } from "./job-faults.ts";
import { createLiving } from "./living.ts";
import { createProgress } from "./progress.ts";
import { createRuns, type RunOptions } from "./runs.ts";
import { frontOfQueue } from "./shares.ts";
import { createWaits } from "./time-limits.ts";
import type { ComputeEnvironment, Job, JobQueue } from "./types.ts";
import { isFinished } from "./types.ts";

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

export function createScheduler(options: RunOptions): Scheduler {
  const { store, now } = options;
  const waits = createWaits(now);
  const living = createLiving();
  let phase: "not yet open" | "open" | "closed" = "not yet open";

  /** Records a transition. What cannot be written is said and not fatal: the job itself goes on. */
  async function save(job: Job): Promise<void> {
    await store.saveJob(job).catch((error: unknown) => {
      options.log(`Job ${job.jobId} could not be recorded: ${String(error)}`);
    });
  }

  const progress = createProgress({ store, living, save, now });
  const runs = createRuns({
    ...options,
    save,
    end: (job, status, reason) => progress.end([job], status, reason),
    tryAgain: progress.tryAgain,
    onEnd: schedule,
  });

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
      waits.forget(job);
      runs.start(job, free);
      living.note(job);
    }
  }

  const next = (queue: JobQueue): Job | undefined => frontOf(queue, 1)[0];

  function frontOf(queue: JobQueue, most: number): readonly Job[] {
    const jobs = [...living.running(), ...living.runnable(most)].filter((job) => job.queue === queue.name);
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
    void progress.end([job], "FAILED", reason).then(schedule);
  }

  /** Sizes of the jobs that an environment runs. */
  function load(environment: ComputeEnvironment) {
    return living
      .running()
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

  return {
    async submit(job) {
      await store.addJob(job);
      if (isFinished(job)) return;
      progress.admit(job);
      if (job.invalid !== undefined) return progress.end(progress.partsOf(job), "FAILED", job.invalid);
      await save(job);
      if (job.dependsOn !== undefined) await progress.settle();
      schedule();
    },
    async cancel(job, reason) {
      const waiting = progress.partsOf(job).filter(({ current }) => current === undefined);
      if (waiting.length === 0) return;
      for (const one of [job, ...waiting]) one.isCancelled = true;
      if (job.arraySize !== undefined) job.stopping = reason;
      await progress.end(waiting, "FAILED", reason);
      schedule();
    },
    async terminate(job, reason) {
      const parts = progress.partsOf(job);
      if (parts.length === 0) return;
      for (const one of [job, ...parts]) one.isTerminated = true;
      const running = parts.filter(({ current }) => current !== undefined);
      if (job.arraySize !== undefined) job.stopping ??= reason;
      for (const one of running) runs.stop(one, reason);
      await progress.end(
        parts.filter(({ current }) => current === undefined),
        "FAILED",
        reason,
      );
      await Promise.all([...new Set([job, ...running])].map(save));
      schedule();
    },
    schedule,
    async recover() {
      for (const job of [...store.jobs.values()]) {
        if (job.place === undefined && !isFinished(job)) progress.admit(job);
      }
      for (const job of living.all()) {
        if (job.current !== undefined) await runs.abandon(job);
        else if (job.invalid !== undefined) await progress.end(progress.partsOf(job), "FAILED", job.invalid);
      }
      await progress.settle();
    },
    frontOf,
    livingJobs: () => living.running().length,
    open() {
      if (phase !== "not yet open") return;
      phase = "open";
      schedule();
    },
    async close() {
      phase = "closed";
      await runs.close();
      await store.flush();
    },
  };
}
