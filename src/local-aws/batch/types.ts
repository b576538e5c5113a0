/** JSON object of a request or of the state on disk. */
export type Json = Readonly<Record<string, unknown>>;

export const jobStatuses = [
  "SUBMITTED",
  "PENDING",
  "RUNNABLE",
  "STARTING",
  "RUNNING",
  "SUCCEEDED",
  "FAILED",
] as const;
export type JobStatus = (typeof jobStatuses)[number];

export type SwitchState = "ENABLED" | "DISABLED";

export interface NameValue {
  readonly name: string;
  readonly value: string;
}

export interface ResourceRequirement {
  readonly type: string;
  readonly value: string;
}

/** One rule of `retryStrategy.evaluateOnExit`. */
export interface ExitCondition {
  readonly onStatusReason?: string;
  readonly onReason?: string;
  readonly onExitCode?: string;
  readonly action: string;
}

export interface RetryStrategy {
  /** 1 to 10. */
  readonly attempts: number;
  readonly evaluateOnExit: readonly ExitCondition[];
}

/** `containerProperties`: what local AWS reads of it, and the rest as it was given. */
export interface ContainerProperties {
  readonly [other: string]: unknown;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: readonly NameValue[];
  readonly resourceRequirements: readonly ResourceRequirement[];
}

/** What a job asks for. */
export interface Size {
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/** What `ecsProperties` says of a task besides its container. */
export interface EcsTask {
  /** `taskProperties[0]` without its containers. */
  readonly properties: Json;
  /** Part of the log streams' names. */
  readonly containerName: string;
}

export interface JobDefinition {
  readonly name: string;
  readonly revision: number;
  readonly status: "ACTIVE" | "INACTIVE";
  readonly container: ContainerProperties;
  /** Where it was registered by `ecsProperties`. */
  readonly ecsTask?: EcsTask;
  readonly parameters: Readonly<Record<string, string>>;
  readonly retryStrategy?: RetryStrategy;
  readonly timeoutSeconds?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly propagateTags?: boolean;
  readonly platformCapabilities?: readonly string[];
  readonly schedulingPriority?: number;
}

export interface JobQueue {
  readonly name: string;
  readonly state: SwitchState;
  readonly priority: number;
  /** Names of compute environments, in the order in which they are tried. */
  readonly environments: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly jobStateTimeLimitActions?: readonly unknown[];
  /** Name of the scheduling policy; without one jobs go first in, first out. */
  readonly schedulingPolicy?: string;
}

/** A scheduling policy of fair shares. */
export interface SchedulingPolicy {
  readonly name: string;
  /** `fairsharePolicy` as it was given. */
  readonly fairShares?: Json;
  readonly tags: Readonly<Record<string, string>>;
}

export interface ComputeEnvironment {
  readonly name: string;
  readonly uuid: string;
  readonly state: SwitchState;
  readonly maxvCpus: number;
  readonly instanceTypes: readonly string[];
  /** `computeResources` as it was given. */
  readonly resources: Json;
  readonly serviceRole?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** This computer, where the environment stands for it: one machine that all its jobs share. */
  readonly machine?: Size;
}

/** Tells a process from a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; differs between processes that ever had this id. */
  readonly startTime: string;
}

/** An attempt that has ended, as `attempts[]` shows it. */
export interface FinishedAttempt {
  readonly taskArn: string;
  readonly containerInstanceArn: string;
  readonly logStreamName?: string;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly startedAt?: number;
  readonly stoppedAt: number;
  readonly statusReason: string;
}

/** The attempt a job is in. */
export interface CurrentAttempt {
  /** From 1. */
  readonly number: number;
  readonly environment: string;
  readonly taskArn: string;
  readonly containerInstanceArn: string;
  readonly logGroup: string;
  readonly logStream: string;
  process?: ProcessIdentity;
}

/** One entry of `dependsOn`. Without a job id, SEQUENTIAL: each child of an array waits for the one before it. */
export interface Dependency {
  readonly jobId?: string;
  /** N_TO_N: each child of an array waits for the child of the other array that has the same index. */
  readonly type?: "N_TO_N" | "SEQUENTIAL";
}

/** A child's place in its array. */
export interface Place {
  readonly parentId: string;
  /** From 0. */
  readonly index: number;
  /** Of the whole array. */
  readonly size: number;
}

/** A job: its own record on disk, changed as it goes. Times are milliseconds since 1970. */
export interface Job {
  readonly version: 1;
  readonly jobId: string;
  readonly jobName: string;
  readonly queue: string;
  readonly definition: { readonly name: string; readonly revision: number };
  readonly parameters: Readonly<Record<string, string>>;
  readonly retryStrategy?: RetryStrategy;
  readonly timeoutSeconds?: number;
  tags: Readonly<Record<string, string>>;
  readonly propagateTags?: boolean;
  readonly platformCapabilities?: readonly string[];
  /** Only in queues with a scheduling policy. */
  readonly shareIdentifier?: string;
  readonly schedulingPriority?: number;
  /** The definition's container with the overrides of the submission in it. */
  readonly container: ContainerProperties;
  /** The definition's. */
  readonly ecsTask?: EcsTask;
  readonly size: Size;
  /** Of an array's parent, which never runs itself: how many children it has. */
  readonly arraySize?: number;
  /** Of an array's child; its `jobId` is `PARENT:INDEX`. */
  readonly place?: Place;
  /** What has to succeed first; of an array, only its parent has this. */
  readonly dependsOn?: readonly Dependency[];
  readonly createdAt: number;
  /** Orders jobs submitted in the same millisecond. */
  readonly sequence: number;
  /** Why the job fails as soon as it is looked at. */
  readonly invalid?: string;
  status: JobStatus;
  statusReason?: string;
  startedAt?: number;
  stoppedAt?: number;
  attempts: FinishedAttempt[];
  current?: CurrentAttempt;
  isCancelled?: boolean;
  isTerminated?: boolean;
  /** Why the attempt, or the array, is being stopped. */
  stopping?: string;
}

export function isFinished(job: Job): boolean {
  return job.status === "SUCCEEDED" || job.status === "FAILED";
}
