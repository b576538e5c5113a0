import type { Job } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import type { Context } from "../../cli/context.ts";
import { formatS3Url } from "../../transfer/s3-url.ts";
import { deleteObject, siblingsOf } from "./bucket.ts";
import type { Run } from "./run.ts";

/**
 * Deletes the variables of a job that has ended. The job does that itself once it has read them, but only where it
 * has a single attempt and has started; to do it again costs less than to find out.
 */
export async function cleanUpVariables(
  context: Context,
  aws: Aws,
  { workdir }: Run,
  job: Job,
): Promise<void> {
  const url = job.environment.get("NEXTSTRAIN_ENVD_URL");
  const envd = siblingsOf(workdir)?.envd;
  // A job's settings are not to be trusted with naming what is deleted.
  if (url === undefined || envd === undefined || url !== formatS3Url(envd)) return;
  await deleteObject(aws.s3, envd, context.signal).catch(() => {
    context.signal.throwIfAborted();
    context.io.warn(`${url} could not be deleted; it holds the job's environment variables.`);
  });
}
