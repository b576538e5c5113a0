import { childrenOf } from "./arrays.ts";
import { makeRunnable, reasons } from "./attempts.ts";
import { createDependents, isInVain, standingOf } from "./dependencies.ts";
import type { Living } from "./living.ts";
import type { Store } from "./store.ts";
import type { Job } from "./types.ts";
import { isFinished } from "./types.ts";

interface ProgressOptions {
  readonly living: Living;
  readonly store: Store;
  /** Records a job; what cannot be written is said, and not thrown. */
  save(job: Job): Promise<void>;
  now(): number;
}

type End = "SUCCEEDED" | "FAILED";

/** What the states of jobs mean for others: arrays end with their children, and jobs wait for those they depend on. */
export interface Progress {
  /** Takes up a job that is in the store, alone or as part of its array. */
  admit(job: Job): void;
  /** Has a job wait for its next attempt. */
  tryAgain(job: Job): Promise<void>;
  /** What has not ended of an array, without its parent; the job itself where it is none. */
  partsOf(job: Job): readonly Job[];
  /** Ends jobs, and what thereby ends; lets those go on that have waited for them. Resolves when this is recorded. */
  end(jobs: readonly Job[], status: End, statusReason: string): Promise<void>;
  /** Does all that follows from the states of jobs, as after a start. */
  settle(): Promise<void>;
}

export function createProgress({ store, living, save, now }: ProgressOptions): Progress {
  const { jobs } = store;
  const dependents = createDependents(jobs);
  /** Children that live, by the parent's id. */
  const left = new Map<string, number>();

  function admit(job: Job): void {
    dependents.add(job);
    if (job.arraySize === undefined) {
      goOnOrWait(job);
      return;
    }
    job.status = "PENDING";
    living.note(job);
    const children = childrenOf(jobs, job).filter((child) => !isFinished(child));
    left.set(job.jobId, children.length);
    for (const child of children) goOnOrWait(child);
  }

  /** A job that fails because of another does so in `settle`. */
  function goOnOrWait(job: Job): void {
    if (job.current === undefined && job.status !== "RUNNABLE") {
      if (standingOf(jobs, job) === "ready") makeRunnable(job);
      else job.status = "PENDING";
    }
    living.note(job);
  }

  function mark(job: Job, status: End, statusReason: string | undefined): Job {
    job.status = status;
    if (statusReason === undefined) delete job.statusReason;
    else job.statusReason = statusReason;
    job.stoppedAt = now();
    living.remove(job);
    return job;
  }

  /** Goes from each job that has ended to those it decides about, until nothing follows any more. */
  async function follow(first: readonly Job[]): Promise<void> {
    const ended = [...first];
    for (const one of ended) {
      const parent = one.place && jobs.get(one.place.parentId);
      if (parent !== undefined && !isFinished(parent)) {
        left.set(parent.jobId, (left.get(parent.jobId) ?? 0) - 1);
        if (left.get(parent.jobId) === 0) ended.push(endOfArray(parent));
      }
      for (const other of dependents.of(one)) {
        if (other.status === "PENDING" && standingOf(jobs, other) === "failed") {
          ended.push(mark(other, "FAILED", reasons.dependencyFailed));
        } else goOnOrWait(other);
      }
    }
    await Promise.all(ended.map(save));
  }

  function endOfArray(parent: Job): Job {
    left.delete(parent.jobId);
    if (childrenOf(jobs, parent).every(({ status }) => status === "SUCCEEDED")) {
      return mark(parent, "SUCCEEDED", undefined);
    }
    const ownReason = isInVain(jobs, parent) ? reasons.dependencyFailed : reasons.childFailed;
    return mark(parent, "FAILED", parent.stopping ?? parent.invalid ?? ownReason);
  }

  return {
    admit,
    async tryAgain(job) {
      makeRunnable(job);
      living.note(job);
      await save(job);
    },
    partsOf: (job) =>
      (job.arraySize === undefined ? [job] : childrenOf(jobs, job)).filter((one) => !isFinished(one)),
    end: (ending, status, statusReason) => follow(ending.map((job) => mark(job, status, statusReason))),
    async settle() {
      // That of an array whose last child's end was recorded, and its own was not.
      const arrays = living
        .all()
        .filter(({ jobId }) => left.get(jobId) === 0)
        .map(endOfArray);
      const inVain = living
        .all()
        .filter(
          (job) =>
            job.arraySize === undefined && job.status === "PENDING" && standingOf(jobs, job) === "failed",
        );
      await follow([...arrays, ...inVain.map((job) => mark(job, "FAILED", reasons.dependencyFailed))]);
    },
  };
}
