import type { Job, JobArray, JobAttempt, JobStatus } from "../../../aws/batch.ts";
import type { ListedJob } from "../../../aws/jobs.ts";
import { groupOf, LOG_GROUP } from "../../../aws/log-place.ts";
import { parseRunId } from "../../../runs/ids.ts";
import type { JobId, PeakUse, RunId, RunRecord } from "../../../runs/types.ts";
import { formatS3Url, parseS3Url, type S3Object } from "../../../transfer/s3-url.ts";

/** A job by all that is known of it here: from this computer's record, from Batch, or from both. */
export interface KnownJob {
  readonly runId: RunId | undefined;
  /** Undefined before it is submitted, and of a run that is known by what lies in the bucket alone. */
  readonly jobId: JobId | undefined;
  readonly record?: RunRecord | undefined;
  /** Of the child of an array: the array's. */
  readonly arrayRecord?: RunRecord | undefined;
  /** The account that it was found in, where this computer has no record of it. */
  readonly account?: { readonly region: string; readonly localAws: boolean } | undefined;
  /** As the queue's list has it. */
  readonly listed?: ListedJob | undefined;
  /** As Batch describes it. */
  readonly job?: Job | undefined;
  /** Its archive, where nothing else tells where that is. */
  readonly archive?: S3Object | undefined;
  /** Batch was asked, and doesn't know it any more. */
  readonly isForgotten?: boolean;
}

/**
 * What a job is at: Batch's own states; `UNSUBMITTED` before there is a job, and `UNKNOWN` of a job that had not ended when it was last
 * seen, and that Batch has forgotten since.
 */
export type KnownStatus = JobStatus | "UNSUBMITTED" | "UNKNOWN";

/** The same job in one form, wherever each part of it is from. Times are milliseconds since 1970. */
export interface JobFacts {
  readonly runId: RunId | undefined;
  readonly jobId: JobId | undefined;
  readonly name: string | undefined;
  readonly status: KnownStatus;
  readonly isForgotten: boolean;
  readonly statusReason: string | undefined;
  readonly createdAt: number | undefined;
  readonly startedAt: number | undefined;
  readonly stoppedAt: number | undefined;
  readonly exitCode: number | undefined;
  readonly attempts: readonly JobAttempt[];
  /** Of a fan-out: how many children, and how many are in each state, as far as that is known. */
  readonly children: JobArray | undefined;
  /** The run that was cut short, and whose rest this one makes. */
  readonly continues: RunId | undefined;
  readonly queue: string | undefined;
  readonly definition: string | undefined;
  readonly region: string | undefined;
  readonly localAws: boolean | undefined;
  /** On this computer; undefined where the job was started elsewhere. */
  readonly directory: string | undefined;
  readonly root: string | undefined;
  readonly command: readonly string[] | undefined;
  readonly workdir: string | undefined;
  readonly logGroup: string;
  readonly logStreams: readonly string[];
  readonly vcpus: number | undefined;
  readonly memoryMib: number | undefined;
  readonly peakUse: PeakUse | undefined;
  readonly sentBytes: number | undefined;
  readonly broughtBytes: number | undefined;
  readonly downloadedAt: number | undefined;
  /** When the bucket's rule deletes the results, as nearly as that can be told. */
  readonly expiresAt: number | undefined;
}

export function isEnded(status: string | undefined): boolean {
  return status === "SUCCEEDED" || status === "FAILED";
}

