import { setTimeout as sleep } from "node:timers/promises";
import { describeJob, type Job } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import { explained } from "../../aws/errors.ts";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { parseRunId } from "../../runs/ids.ts";
import type { JobId } from "../../runs/types.ts";
import { parseS3Url } from "../../transfer/s3-url.ts";
import type { BuildRoot } from "../../workflow/build-root.ts";
import { arrayOf } from "./fan-out/array-of.ts";
import { fanOutOf } from "./fan-out/known.ts";
import { findByName, jobIdToAttach } from "./jobs/find.ts";
import type { AwsBatchOptions } from "./options.ts";
import type { Run } from "./run.ts";

/** Between two looks for a job that Batch doesn't list. Milliseconds. */
const PAUSES = [500, 1_000, 1_500];
/** A UUID, and for a child of an array job its index. Nothing else can be a job. */
const JOB_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::\d+)?$/i;

interface AttachOptions {
  /** Of the job or of its run, the whole of it or its beginning, or `last`. */
  readonly id: string;
  readonly place: BuildRoot | undefined;
  readonly options: Pick<AwsBatchOptions, "queue" | "bucket">;
}

/**
 * Takes up a job that was submitted before, here or on any computer: where its archive is, the job itself says.
 * Throws UserError where Batch doesn't know the job, or where it isn't one of this program's.
 */
export async function attachToJob(
  context: Context,
  aws: Aws,
  { id, place, options }: AttachOptions,
): Promise<Run> {
  const { signal } = context;
  const given = await jobIdToAttach(context, { aws }, options, id);
  const job = await explained(`look up job ${id}`, signal, async () => {
    const described = await describeSubmitted(aws.batch, given, signal);
    if (described !== undefined) return arrayOf(context, aws, options, described);
    // The id of a run that was started from another computer, perhaps.
    const runId = parseRunId(id);
    const named = runId && (await findByName(context, { aws }, options, runId));
    return named?.jobId && describeJob(aws.batch, named.jobId, signal);
  });
  if (job === undefined) throw unknownJob(aws, given);
  const jobId = job.id;
  const url = job.environment.get("NEXTSTRAIN_AWS_BATCH_WORKDIR_URL");
  const workdir = url === undefined ? undefined : parseS3Url(url);
  if (url === undefined || workdir === undefined) {
    throw new UserError(
      `Job ${id} is not a Nextstrain build: it has no archive to bring results back from.`,
      {
        hint: "Check the id against the one that `nextstrain build` printed.",
      },
    );
  }
  context.io.out(`Attaching to AWS Batch Job ID: ${jobId}`);
  const run = { jobId, runId: parseRunId(url), workdir, place, jobName: job.name, origin: job.origin, job };
  return { ...run, fanOut: await explained(`look up job ${id}`, signal, () => fanOutOf(context, aws, run)) };
}

/** Asks again before a job counts as unknown: right after a submission, and rarely later, an answer can lack it. */
async function describeSubmitted(
  batch: Aws["batch"],
  id: JobId,
  signal: AbortSignal,
): Promise<Job | undefined> {
  for (const pause of JOB_ID.test(id) ? PAUSES : []) {
    const job = await describeJob(batch, id, signal);
    if (job !== undefined) return job;
    await sleep(pause, undefined, { signal });
  }
  return describeJob(batch, id, signal);
}

function unknownJob(aws: Aws, jobId: JobId): UserError {
  return new UserError(
    aws.isLocal
      ? `Local AWS does not know a job ${jobId}.`
      : `AWS Batch does not know a job ${jobId} in ${aws.region.value}.`,
    {
      hint: aws.isLocal
        ? "Check the id. A job on your AWS account is found without --local-aws, and without the exports of `nextstrain local-aws env`."
        : "Check the id and the region; Batch forgets jobs a week after they ended. A job on local AWS is found with --local-aws.",
    },
  );
}
