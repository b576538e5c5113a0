import type { PeakUse } from "../../../runs/types.ts";
import { formatS3Url, parseS3Url } from "../../../transfer/s3-url.ts";
import { siblingsOf } from "../bucket.ts";
import { hasResultsLeft, type JobFacts, type KnownStatus } from "./known-job.ts";
import type { Why } from "./why.ts";

/** Of the form of `--json` and `--job-info`: fields may be added, none is taken away or comes to mean something else. */
export const JSON_VERSION = 1;

/**
 * A job for programs, as docs/jobs.md and docs/jobs.schema.json have it. Times are ISO 8601, in UTC; sizes are bytes. What isn't known
 * is null.
 */
export interface JobJson {
  readonly version: typeof JSON_VERSION;
  readonly runId: string | null;
  readonly jobId: string | null;
  readonly jobName: string | null;
  readonly status: KnownStatus;
  readonly statusReason: string | null;
  readonly exitCode: number | null;
  /** Batch was asked, and doesn't know the job any more: the rest is from this computer's record. */
  readonly forgotten: boolean;
  readonly queue: string | null;
  readonly definition: string | null;
  readonly region: string | null;
  readonly localAws: boolean | null;
  readonly urls: { readonly workdir: string | null; readonly manifest: string | null };
  readonly logGroup: string;
  /** The last attempt's; null before the job has one. */
  readonly logStream: string | null;
  readonly logStreams: readonly string[];
  /** The directory given, and the build root above it; null where the job was started elsewhere, or its results stay on AWS. */
  readonly directory: string | null;
  readonly root: string | null;
  readonly command: readonly string[] | null;
  readonly submittedAt: string | null;
  readonly startedAt: string | null;
  readonly stoppedAt: string | null;
  /** Those that have ended, oldest first. */
  readonly attempts: readonly {
    readonly exitCode: number | null;
    readonly reason: string | null;
    readonly logStream: string | null;
  }[];
  /** Of a fan-out, whose job is an array: how many children, and how many are in each state, as far as that is known. */
  readonly children: { readonly size: number; readonly counts: Readonly<Record<string, number>> } | null;
  /** The run that was cut short, and whose rest this one makes. */
  readonly continues: string | null;
  readonly vcpus: number | null;
  readonly memoryMib: number | null;
  /** What it used at most, as far as that came back with its results. */
  readonly peakUse: PeakUse | null;
  readonly sentBytes: number | null;
  readonly broughtBytes: number | null;
  readonly downloadedAt: string | null;
  /** Whether there are results that nobody has brought to this computer. */
  readonly resultsLeft: boolean;
  /** When the bucket's rule deletes the results. */
  readonly expiresAt: string | null;
}

/** @param now milliseconds since 1970 */
export function jobJson(facts: JobFacts, now: number): JobJson {
  const archive = facts.workdir === undefined ? undefined : parseS3Url(facts.workdir);
  const manifest = archive && siblingsOf(archive)?.manifest;
  return {
    version: JSON_VERSION,
    runId: facts.runId ?? null,
    jobId: facts.jobId ?? null,
    jobName: facts.name ?? null,
    status: facts.status,
    statusReason: facts.statusReason ?? null,
    exitCode: facts.exitCode ?? null,
    forgotten: facts.isForgotten,
    queue: facts.queue ?? null,
    definition: facts.definition ?? null,
    region: facts.region ?? null,
    localAws: facts.localAws ?? null,
    urls: { workdir: facts.workdir ?? null, manifest: manifest ? formatS3Url(manifest) : null },
    logGroup: facts.logGroup,
    logStream: facts.logStreams.at(-1) ?? null,
    logStreams: facts.logStreams,
    directory: facts.directory ?? null,
    root: facts.root ?? null,
    command: facts.command ?? null,
    submittedAt: toIso(facts.createdAt),
    startedAt: toIso(facts.startedAt),
    stoppedAt: toIso(facts.stoppedAt),
    attempts: facts.attempts.map(({ exitCode, reason, statusReason, logStream }) => ({
      exitCode: exitCode ?? null,
      reason: reason ?? statusReason ?? null,
      logStream: logStream ?? null,
    })),
    children: facts.children ?? null,
    continues: facts.continues ?? null,
    vcpus: facts.vcpus ?? null,
    memoryMib: facts.memoryMib ?? null,
    peakUse: facts.peakUse ?? null,
    sentBytes: facts.sentBytes ?? null,
    broughtBytes: facts.broughtBytes ?? null,
    downloadedAt: toIso(facts.downloadedAt),
    resultsLeft: hasResultsLeft(facts, now),
    expiresAt: toIso(facts.expiresAt),
  };
}

/** What `jobs show` and `jobs report` add to a job: why it waits or failed. */
export function whyJson({ waits, failed, place }: Why): object {
  const diagnosis = waits ?? failed?.diagnosis;
  return {
    queuePosition: place?.position ?? null,
    queueWaiting: place?.waiting ?? null,
    diagnosis: diagnosis ? { id: diagnosis.id, says: diagnosis.says, mend: diagnosis.mend } : null,
    failedRules: failed?.failedRules ?? [],
  };
}

/** A time in milliseconds since 1970 as ISO 8601, in UTC. */
export function toIso(time: number | undefined): string | null {
  // A record may hold any number.
  return time === undefined || Math.abs(time) > 8.64e15 ? null : new Date(time).toISOString();
}