export function factsOf(known: KnownJob): JobFacts {
  const { runId, jobId, record, listed, job } = known;
  const seen = job ?? listed;
  const stoppedAt = seen?.stoppedAt ?? record?.endedAt;
  return {
    runId,
    jobId,
    name: job?.name ?? listed?.name ?? record?.jobName,
    status: statusOf(known),
    isForgotten: known.isForgotten === true,
    statusReason: job?.reason ?? seen?.statusReason ?? record?.statusReason,
    createdAt:
      job?.origin?.submittedAt ?? listed?.createdAt ?? record?.submittedAt ?? record?.createdAt ?? undefined,
    startedAt: seen?.startedAt ?? record?.startedAt,
    stoppedAt,
    exitCode: seen?.exitCode ?? record?.exitCode,
    attempts: job?.attempts ?? (record?.attempts ?? []).map(toAttempt),
    children: job?.array ?? childrenOf(record),
    continues: record?.continues,
    queue: record?.queue ?? job?.origin?.queue,
    definition: job?.origin?.definition ?? record?.definition,
    region: record?.region ?? known.account?.region,
    localAws: record?.localAws ?? known.account?.localAws,
    directory: record?.directory,
    root: record?.root,
    command: record?.command ?? job?.origin?.command,
    workdir: record?.urls.workdir ?? archiveOf(known),
    logGroup: job?.log ? groupOf(job.log) : (record?.logGroup ?? LOG_GROUP),
    logStreams: job?.logStreams ?? record?.logStreams ?? [],
    vcpus: job?.container?.vcpus ?? record?.vcpus,
    memoryMib: job?.container?.memoryMib ?? record?.memoryMib,
    peakUse: record?.peakUse,
    sentBytes: record?.sentBytes,
    broughtBytes: record?.broughtBytes,
    downloadedAt: record?.downloadedAt,
    expiresAt: expiryOf(record, stoppedAt),
  };
}

function childrenOf(record: RunRecord | undefined): JobArray | undefined {
  if (record?.children === undefined) return undefined;
  const { labels, failed } = record.children;
  const size = labels.length;
  if (failed === undefined) return { size, counts: {} };
  return { size, counts: { SUCCEEDED: size - failed.length, FAILED: failed.length } };
}

function toAttempt({ exitCode, reason, statusReason, logStream }: Partial<JobAttempt>): JobAttempt {
  return { exitCode, reason, statusReason, logStream };
}

function statusOf({ job, listed, record, jobId, isForgotten }: KnownJob): KnownStatus {
  if (job) return job.status;
  // The list may be older than what the record has of the job's end.
  if (isEnded(record?.status)) return record?.status as JobStatus;
  if (listed) return listed.status;
  if (isForgotten || record === undefined) return "UNKNOWN";
  return jobId === undefined ? "UNSUBMITTED" : ((record.status ?? "SUBMITTED") as JobStatus);
}

/** The job writes the archive anew when it ends: its days are counted from then. */
function expiryOf(record: RunRecord | undefined, endedAt: number | undefined): number | undefined {
  if (record?.expiresAt === undefined) return undefined;
  return record.expiresAt + Math.max(0, (endedAt ?? record.createdAt) - record.createdAt);
}

/** URL of the archive, where the job itself says so. */
function archiveOf({ job, archive }: KnownJob): string | undefined {
  return job?.environment.get("NEXTSTRAIN_AWS_BATCH_WORKDIR_URL") ?? (archive && formatS3Url(archive));
}

/** A run by its record alone. */
export function ofRecord(record: RunRecord): KnownJob {
  return { runId: record.runId, jobId: record.jobId, record };
}

/** A job by the queue's list alone. */
export function ofListed(listed: ListedJob): KnownJob {
  return { runId: parseRunId(listed.name), jobId: listed.id, listed };
}

/** A job as Batch describes it, without a record. Undefined where it isn't a Nextstrain build. */
export function ofJob(job: Job): KnownJob | undefined {
  const url = job.environment.get("NEXTSTRAIN_AWS_BATCH_WORKDIR_URL");
  if (url === undefined || parseS3Url(url) === undefined) return undefined;
  return { runId: parseRunId(url), jobId: job.id, job };
}

/** Whether a job has results that nobody has brought home: it has run and ended, and they are not known to be gone. */
export function hasResultsLeft(
  { status, startedAt, downloadedAt, expiresAt, directory, children }: JobFacts,
  now: number,
): boolean {
  if (directory === undefined || downloadedAt !== undefined) return false;
  if (startedAt === undefined && children === undefined) return false;
  return isEnded(status) && (expiresAt === undefined || now < expiresAt);
}
