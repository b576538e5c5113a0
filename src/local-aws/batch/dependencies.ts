import { childId, childrenOf } from "./arrays.ts";
import type { Dependency, Job } from "./types.ts";
import { isFinished } from "./types.ts";

/** Whether a job may run, for all that it depends on; `failed`: it never will. */
type Standing = "ready" | "waits" | "failed";

/** Ids of the jobs that must succeed before this one runs. */
export function prerequisitesOf(jobs: ReadonlyMap<string, Job>, job: Job): readonly string[] {
  const { place } = job;
  if (place === undefined) return (job.dependsOn ?? []).flatMap(({ jobId }) => jobId ?? []);
  const parent = jobs.get(place.parentId);
  return (parent?.dependsOn ?? []).flatMap(({ jobId, type }) => {
    if (jobId === undefined) return place.index === 0 ? [] : childId(place.parentId, place.index - 1);
    return type === "N_TO_N" ? childId(jobId, place.index) : jobId;
  });
}

/** How things stand with a job that is no array's parent. What is not known any more counts as failed. */
export function standingOf(jobs: ReadonlyMap<string, Job>, job: Job): Standing {
  const statuses = prerequisitesOf(jobs, job).map((id) => jobs.get(id)?.status ?? "FAILED");
  if (statuses.includes("FAILED")) return "failed";
  return statuses.every((status) => status === "SUCCEEDED") ? "ready" : "waits";
}

/** Whether an array waits in vain: no child of it will run. */
export function isInVain(jobs: ReadonlyMap<string, Job>, parent: Job): boolean {
  return (parent.dependsOn ?? []).some(
    ({ jobId, type }) => jobId !== undefined && type !== "N_TO_N" && jobs.get(jobId)?.status === "FAILED",
  );
}

/** Who waits for whom. */
interface Dependents {
  /** Notes what a job, or the array that it is the parent of, waits for. */
  add(job: Job): void;
  /** The jobs, never arrays' parents, that waited for one that has just ended, be it among others. */
  of(ended: Job): readonly Job[];
}

export function createDependents(jobs: ReadonlyMap<string, Job>): Dependents {
  /** By the id of what they wait for. */
  const waiting = new Map<string, Set<Job>>();

  const hasType = (job: Job, id: string, type: Dependency["type"]) =>
    (job.dependsOn ?? []).some((dependency) => dependency.jobId === id && dependency.type === type);

  /** Children that wait for this one alone of its array. */
  function ofChild({ place }: Job): (Job | undefined)[] {
    if (place === undefined) return [];
    const parent = jobs.get(place.parentId);
    const isSequential = parent?.dependsOn?.some(({ jobId }) => jobId === undefined);
    const others = [...(waiting.get(place.parentId) ?? [])].filter((job) =>
      hasType(job, place.parentId, "N_TO_N"),
    );
    return [
      ...(isSequential ? [jobs.get(childId(place.parentId, place.index + 1))] : []),
      ...others.map((other) => jobs.get(childId(other.jobId, place.index))),
    ];
  }

  return {
    add(job) {
      for (const { jobId } of job.dependsOn ?? []) {
        if (jobId === undefined) continue;
        const others = waiting.get(jobId) ?? new Set();
        waiting.set(jobId, others.add(job));
      }
    },
    of(ended) {
      const all = [...(waiting.get(ended.jobId) ?? [])].filter((job) => hasType(job, ended.jobId, undefined));
      waiting.delete(ended.jobId);
      const whole = all.flatMap((job) => (job.arraySize === undefined ? [job] : childrenOf(jobs, job)));
      return [...whole, ...ofChild(ended)].filter((job) => job !== undefined && !isFinished(job)) as Job[];
    },
  };
}
