import type { Job, JobOrigin } from "../../aws/batch.ts";
import type { LogPlace } from "../../aws/log-place.ts";
import type { JobId, RunId } from "../../runs/types.ts";
import type { S3Object } from "../../transfer/s3-url.ts";
import type { BuildRoot } from "../../workflow/build-root.ts";
import type { Child } from "./fan-out/children.ts";

/** A job of ours, or of the existing program's, and where it belongs. */
export interface Run {
  readonly jobId: JobId;
  /** Undefined where another program named the archive in a way of its own. */
  readonly runId: RunId | undefined;
  /** The archive: what was uploaded, then what the job left. */
  readonly workdir: S3Object;
  /** What holds the results in place of the archive: of a child of a fan-out, what it alone has made. */
  readonly part?: S3Object | undefined;
  /** The job is an array of these. */
  readonly fanOut?: FanOutJobs | undefined;
  /** Where the results go; undefined where they stay on AWS. */
  readonly place: BuildRoot | undefined;
  /** The job's name in Batch. */
  readonly jobName?: string | undefined;
  readonly origin?: JobOrigin | undefined;
  /** Where the job writes its log, by its definition, where that is known. */
  readonly log?: LogPlace | undefined;
  /** What local AWS runs it by, where it is local AWS's and that is known. */
  readonly localBy?: "containers" | "processes" | undefined;
  /** As Batch last described it; undefined right after it was submitted. */
  readonly job?: Job | undefined;
}

/** The jobs of a fan-out beside the array itself. */
export interface FanOutJobs {
  readonly children: readonly Child[];
  /** The job that the array waits for. */
  readonly firstJobId: JobId | undefined;
}
