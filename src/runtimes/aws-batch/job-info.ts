import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Aws } from "../../aws/clients.ts";
import { groupOf } from "../../aws/log-place.ts";
import type { Context } from "../../cli/context.ts";
import { ownTemporaryName } from "../../runs/temporaries.ts";
import { formatS3Url } from "../../transfer/s3-url.ts";
import { type JobJson, jobJson } from "./jobs/json.ts";
import { factsOf } from "./jobs/known-job.ts";
import type { Run } from "./run.ts";
import { unwrap } from "./wrapper/wrap.ts";

/** What is known of a job: just submitted, or as Batch last described it. */
export function jobInfo(aws: Aws, run: Run, now: number): JobJson {
  const { runId, jobId, job, place } = run;
  const known = {
    ...factsOf({ runId, jobId, job }),
    name: run.jobName,
    status: job?.status ?? "SUBMITTED",
    queue: run.origin?.queue,
    definition: run.origin?.definition,
    region: aws.region.value,
    localAws: aws.isLocal,
    workdir: formatS3Url(run.workdir),
    logGroup: groupOf(job?.log ?? run.log),
    directory: place?.directory,
    root: place?.root,
    command: run.origin && unwrap(run.origin.command),
    createdAt: run.origin?.submittedAt,
  };
  return jobJson(known, now);
}

/** Writes the file, whole or not at all. A failure is a warning: the job is out there, and the file only tells of it. */
export async function writeJobInfo({ io }: Context, file: string, info: JobJson): Promise<void> {
  const temporary = join(dirname(file), ownTemporaryName());
  try {
    await writeFile(temporary, `${JSON.stringify(info, undefined, 2)}\n`);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    io.warn(`${file} could not be written (--job-info): ${error instanceof Error ? error.message : error}`);
  }
}
