import { type Job, type JobStatus, type Json, jobStatuses } from "./types.ts";

/** How many children an array may have ("Array jobs", AWS Batch User Guide). */
export const arraySizes = { least: 2, most: 10_000 } as const;

/** The jobs of a store, by id. */
type Jobs = ReadonlyMap<string, Job>;

export function childId(parentId: string, index: number): string {
  return `${parentId}:${index}`;
}

/** The children of a new array, in the order of their indexes; empty where the job is not an array's parent. */
export function spawnChildren(parent: Job): Job[] {
  const { arraySize: size, dependsOn: _, ...shared } = parent;
  const spawn = (index: number): Job => ({
    ...shared,
    jobId: childId(parent.jobId, index),
    place: { parentId: parent.jobId, index, size: size ?? 0 },
    status: "PENDING",
    attempts: [],
  });
  return Array.from({ length: size ?? 0 }, (_, index) => spawn(index));
}

/** In the order of their indexes; empty where the job is not an array's parent. */
export function childrenOf(jobs: Jobs, parent: Job): Job[] {
  const children: Job[] = [];
  for (let index = 0; index < (parent.arraySize ?? 0); index++) {
    const child = jobs.get(childId(parent.jobId, index));
    if (child !== undefined) children.push(child);
  }
  return children;
}

/** `arrayProperties` as ListJobs shows it (`ArrayPropertiesSummary`), in an object; empty where the job is not part of an array. */
export function arraySummary({ arraySize, place }: Job): Json {
  if (place !== undefined) return { arrayProperties: { index: place.index } };
  return arraySize === undefined ? {} : { arrayProperties: { size: arraySize } };
}

/** `arrayProperties` as DescribeJobs shows it (`ArrayPropertiesDetail`): with the number of children in each status. */
export function arrayDetail(jobs: Jobs, job: Job): Json {
  if (job.place !== undefined) return { arrayProperties: { statusSummary: {}, index: job.place.index } };
  if (job.arraySize === undefined) return {};
  const counts = Object.fromEntries(jobStatuses.map((status) => [status, 0])) as Record<JobStatus, number>;
  for (const child of childrenOf(jobs, job)) counts[child.status] += 1;
  return { arrayProperties: { statusSummary: counts, size: job.arraySize } };
}
