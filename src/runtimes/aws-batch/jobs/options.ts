import type { Sourced } from "../../../settings.ts";

/** What all commands about jobs are told: which account, and where in it. */
export interface JobsOptions {
  /** Only what is on the stand-in for AWS on this computer. */
  readonly localAws: boolean;
  readonly queue: Sourced<string>;
  readonly bucket: Sourced<string>;
  /** How long trouble with AWS is waited out. Milliseconds. */
  readonly patience: number;
}
