import type { Job } from "../../aws/batch.ts";
import type { ComputeEnvironment, JobQueue } from "../../aws/queue.ts";
import { nameInArn } from "../arn.ts";
import type { Seen } from "../seen.ts";
import type { Step } from "./log-signs.ts";

/** All that a diagnosis of a job can be made from. Texts in it come from AWS and from the job: not to be trusted. */
export interface JobEvidence {
  readonly job: Job;
  readonly isLocal: boolean;
  /** By the option --local-aws, so that commands need it, too. */
  readonly isByOption: boolean;
  /** Of the account, for commands. */
  readonly region: string;
  /** Local AWS runs it without its image, by the programs of this computer. */
  readonly withoutImage: boolean;
  /** The end of the last attempt's log, oldest line first; empty where none was read. */
  readonly logEnd: readonly string[];
  /** What the entrypoint was at when the log ended. */
  readonly step: Step;
  /** Ends of the logs of the rules that failed, one after the other. */
  readonly ruleLogs: readonly string[];
  /** Names of the Snakemake rules that failed, by the job's log. */
  readonly failedRules: readonly string[];
  /** Where the job waits; undefined where nobody has looked. */
  readonly queue?: Seen<JobQueue> | undefined;
  /** The queue's compute environments; undefined where nobody has looked. */
  readonly environments?: Seen<readonly ComputeEnvironment[]> | undefined;
}

/** The IAM actions that show a job's queue and its environments. */
export const SURROUNDINGS = ["batch:DescribeJobQueues", "batch:DescribeComputeEnvironments"] as const;

/** One state that a job can be in, and what is to be said of it. */
export interface Symptom {
  /** Stable, lower case: part of the finding's id. */
  readonly id: string;
  /** IAM actions that seeing all of it takes beside `batch:DescribeJobs`: they show the job's queue and its environments. */
  readonly takes?: readonly string[];
  /** What to say, where the evidence shows it. */
  readonly see: (evidence: JobEvidence) => Told | undefined | false;
}

/** What a scientist is told. */
export interface Told {
  /** What is wrong, in a sentence. */
  readonly says: string;
  /** The next step. */
  readonly mend: string;
  /** The job may get on by itself (`caution`), or it can't be told what is wrong (`unknown`). Default: `wrong`. */
  readonly mark?: "caution" | "unknown";
}

/** All reasons that Batch gives for how the job is: the job's, its container's, and those of its last attempt. */
export function reasonsOf({ reason, statusReason, attempts = [] }: Job): readonly string[] {
  const last = attempts.at(-1);
  const all = [reason, statusReason, last?.reason, last?.statusReason];
  return [...new Set(all.filter((one) => one !== undefined && one !== ""))] as string[];
}

/** The first reason that a pattern matches, with what it caught. */
export function findReason(job: Job, pattern: RegExp): RegExpExecArray | undefined {
  for (const reason of reasonsOf(job)) {
    const match = pattern.exec(reason);
    if (match !== null) return match;
  }
  return undefined;
}

/** A computer that was taken away from under a job: a Spot computer of EC2's, or of Fargate's. */
export const TAKEN_AWAY = /^Host EC2 \(instance [^)]*\) terminated|^Your Spot Task was interrupted/;

/** The name at the end of a name of resource (`arn:…:job-queue/NAME`), or the name itself. */
export function nameOf(resource: string | undefined): string | undefined {
  return resource === undefined ? undefined : nameInArn(resource) || undefined;
}

/** The program that the job runs: what follows the entrypoint and `env --chdir … --` in its command. */
export function programOf({ origin }: Job): string {
  const command = origin?.command ?? [];
  return command[command.indexOf("--") + 1] ?? "its program";
}

/** Whether the job runs by the script that has it keep what it has made when it is stopped (runtimes/aws-batch/wrapper). */
export function isWrapped({ origin }: Job): boolean {
  const command = origin?.command ?? [];
  return command[0] === "bash" && command.indexOf("/sbin/entrypoint-aws-batch") > 0;
}

/** The exit status by which that script says that the job was stopped, and that what was finished by then is uploaded. */
export const STOPPED_BY_SCRIPT = 143;

/** Whether the job was stopped and uploaded what was finished by then. */
export function hasKeptWork(job: Job): boolean {
  return job.exitCode === STOPPED_BY_SCRIPT && isWrapped(job);
}

/** What became of the work of a job that was stopped or killed, in a sentence. */
export function fateOfWork(job: Job, end: "stopped" | "killed"): string {
  if (hasKeptWork(job)) return "It uploaded what it had finished.";
  return isWrapped(job)
    ? "Of a job that is killed, only its last checkpoint is left."
    : `A job that is ${end} brings no results back.`;
}

/** `job definition NAME:REVISION` */
export function definitionOf({ origin }: Job): string {
  const name = nameOf(origin?.definition);
  return name === undefined ? "job definition" : `job definition ${name}`;
}
