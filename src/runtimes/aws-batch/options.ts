import type { Sourced } from "../../settings.ts";

/** How a build is to run on AWS Batch: the settings, resolved, and the options that only this runtime has. */
export interface AwsBatchOptions {
  /** Use the stand-in for AWS on this computer. */
  readonly localAws: boolean;
  readonly job: Sourced<string>;
  readonly queue: Sourced<string>;
  readonly bucket: Sourced<string>;
  /** vCPUs of the job; undefined: the job definition's. */
  readonly cpus: number | undefined;
  /** MiB of the job; undefined: the job definition's. */
  readonly memoryMib: number | undefined;
  /** Take up this job in place of submitting one. */
  readonly attach: string | undefined;
  readonly detach: boolean;
  readonly detachOnInterrupt: boolean;
  readonly download: boolean;
  readonly logs: boolean;
}
