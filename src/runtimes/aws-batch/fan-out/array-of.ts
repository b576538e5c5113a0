import { describeJob, type Job } from "../../../aws/batch.ts";
import type { Aws } from "../../../aws/clients.ts";
import type { Context } from "../../../cli/context.ts";
import { parseRunId, toJobId } from "../../../runs/ids.ts";
import { findByName } from "../jobs/find.ts";
import type { AwsBatchOptions } from "../options.ts";
import { isFirst } from "./submissions.ts";

/** The array that a job belongs to, as a child or as what it waits for; any other job itself. */
export async function arrayOf(
  context: Context,
  aws: Aws,
  options: Pick<AwsBatchOptions, "queue">,
  job: Job,
): Promise<Job> {
  const { signal } = context;
  const parent = /^(.+):\d+$/.exec(job.id)?.[1];
  const runId = isFirst(job)
    ? parseRunId(job.environment.get("NEXTSTRAIN_AWS_BATCH_WORKDIR_URL") ?? "")
    : undefined;
  const id = parent ? toJobId(parent) : runId && (await findByName(context, { aws }, options, runId))?.jobId;
  return (id && (await describeJob(aws.batch, id, signal))) ?? job;
}
