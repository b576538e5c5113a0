import type { Encryption } from "../../aws/encryption.ts";
import type { Tags } from "../../aws/tags.ts";
import type { RunId } from "../../runs/types.ts";
import type { Sourced } from "../../settings.ts";
import type { PathMatcher } from "../../workflow/patterns.ts";
import type { FanOut } from "./fan-out/children.ts";

/** How the user hears that a job is over. */
export type NotifyOptions =
  /** A notification on the desktop, else the terminal's bell. */
  | { readonly kind: "desktop" }
  /** A shell's command, which reads the job as JSON. */
  | { readonly kind: "command"; readonly command: string };

/** How a build is to run on AWS Batch: the settings, resolved, and the options that only this runtime has. */
export interface AwsBatchOptions {
  /** Use the stand-in for AWS on this computer. */
  readonly localAws: boolean;
  readonly job: Sourced<string>;
  readonly queue: Sourced<string>;
  readonly bucket: Sourced<string>;
  /** In place of the job definition's; undefined where nobody named one. */
  readonly image: Sourced<string> | undefined;
  /** vCPUs of the job; undefined: the job definition's. */
  readonly cpus: number | undefined;
  /** MiB of the job; undefined: the job definition's. */
  readonly memoryMib: number | undefined;
  /** Whether a job that is stopped uploads what it has finished. */
  readonly gracefulStop: boolean;
  /** From one checkpoint of a job's results to the next; 0: none. */
  readonly checkpointSeconds: number;
  /** How often a job that is cut short is begun again; undefined: as often as its definition says, and where the user agrees. */
  readonly retries: number | undefined;
  /** Share of a queue that has them; undefined where nobody named one. */
  readonly share: Sourced<string> | undefined;
  /** Scheduling priority within the share; undefined: the job definition's. */
  readonly priority: Sourced<number> | undefined;
  /** Of the job, and of a definition registered for it. */
  readonly tags: Tags;
  /** What uploads say of encryption; undefined: nothing. */
  readonly encryption: Encryption | undefined;
  /** Submit an array of jobs, each with arguments of its own; undefined: one job. */
  readonly fanOut?: FanOut | undefined;
  /** Submit those children of the directory's last fan-out that failed. */
  readonly fanOutRetry?: boolean;
  /** The run that was cut short, and whose rest is submitted. */
  readonly continues?: RunId | undefined;
  /** Take up this job in place of submitting one. */
  readonly attach: string | undefined;
  /** Stop the job that is attached to. */
  readonly cancel: boolean;
  readonly detach: boolean;
  readonly detachOnInterrupt: boolean;
  readonly download: boolean;
  /** Which of the job's files to bring back; undefined: all that it changed. */
  readonly wanted: PathMatcher | undefined;
  /** Patterns of what is not to be uploaded. */
  readonly excludeFromUpload: readonly string[];
  readonly logs: boolean;
  /** How long trouble with AWS is waited out while the job runs. Milliseconds. */
  readonly patience: number;
  /** Absolute path of the file that is to tell of the job. */
  readonly jobInfo: string | undefined;
  /** How the user hears that the job is over; undefined: not at all. */
  readonly notify: NotifyOptions | undefined;
}

/** What of a build's options its small job for check-setup shares. */
export type CanaryOptions = Pick<
  AwsBatchOptions,
  | "queue"
  | "job"
  | "bucket"
  | "cpus"
  | "memoryMib"
  | "share"
  | "priority"
  | "tags"
  | "gracefulStop"
  | "checkpointSeconds"
  | "retries"
>;

/** What of them matters to the set-up. */
export type SetupOptions = CanaryOptions & Pick<AwsBatchOptions, "localAws" | "encryption">;
