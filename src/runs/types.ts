declare const brand: unique symbol;
/** A UUID v4 made by us: names the run's objects in the bucket, and its job. */
export type RunId = string & { readonly [brand]: "RunId" };
/** The id AWS Batch gave a job. */
export type JobId = string & { readonly [brand]: "JobId" };

/** A file as it was when a run began. */
export interface FileState {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
  /** Permission bits. */
  readonly mode: number;
  readonly crc32: number;
  /** Hex. */
  readonly sha256: string;
}

/** A file state with what only this computer can know of it. */
export interface LocalFileState extends FileState {
  /** Of a file that is reached by a link: when the link itself was made. */
  readonly linkMtimeMs?: number | undefined;
  readonly ctimeMs: number;
  readonly ino: number;
  readonly dev: number;
}

/** A local file state with the time (milliseconds since 1970) before which the file can't have been touched without it showing. */
export interface SeenFileState extends LocalFileState {
  readonly seenAt: number;
}

/** Stored in the bucket beside the archive as `<run id>.json.gz`: what was uploaded. Untrusted when read back. */
export interface Manifest {
  readonly version: 1;
  readonly runId: RunId;
  readonly uploaded: readonly FileState[];
}

/** The files of a run as recorded on this computer. */
export interface RecordedFiles {
  readonly version: 1;
  readonly uploaded: readonly LocalFileState[];
  readonly excluded: readonly LocalFileState[];
  /** Directories that were there although no file of theirs is listed: empty ones, and `.snakemake`. */
  readonly directories: readonly string[];
}

/** What this computer keeps of a run: all that is needed to find it again, on AWS and here. */
export interface RunRecord {
  readonly version: 1;
  readonly runId: RunId;
  /** Not there before the job is submitted. */
  readonly jobId?: JobId | undefined;
  readonly jobName: string;
  /** Of a fan-out, whose job is an array. */
  readonly children?: RecordedChildren | undefined;
  /** The run that was cut short, and whose rest this one makes. */
  readonly continues?: RunId | undefined;
  readonly queue: string;
  readonly definition: string;
  readonly region: string;
  readonly profile?: string | undefined;
  /** Ran on the built-in stand-in for AWS. */
  readonly localAws: boolean;
  /** The endpoint's URL where it isn't AWS's own. */
  readonly endpoint?: string | undefined;
  /** `s3://…` */
  readonly urls: { readonly workdir: string; readonly envd?: string | undefined; readonly manifest: string };
  /** The build root, absolute. */
  readonly root: string;
  /** The directory given by the user, absolute; in the build root. */
  readonly directory: string;
  readonly command: readonly string[];
  /** Milliseconds since 1970, like the other times. To be taken before the files are looked at. */
  readonly createdAt: number;
  readonly submittedAt?: number | undefined;
  /** When the bucket's rule deletes the archive as it was uploaded; undefined where no rule does. */
  readonly expiresAt?: number | undefined;
  /** When its last attempt began to run. */
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  /** As Batch last told it: `RUNNABLE`, `SUCCEEDED`, … */
  readonly status?: string | undefined;
  readonly statusReason?: string | undefined;
  readonly exitCode?: number | undefined;
  /** When all results had been brought back. */
  readonly downloadedAt?: number | undefined;
  /** Bytes that were uploaded, what S3 copied from the last run's archive left out. */
  readonly sentBytes?: number | undefined;
  /** Bytes of the results that were brought back, uncompressed. */
  readonly broughtBytes?: number | undefined;
  /** What the job was given. */
  readonly vcpus?: number | undefined;
  readonly memoryMib?: number | undefined;
  /** What it has used at most, as far as that came back with its results. */
  readonly peakUse?: PeakUse | undefined;
  /** The attempts that have ended, oldest first. */
  readonly attempts?: readonly RecordedAttempt[] | undefined;
  readonly logGroup: string;
  /** One for each attempt, oldest first. */
  readonly logStreams: readonly string[];
}

/** The children of a fan-out, by their index. */
export interface RecordedChildren {
  /** The arguments of each, as a shell reads them. */
  readonly labels: readonly string[];
  /** The targets that were built before them, and the job that built them. */
  readonly first?: readonly string[] | undefined;
  readonly firstJobId?: JobId | undefined;
  /** Those that did not succeed, once all have ended. */
  readonly failed?: readonly number[] | undefined;
}

/** What a job has used at most, sampled every few seconds. */
export interface PeakUse {
  /** Without what the kernel could take back. */
  readonly memoryBytes: number;
  /** Processors kept busy. */
  readonly cores: number;
  /** More than when the job began. */
  readonly diskBytes: number;
}

/** How an attempt of a job ended, as Batch told it. */
export interface RecordedAttempt {
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
  readonly statusReason?: string | undefined;
  readonly logStream?: string | undefined;
}
