import { randomBytes } from "node:crypto";
import type { ContainerEnd } from "./executor/executor.ts";
import { optionalObject, optionalString } from "./fields.ts";
import { ecsArn, type Home } from "./names.ts";
import type { ComputeEnvironment, CurrentAttempt, FinishedAttempt, Job } from "./types.ts";

/** Texts of `statusReason`, as AWS Batch words them. */
export const reasons = {
  exited: "Essential container in task exited",
  failedToStart: "Task failed to start",
  timedOut: "Job attempt duration exceeded timeout",
  tooBig:
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job queue.",
  overMaxvCpus:
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU requirement.",
  blocked: "UNDETERMINED - Batch job is blocked, root cause is undetermined.",
  noCapacity:
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - The job cannot run because the compute environment has insufficient instance capacity.",
  outOfMemory: "OutOfMemoryError: Container killed due to memory usage",
  dependencyFailed: "Dependent Job failed",
  childFailed: "Array Child Job failed",
  hostGone: (instance: string) => `Host EC2 (instance ${instance}) terminated.`,
} as const;

/** Has a job wait for its next attempt. */
export function makeRunnable(job: Job): void {
  job.status = "RUNNABLE";
  delete job.statusReason;
  delete job.startedAt;
}

/** A job's next attempt, as a task of an environment's cluster. */
export function newAttempt(job: Job, { name: cluster }: ComputeEnvironment, home: Home): CurrentAttempt {
  const id = () => randomBytes(16).toString("hex");
  const task = id();
  const { group, stream } = logNames(job, task);
  return {
    number: job.attempts.length + 1,
    environment: cluster,
    taskArn: ecsArn(home, "task", `${cluster}/${task}`),
    containerInstanceArn: ecsArn(home, "container-instance", `${cluster}/${id()}`),
    logGroup: group,
    logStream: stream,
  };
}

/** What is kept of an attempt that has ended. */
export function attemptRecord(
  job: Job,
  ended: ContainerEnd | undefined,
  { statusReason, stoppedAt, wasRunning }: { statusReason: string; stoppedAt: number; wasRunning: boolean },
): FinishedAttempt {
  return {
    taskArn: job.current?.taskArn ?? "",
    containerInstanceArn: job.current?.containerInstanceArn ?? "",
    ...(wasRunning && job.current ? { logStreamName: job.current.logStream } : {}),
    ...(ended?.exitCode === undefined ? {} : { exitCode: ended.exitCode }),
    ...(ended?.reason === undefined ? {} : { reason: ended.reason }),
    ...(job.startedAt === undefined ? {} : { startedAt: job.startedAt }),
    stoppedAt,
    statusReason,
  };
}

/** Where a task's log goes: by `logConfiguration` of the container, with Batch's own group and prefix where it names none. */
function logNames(job: Job, task: string): { readonly group: string; readonly stream: string } {
  const options = optionalObject(optionalObject(job.container, "logConfiguration") ?? {}, "options") ?? {};
  const prefix = optionalString(options, "awslogs-stream-prefix") ?? job.definition.name;
  return {
    group: optionalString(options, "awslogs-group") ?? "/aws/batch/job",
    stream: `${prefix.slice(0, 200)}/${job.ecsTask?.containerName ?? "default"}/${task}`,
  };
}
