import { childrenOf } from "../arrays.ts";
import {
  clientException,
  optionalObjects,
  optionalString,
  optionalStrings,
  requiredString,
} from "../fields.ts";
import { batchArn, nameOf } from "../names.ts";
import { page } from "../paging.ts";
import { jobDetail, jobSummary } from "../render.ts";
import type { Job, Json } from "../types.ts";
import { jobStatuses } from "../types.ts";
import type { BatchContext, Operation } from "./operation.ts";
import { requiredQueue } from "./queues.ts";

/** DescribeJobs: up to 100 ids or ARNs; unknown ones are left out. */
export const describeJobs: Operation = async (input, context) => {
  const ids = optionalStrings(input, "jobs");
  if (!ids?.length) throw clientException("jobs must not be empty.");
  if (ids.length > 100) throw clientException("At most 100 jobs can be described at once.");
  await context.store.prune(context.now());
  const jobs = ids.map((id) => context.store.jobs.get(nameOf(context, "job", id)));
  return {
    jobs: jobs.filter((job) => job !== undefined).map((job) => jobDetail(context, job, context.store.jobs)),
  };
};

/**
 * ListJobs: by queue and one status (RUNNING where it is left out), 1,000 a page; or by one filter, 100 a page. Newest first, and
 * without the children of arrays. Or by array and status: its children.
 */
export const listJobs: Operation = async (input, context) => {
  const arrayId = optionalString(input, "arrayJobId");
  if (arrayId) return listChildren(arrayId, input, context);
  const queue = requiredQueue(input, context.store, context);
  const status = statusOf(input);
  await context.store.prune(context.now());
  const filters = optionalObjects(input, "filters") ?? [];
  if (filters.length > 1) throw clientException("Only one filter can be used at a time.");
  const isOfStatus = (job: Job) => job.status === status;
  const isWanted = filters[0] ? filterOf(filters[0], context) : isOfStatus;
  const found = [...context.store.jobs.values()]
    .filter((job) => job.place === undefined && job.queue === queue.name && isWanted(job))
    // The one filter that a status goes together with.
    .filter((job) => filters[0]?.name !== "SHARE_IDENTIFIER" || isOfStatus(job))
    .sort((a, b) => b.createdAt - a.createdAt || b.sequence - a.sequence);
  const most = filters.length > 0 ? 100 : 1_000;
  const { items, nextToken } = page(input, found, (job) => job.jobId, most);
  return {
    jobSummaryList: items.map((job) => jobSummary(context, job)),
    ...(nextToken ? { nextToken } : {}),
  };
};

/** Filters have no effect on them, as on AWS. By index. */
async function listChildren(arrayId: string, input: Json, context: BatchContext): Promise<Json> {
  if (optionalString(input, "jobQueue")) {
    throw clientException("Only one of jobQueue and arrayJobId can be given.");
  }
  const status = statusOf(input);
  await context.store.prune(context.now());
  const { jobs } = context.store;
  const parent = jobs.get(nameOf(context, "job", arrayId));
  const found = parent ? childrenOf(jobs, parent).filter((job) => job.status === status) : [];
  const { items, nextToken } = page(input, found, (job) => job.jobId, 1_000);
  return {
    jobSummaryList: items.map((job) => jobSummary(context, job)),
    ...(nextToken ? { nextToken } : {}),
  };
}

function statusOf(input: Json): string {
  const status = optionalString(input, "jobStatus") ?? "RUNNING";
  if (jobStatuses.some((known) => known === status)) return status;
  throw clientException(`Unknown jobStatus ${status}.`);
}

/** GetJobQueueSnapshot: the first 100 RUNNABLE jobs, in the order in which they will start as things are. */
export const getJobQueueSnapshot: Operation = async (input, context) => {
  const queue = requiredQueue(input, context.store, context);
  const jobs = context.scheduler.frontOf(queue, 100).map((job) => ({
    jobArn: batchArn(context, "job", job.jobId),
    // Since when a job has its place is not kept: since it was submitted, at the earliest.
    earliestTimeAtPosition: job.createdAt,
  }));
  return { frontOfQueue: { jobs, lastUpdatedAt: context.now() } };
};

/** CancelJob: what is not waiting any more is left alone, and so is an unknown id. */
export const cancelJob: Operation = async (input, context) => {
  const { job, reason } = target(input, context);
  if (job) await context.scheduler.cancel(job, reason);
  return {};
};

/** TerminateJob: any state. Answers before the job has stopped. */
export const terminateJob: Operation = async (input, context) => {
  const { job, reason } = target(input, context);
  if (job) await context.scheduler.terminate(job, reason);
  return {};
};

function target(input: Json, context: BatchContext): { job: Job | undefined; reason: string } {
  const id = nameOf(context, "job", requiredString(input, "jobId"));
  return { job: context.store.jobs.get(id), reason: requiredString(input, "reason") };
}

/** KeyValuesPair of ListJobs: any of the values; an asterisk at the end makes a prefix, and names of jobs are compared without case. */
function filterOf(filter: Json, context: BatchContext): (job: Job) => boolean {
  const name = requiredString(filter, "name");
  const values = optionalStrings(filter, "values") ?? [];
  const any = (matches: (job: Job, value: string) => boolean) => (job: Job) =>
    values.some((value) => matches(job, value));
  switch (name) {
    case "JOB_NAME":
      return any((job, value) => matchesName(job.jobName, value));
    case "JOB_DEFINITION":
      return any((job, value) => {
        const { name: definition, revision } = job.definition;
        const wanted = nameOf(context, "job-definition", value);
        const isPrefix = wanted.endsWith("*") && !value.startsWith("arn:");
        return isPrefix
          ? definition.startsWith(wanted.slice(0, -1))
          : definition === wanted || `${definition}:${revision}` === wanted;
      });
    case "SHARE_IDENTIFIER":
      return any((job, value) => matchesName(job.shareIdentifier ?? "", value));
    case "BEFORE_CREATED_AT":
      return any((job, value) => job.createdAt < Number(value));
    case "AFTER_CREATED_AT":
      return any((job, value) => job.createdAt > Number(value));
    default:
      throw clientException(`Unknown filter ${name}.`);
  }
}

function matchesName(name: string, pattern: string): boolean {
  const wanted = pattern.toLowerCase();
  return wanted.endsWith("*")
    ? name.toLowerCase().startsWith(wanted.slice(0, -1))
    : name.toLowerCase() === wanted;
}
