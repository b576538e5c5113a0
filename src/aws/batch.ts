import {
  type AttemptContainerDetail,
  type BatchClient,
  DescribeJobDefinitionsCommand,
  DescribeJobsCommand,
  type JobDefinition as JobDefinitionDetail,
  type JobDetail,
  type ResourceRequirement,
  TerminateJobCommand,
} from "@aws-sdk/client-batch";
import type { JobId } from "../runs/types.ts";
import { attemptContainer, containerOf, type DefinedContainer, definedContainer } from "./batch-container.ts";
import { explainAwsError } from "./errors.ts";
import { type LogPlace, readLogPlace } from "./log-place.ts";

export type JobStatus =
  | "SUBMITTED"
  | "PENDING"
  | "RUNNABLE"
  | "STARTING"
  | "RUNNING"
  | "SUCCEEDED"
  | "FAILED";

/** A job as Batch describes it, reduced to what this program reads. Times are milliseconds since 1970. */
export interface Job {
  readonly id: JobId;
  readonly name: string;
  readonly status: JobStatus;
  readonly statusReason: string | undefined;
  readonly startedAt: number | undefined;
  readonly stoppedAt: number | undefined;
  readonly exitCode: number | undefined;
  /** Why the container ended, where there is more to say than its exit code. */
  readonly reason: string | undefined;
  /** Log streams of the attempts so far, oldest first, the current one's last. */
  readonly logStreams: readonly string[];
  /** Where these are; undefined: where Batch's own are. */
  readonly log?: LogPlace;
  /** How many attempts Batch will make at most. */
  readonly maxAttempts: number;
  /** Environment that the job was submitted with. */
  readonly environment: ReadonlyMap<string, string>;
  readonly origin?: JobOrigin;
  readonly container?: JobContainer;
  /** The attempts that have ended, oldest first. */
  readonly attempts?: readonly JobAttempt[];
  /** Whether somebody asked Batch to stop it (TerminateJob or CancelJob). */
  readonly wasStopped?: boolean;
  /** The jobs that it waits for, or waited. */
  readonly dependsOn?: readonly JobId[];
  /** Of the parent of an array. */
  readonly array?: JobArray | undefined;
}

/** How the children of an array are. */
export interface JobArray {
  readonly size: number;
  /** How many are in each state, as far as Batch has counted (`statusSummary`). */
  readonly counts: Readonly<Partial<Record<JobStatus, number>>>;
}

/** What a job was given to run in. */
export interface JobContainer {
  readonly image: string;
  /** Undefined where Batch doesn't say. */
  readonly vcpus: number | undefined;
  /** As for vCPUs. */
  readonly memoryMib: number | undefined;
  /** Seconds that an attempt may take; undefined where there is no limit. */
  readonly timeoutSeconds: number | undefined;
  /** Name of resource of the role that the job has; undefined where it has none. */
  readonly roleArn: string | undefined;
  readonly onFargate?: boolean;
}

/** How an attempt ended. */
export interface JobAttempt {
  readonly exitCode: number | undefined;
  /** Why the container ended, where there is more to say than its exit code. */
  readonly reason: string | undefined;
  readonly statusReason: string | undefined;
  /** Undefined where its container never started. */
  readonly logStream?: string | undefined;
}

/** How a job was submitted. */
export interface JobOrigin {
  readonly queue: string;
  readonly definition: string;
  readonly command: readonly string[];
  /** Milliseconds since 1970. */
  readonly submittedAt: number | undefined;
}

export function hasEnded(job: Job): boolean {
  return job.status === "SUCCEEDED" || job.status === "FAILED";
}

/** The job (DescribeJobs), or undefined where Batch doesn't know it or knows it no longer. */
export async function describeJob(
  batch: BatchClient,
  id: JobId,
  signal: AbortSignal,
): Promise<Job | undefined> {
  const { jobs = [] } = await batch.send(new DescribeJobsCommand({ jobs: [id] }), { abortSignal: signal });
  return jobs[0] === undefined ? undefined : readJob(jobs[0]);
}

/** Reduces a job, as DescribeJobs has it, to what this program reads. */
export function readJob(detail: JobDetail): Job {
  const container = containerOf(detail);
  const log = readLogPlace(container.logConfiguration, detail.jobArn);
  const streams = [
    ...(detail.attempts ?? []).map((attempt) => streamOf(attemptContainer(attempt), log)),
    streamOf(container, log),
  ].filter((stream) => stream !== undefined);
  return {
    id: detail.jobId as JobId,
    name: detail.jobName ?? "",
    status: detail.status as JobStatus,
    statusReason: detail.statusReason,
    startedAt: detail.startedAt || undefined,
    stoppedAt: detail.stoppedAt || undefined,
    exitCode: container.exitCode,
    reason: container.reason,
    logStreams: [...new Set(streams)],
    log,
    maxAttempts: detail.retryStrategy?.attempts ?? 1,
    environment: new Map((container.environment ?? []).map(({ name = "", value = "" }) => [name, value])),
    origin: {
      queue: detail.jobQueue ?? "",
      definition: detail.jobDefinition ?? "",
      command: container.command ?? [],
      submittedAt: detail.createdAt,
    },
    container: readContainer(detail),
    attempts: (detail.attempts ?? []).map((attempt) => ({
      exitCode: attemptContainer(attempt).exitCode,
      reason: attemptContainer(attempt).reason,
      statusReason: attempt.statusReason,
      logStream: streamOf(attemptContainer(attempt), log),
    })),
    wasStopped: Boolean(detail.isTerminated || detail.isCancelled),
    dependsOn: (detail.dependsOn ?? []).flatMap(({ jobId }) => (jobId ? [jobId as JobId] : [])),
    array: readArray(detail),
  };
}

