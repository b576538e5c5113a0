import type { Job } from "./types.ts";

/** Jobs that have not ended, by what is asked about them at every turn: arrays of 10,000 must not be gone through each time. */
export interface Living {
  /** Takes up a job, or notes that its state has changed; one that has ended is to be removed. */
  note(job: Job): void;
  remove(job: Job): void;
  all(): readonly Job[];
  /** Jobs in an attempt. */
  running(): readonly Job[];
  /** Jobs that are RUNNABLE, in no order; of an array, so many at most: its first ones, and then those that are tried again. */
  runnable(most: number): readonly Job[];
}

export function createLiving(): Living {
  const all = new Set<Job>();
  const running = new Set<Job>();
  const single = new Set<Job>();
  /** By the parent's id. */
  const ofArrays = new Map<string, Set<Job>>();

  function lineOf({ place }: Job): Set<Job> {
    if (place === undefined) return single;
    const line = ofArrays.get(place.parentId) ?? new Set();
    ofArrays.set(place.parentId, line);
    return line;
  }

  function put(set: Set<Job>, job: Job, isIn: boolean): void {
    if (isIn) set.add(job);
    else set.delete(job);
  }

  return {
    note(job) {
      all.add(job);
      put(running, job, job.current !== undefined);
      put(lineOf(job), job, job.status === "RUNNABLE");
    },
    remove(job) {
      for (const set of [all, running, lineOf(job)]) set.delete(job);
      ofArrays.delete(job.jobId);
    },
    all: () => [...all],
    running: () => [...running],
    runnable(most) {
      const jobs = [...single];
      for (const line of ofArrays.values()) {
        let taken = 0;
        for (const job of line) {
          if (taken++ === most) break;
          jobs.push(job);
        }
      }
      return jobs;
    },
  };
}
