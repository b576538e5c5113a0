import { hasEnded, type Job } from "../../../aws/batch.ts";
import type { Aws } from "../../../aws/clients.ts";
import { explained } from "../../../aws/errors.ts";
import { describeJobs } from "../../../aws/jobs.ts";
import type { Context } from "../../../cli/context.ts";
import { UserError } from "../../../errors.ts";
import { listRuns, runsDirectory } from "../../../runs/registry.ts";
import type { JobId, RecordedChildren, RunRecord } from "../../../runs/types.ts";
import type { BuildRoot } from "../../../workflow/build-root.ts";
import type { BuildRequest } from "../../build-request.ts";
import type { AwsBatchOptions } from "../options.ts";
import { childrenByLabels, type FanOut, only } from "./children.ts";
import { childId } from "./members.ts";
import { END_OF_VALUES } from "./submissions.ts";

/** What is to be submitted where only the children that failed are wanted: an array, or of a single one a job. */
export interface Retry {
  readonly request: BuildRequest & { readonly place: BuildRoot };
  readonly options: AwsBatchOptions;
}

/**
 * The children of the directory's last fan-out that failed, by this computer's record and by Batch; undefined where none did. Throws UserError
 * where there was no fan-out, where it still runs, and where nobody knows any more how it ended.
 */
export async function retryOf(
  context: Context,
  aws: Aws,
  request: BuildRequest & { readonly place: BuildRoot },
  options: AwsBatchOptions,
): Promise<Retry | undefined> {
  const { record, children, jobId, rest } = await lastFanOut(context, aws, request.place.directory);
  const all = childrenByLabels(children.labels);
  const { signal, io } = context;
  const ids = [
    ...all.map(({ index }) => childId(jobId, index)),
    ...[children.firstJobId, rest?.jobId].filter((id) => id !== undefined),
  ];
  const jobs = await explained("look up the jobs of the last fan-out", signal, () =>
    describeJobs(aws.batch, [jobId, ...ids], signal),
  );
  // Of a single child, the rest was built by a job that is no array.
  const restJob = rest?.jobId && jobs.get(rest.jobId);
  if (rest && restJob) checkEnded(rest, restJob);
  const failed =
    (restJob ?? rest)?.status === "SUCCEEDED" ? new Set<number>() : failedOf(record, children, jobs, jobId);
  if (failed.size === 0) {
    io.out(`Nothing to retry: all ${all.length} children of run ${record.runId} succeeded.`);
    return undefined;
  }
  io.out(`Retrying ${failed.size} of the ${all.length} children of run ${record.runId}.`);
  const isFirstDone = children.firstJobId && jobs.get(children.firstJobId)?.status === "SUCCEEDED";
  const first = isFirstDone ? [] : (children.first ?? []);
  const again = only(all, failed);
  const continuing = { ...options, continues: record.runId };
  const [child] = again;
  if (child === undefined || again.length > 1) {
    const fanOut: FanOut = { children: again, first };
    return { request, options: { ...continuing, fanOut } };
  }
  // An array has two jobs at least.
  const programArguments = [...request.programArguments, END_OF_VALUES, ...first, ...child.args];
  return { request: { ...request, programArguments }, options: continuing };
}

/** The newest fan-out, and the newest run that builds what had failed of it, where that is no fan-out. */
async function lastFanOut(context: Context, aws: Aws, directory: string) {
  const { runs } = await listRuns(runsDirectory(context));
  for (const record of runs) {
    const { children, jobId } = record;
    if (record.directory !== directory || record.localAws !== aws.isLocal) continue;
    if (children === undefined || jobId === undefined) continue;
    const rest = runs.find(({ continues }) => continues === record.runId);
    return { record, children, jobId, rest };
  }
  throw new UserError(
    `No fan-out of ${directory} was started from this computer: there is nothing to retry.`,
    {
      hint: "Name the targets to build: --fan-out TARGET, for each of them.",
    },
  );
}

/** The indices of the children that failed. */
function failedOf(
  record: RunRecord,
  children: RecordedChildren,
  jobs: ReadonlyMap<JobId, Job>,
  jobId: JobId,
): ReadonlySet<number> {
  const array = jobs.get(jobId);
  if (array === undefined) {
    if (children.failed !== undefined) return new Set(children.failed);
    throw new UserError(`AWS Batch has forgotten how the children of run ${record.runId} ended.`, {
      hint: `Get their results with nextstrain jobs download ${record.runId}, then build with --fan-out again: what is there already isn't built.`,
    });
  }
  checkEnded(record, array);
  const indices = children.labels.keys();
  return new Set([...indices].filter((index) => jobs.get(childId(jobId, index))?.status !== "SUCCEEDED"));
}

function checkEnded({ runId }: RunRecord, job: Job): void {
  if (hasEnded(job)) return;
  throw new UserError(`The last fan-out of this directory is ${job.status}: it has not ended.`, {
    hint: `To follow it: nextstrain jobs attach ${runId}. To stop it: nextstrain jobs cancel ${runId}.`,
  });
}
