import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Aws } from "../../aws/clients.ts";
import { groupOf } from "../../aws/logs.ts";
import type { Context } from "../../cli/context.ts";
import { ownTemporaryName } from "../../runs/temporaries.ts";
import { formatS3Url } from "../../transfer/s3-url.ts";
import { siblingsOf } from "./bucket.ts";
import type { Run } from "./run.ts";
import { unwrap } from "./wrapper/wrap.ts";

/** What --job-info writes. Scripts read it: fields may be added, but stay. Times are ISO 8601, in UTC. */
interface JobInfo {
  readonly runId: string | undefined;
  readonly jobId: string;
  readonly jobName: string | undefined;
  readonly queue: string | undefined;
  readonly definition: string | undefined;
  readonly region: string;
  readonly localAws: boolean;
  readonly urls: { readonly workdir: string; readonly manifest: string | undefined };
  readonly logGroup: string;
  /** The last attempt's; null before the job has one. */
  readonly logStream: string | null;
  readonly logStreams: readonly string[];
  /** The directory given, and the build root above it; null where results stay on AWS. */
  readonly directory: string | null;
  readonly root: string | null;
  readonly command: readonly string[] | undefined;
  readonly submittedAt: string | null;
  readonly startedAt: string | null;
  readonly stoppedAt: string | null;
  readonly status: string;
  readonly statusReason: string | null;
  readonly exitCode: number | null;
}

/** What is known of a job: just submitted, or as Batch last described it. */
export function jobInfo(aws: Aws, run: Run): JobInfo {
  const { job } = run;
  const manifest = siblingsOf(run.workdir)?.manifest;
  const logStreams = job?.logStreams ?? [];
  return {
    runId: run.runId,
    jobId: run.jobId,
    jobName: run.jobName,
    queue: run.origin?.queue,
    definition: run.origin?.definition,
    region: aws.region.value,
    localAws: aws.isLocal,
    urls: { workdir: formatS3Url(run.workdir), manifest: manifest && formatS3Url(manifest) },
    logGroup: groupOf(job?.log ?? run.log),
    logStream: logStreams.at(-1) ?? null,
    logStreams,
    directory: run.place?.directory ?? null,
    root: run.place?.root ?? null,
    command: run.origin && unwrap(run.origin.command),
    submittedAt: toIso(run.origin?.submittedAt),
    startedAt: toIso(job?.startedAt),
    stoppedAt: toIso(job?.stoppedAt),
    status: job?.status ?? "SUBMITTED",
    statusReason: job?.reason ?? job?.statusReason ?? null,
    exitCode: job?.exitCode ?? null,
  };
}

function toIso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}

/** Writes the file, whole or not at all. A failure is a warning: the job is out there, and the file only tells of it. */
export async function writeJobInfo({ io }: Context, file: string, info: JobInfo): Promise<void> {
  const temporary = join(dirname(file), ownTemporaryName());
  try {
    await writeFile(temporary, `${JSON.stringify(info, undefined, 2)}\n`);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    io.warn(`${file} could not be written (--job-info): ${error instanceof Error ? error.message : error}`);
  }
}
