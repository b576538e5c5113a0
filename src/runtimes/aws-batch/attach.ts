import { describeJob } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import { explained } from "../../aws/errors.ts";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { parseRunId, toJobId } from "../../runs/ids.ts";
import type { JobId } from "../../runs/types.ts";
import { parseS3Url } from "../../transfer/s3-url.ts";
import type { BuildRoot } from "../../workflow/build-root.ts";
import type { Run } from "./run.ts";

/**
 * Takes up a job that was submitted before, here or on any computer: where its archive is, the job itself says.
 * Throws UserError where Batch doesn't know the job, or where it isn't one of this program's.
 */
export async function attachToJob(
  context: Context,
  aws: Aws,
  id: string,
  place: BuildRoot | undefined,
): Promise<Run> {
  const jobId = toJobId(id);
  const job = await explained(`look up job ${id}`, context.signal, () =>
    describeJob(aws.batch, jobId, context.signal),
  );
  if (job === undefined) throw unknownJob(aws, jobId);
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
  return { jobId, runId: parseRunId(url), workdir, place, jobName: job.name, origin: job.origin, job };
}

/** What to say of an id that means nothing to Batch. */
export function unknownJob(aws: Aws, jobId: JobId): UserError {
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
