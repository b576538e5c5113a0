import {
  type BatchClient,
  DescribeJobsCommand,
  GetJobQueueSnapshotCommand,
  type JobSummary,
  ListJobsCommand,
} from "@aws-sdk/client-batch";
import type { JobId } from "../runs/types.ts";
import { type Job, type JobStatus, readJob } from "./batch.ts";

/** DescribeJobs takes so many at once. */
const MOST_DESCRIBED = 100;

/** A job as a queue's list has it: less than {@link Job}, a hundred of them for one request. Times are milliseconds since 1970. */
export interface ListedJob {
  readonly id: JobId;
  readonly name: string;
  readonly status: JobStatus;
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly stoppedAt: number | undefined;
  readonly statusReason: string | undefined;
  readonly reason: string | undefined;
  readonly exitCode: number | undefined;
}

/** Jobs by their ids (DescribeJobs, a request for each hundred); those that Batch doesn't know are left out. */
export async function describeJobs(
  batch: BatchClient,
  ids: readonly JobId[],
  signal: AbortSignal,
): Promise<Map<JobId, Job>> {
  const found = new Map<JobId, Job>();
  for (let start = 0; start < ids.length; start += MOST_DESCRIBED) {
    const jobs = ids.slice(start, start + MOST_DESCRIBED);
    const answer = await batch.send(new DescribeJobsCommand({ jobs }), { abortSignal: signal });
    for (const job of (answer.jobs ?? []).map(readJob)) found.set(job.id, job);
  }
  return found;
}

/** Which jobs of a queue to list; in every state. */
export type JobFilter =
  /** Exactly these names, whatever their case; with an asterisk at the end all that begin so. */
  | { readonly name: string }
  /** Submitted after this time: milliseconds since 1970. */
  | { readonly after: number };

/** Jobs of a queue (ListJobs), newest first, so many at most: a request for each hundred. */
export async function listJobs(
  batch: BatchClient,
  queue: string,
  {
    filter,
    most,
    signal,
  }: { readonly filter: JobFilter; readonly most: number; readonly signal: AbortSignal },
): Promise<ListedJob[]> {
  const filters =
    "name" in filter
      ? [{ name: "JOB_NAME", values: [filter.name] }]
      : [{ name: "AFTER_CREATED_AT", values: [String(Math.floor(filter.after))] }];
  const found: ListedJob[] = [];
  for (let nextToken: string | undefined; ; ) {
    const answer = await batch.send(new ListJobsCommand({ jobQueue: queue, filters, nextToken }), {
      abortSignal: signal,
    });
    found.push(...(answer.jobSummaryList ?? []).map(readSummary));
    nextToken = answer.nextToken;
    if (!nextToken || found.length >= most) break;
  }
  return found.slice(0, most);
}

function readSummary(summary: JobSummary): ListedJob {
  return {
    id: summary.jobId as JobId,
    name: summary.jobName ?? "",
    status: summary.status as JobStatus,
    createdAt: summary.createdAt ?? 0,
    startedAt: summary.startedAt || undefined,
    stoppedAt: summary.stoppedAt || undefined,
    statusReason: summary.statusReason,
    reason: summary.container?.reason,
    exitCode: summary.container?.exitCode,
  };
}

/** Where in its queue a job stands. */
export interface QueuePlace {
  /** From 1; undefined where it isn't among those that AWS tells of: it is far behind, or waits no more. */
  readonly position: number | undefined;
  /** How many wait, so far as AWS tells: 100 at most. */
  readonly waiting: number;
}

/** Where a job stands among those that wait in its queue (GetJobQueueSnapshot: the first 100). */
export async function queuePlace(
  batch: BatchClient,
  { queue, jobId }: { readonly queue: string; readonly jobId: JobId },
  signal: AbortSignal,
): Promise<QueuePlace> {
  const { frontOfQueue } = await batch.send(new GetJobQueueSnapshotCommand({ jobQueue: queue }), {
    abortSignal: signal,
  });
  const jobs = frontOfQueue?.jobs ?? [];
  const index = jobs.findIndex(({ jobArn }) => jobArn?.endsWith(`job/${jobId}`));
  return { position: index === -1 ? undefined : index + 1, waiting: jobs.length };
}