function readArray({ arrayProperties }: JobDetail): JobArray | undefined {
  const { size, statusSummary = {} } = arrayProperties ?? {};
  return size ? { size, counts: statusSummary as JobArray["counts"] } : undefined;
}

/** The stream that Batch names, or where it names none the one that the log driver makes of a prefix: PREFIX/default/TASK. */
function streamOf(container: AttemptContainerDetail | undefined, log: LogPlace): string | undefined {
  if (container?.logStreamName !== undefined) return container.logStreamName;
  const task = container?.taskArn?.split("/").at(-1);
  return task && log.kind === "group" && log.prefix ? `${log.prefix}/default/${task}` : undefined;
}

function readContainer(detail: JobDetail): JobContainer {
  const container = containerOf(detail);
  const { timeout } = detail;
  const requirements = container.resourceRequirements ?? [];
  return {
    image: container.image ?? "",
    // The older fields are there only for jobs that were given them.
    vcpus: (requirement(requirements, "VCPU") ?? container.vcpus) || undefined,
    memoryMib: (requirement(requirements, "MEMORY") ?? container.memory) || undefined,
    timeoutSeconds: timeout?.attemptDurationSeconds,
    roleArn: container.jobRoleArn || undefined,
    onFargate: detail.platformCapabilities?.includes("FARGATE") ?? false,
  };
}

/** What of a job definition matters to a build. */
export interface JobDefinition {
  readonly image: string;
  /** How many attempts Batch makes at most. */
  readonly attempts: number;
  /** Seconds that an attempt may take; undefined where there is no limit. */
  readonly timeoutSeconds: number | undefined;
  /** What a job gets where it asks for nothing else; 0 where the definition doesn't say. */
  readonly vcpus: number;
  /** As for vCPUs. */
  readonly memoryMib: number;
  /** Name of resource of the role that jobs have; undefined where they have none. */
  readonly roleArn: string | undefined;
  /** Whether its jobs run on Fargate, which has no computers to choose. */
  readonly onFargate: boolean;
  readonly container: DefinedContainer;
  /** Where jobs write their logs; undefined: where Batch's own are. */
  readonly log?: LogPlace;
  /** All of it, as Batch describes it. */
  readonly detail: JobDefinitionDetail;
}

/** A name, or a name of resource, without a revision: SubmitJob takes both, DescribeJobDefinitions only the name. */
const LATEST = /^(?:arn:.*:job-definition\/)?([^:/]+)$/;

/** The latest active revision of a definition (DescribeJobDefinitions), or the one named; undefined where there is none. */
export async function describeDefinition(
  batch: BatchClient,
  name: string,
  signal: AbortSignal,
): Promise<JobDefinition | undefined> {
  const latest = LATEST.exec(name)?.[1];
  const { jobDefinitions = [] } = await batch.send(
    new DescribeJobDefinitionsCommand(
      // Batch takes nothing else beside `jobDefinitions`: inactive revisions come, too.
      latest === undefined ? { jobDefinitions: [name] } : { jobDefinitionName: latest, status: "ACTIVE" },
    ),
    { abortSignal: signal },
  );
  const found = jobDefinitions
    .filter(({ status }) => status !== "INACTIVE")
    .toSorted((a, b) => (b.revision ?? 0) - (a.revision ?? 0))[0];
  return found && readDefinition(found);
}

/** Reduces a definition to what matters to a build. */
export function readDefinition(detail: JobDefinitionDetail): JobDefinition {
  const container = definedContainer(detail);
  const { resourceRequirements } = container;
  return {
    image: container.image ?? "",
    attempts: detail.retryStrategy?.attempts ?? 1,
    timeoutSeconds: detail.timeout?.attemptDurationSeconds,
    vcpus: requirement(resourceRequirements, "VCPU") ?? container.vcpus ?? 0,
    memoryMib: requirement(resourceRequirements, "MEMORY") ?? container.memory ?? 0,
    roleArn: container.roleArn,
    onFargate: detail.platformCapabilities?.includes("FARGATE") ?? false,
    container,
    log: readLogPlace(container.logConfiguration, detail.jobDefinitionArn),
    detail,
  };
}

function requirement(requirements: readonly ResourceRequirement[], type: string): number | undefined {
  const value = requirements.find((one) => one.type === type)?.value;
  return value === undefined ? undefined : Number(value);
}

/** Stops a job in any state (TerminateJob). */
export async function terminateJob(batch: BatchClient, id: JobId, reason: string): Promise<void> {
  try {
    await batch.send(new TerminateJobCommand({ jobId: id, reason }));
  } catch (error) {
    throw explainAwsError(error, `cancel job ${id}`);
  }
}
