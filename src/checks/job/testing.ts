import type { Job, JobAttempt } from "../../aws/batch.ts";
import type { ComputeEnvironment, JobQueue } from "../../aws/queue.ts";
import { toJobId } from "../../runs/ids.ts";
import type { Seen } from "../seen.ts";
import type { JobEvidence } from "./evidence.ts";

const ARN = "arn:aws:batch:us-east-1:123456789012";
export const ARCHIVE = "s3://nextstrain-jobs/run.zip";

/** A job of the users' guide's size, as Batch describes it. */
export function makeJob(fields: Partial<Job> = {}): Job {
  return {
    id: toJobId("00000000-0000-4000-8000-000000000001"),
    name: "run",
    status: "FAILED",
    statusReason: undefined,
    startedAt: 1,
    stoppedAt: 2,
    exitCode: undefined,
    reason: undefined,
    logStreams: [],
    maxAttempts: 1,
    environment: new Map([
      ["NEXTSTRAIN_AWS_BATCH_WORKDIR_URL", ARCHIVE],
      ["NEXTSTRAIN_ENVD_URL", "s3://nextstrain-jobs/run-env.d.zip"],
    ]),
    origin: {
      queue: `${ARN}:job-queue/nextstrain-job-queue`,
      definition: `${ARN}:job-definition/nextstrain-job:3`,
      command: ["/sbin/entrypoint-aws-batch", "env", "--chdir", "/nextstrain/build", "--", "snakemake"],
      submittedAt: 0,
    },
    container: {
      image: "nextstrain/base:latest",
      vcpus: 4,
      memoryMib: 7_400,
      timeoutSeconds: 14_400,
      roleArn: "arn:aws:iam::123456789012:role/NextstrainJobsRole",
    },
    ...fields,
  };
}

export function makeEvidence(fields: Partial<JobEvidence> = {}): JobEvidence {
  const nothing = { logEnd: [], step: "over", failedRules: [], ruleLogs: [] } as const;
  return {
    job: makeJob(),
    isLocal: false,
    isByOption: false,
    region: "us-east-1",
    withoutImage: false,
    ...nothing,
    ...fields,
  };
}

/** A compute environment in good health that may start these computers. */
export function makeEnvironment(
  instanceTypes: readonly string[],
  fields: Partial<ComputeEnvironment> & { readonly kind?: string; readonly maxVcpus?: number } = {},
): ComputeEnvironment {
  const { kind = "EC2", maxVcpus = 256, ...rest } = fields;
  return {
    name: "nextstrain-environment",
    arn: `${ARN}:compute-environment/nextstrain-environment`,
    isEnabled: true,
    status: "VALID",
    statusReason: undefined,
    runsContainers: true,
    resources: { kind, minVcpus: 0, maxVcpus, instanceTypes, launchTemplate: undefined },
    detail: {} as ComputeEnvironment["detail"],
    ...rest,
  };
}

export function seen<T>(value: T): Seen<T> {
  return { kind: "seen", value };
}

/** The guide's queue, in good health. */
export function makeQueue(fields: Partial<JobQueue> = {}): JobQueue {
  return {
    name: "nextstrain-job-queue",
    isEnabled: true,
    status: "VALID",
    statusReason: undefined,
    environments: ["nextstrain-environment"],
    givesUp: false,
    schedulingPolicy: undefined,
    runsContainers: true,
    detail: {} as JobQueue["detail"],
    ...fields,
  };
}

type Fields = Partial<JobEvidence> & { readonly job?: Job };

/** A case of a table: the symptom that it is of, what is special about it, and what is seen of the job. */
export type Case = readonly [symptom: string, state: string, evidence: JobEvidence];

export const failed = (fields: Partial<Job>, evidence: Fields = {}) =>
  makeEvidence({ job: makeJob(fields), ...evidence });

export const ended = (exitCode: number, evidence: Fields = {}) =>
  failed({ exitCode, statusReason: "Essential container in task exited" }, evidence);

export const notStarted = (reason: string) =>
  failed({ startedAt: undefined, statusReason: "Task failed to start", reason });

export const waiting = (statusReason: string | undefined, evidence: Fields = {}, fields: Partial<Job> = {}) =>
  makeEvidence({
    job: makeJob({ status: "RUNNABLE", startedAt: undefined, stoppedAt: undefined, statusReason, ...fields }),
    queue: seen(makeQueue()),
    environments: seen([makeEnvironment(["c5"])]),
    ...evidence,
  });

export const unseen = { queue: undefined, environments: undefined };

export const pullError = (message: string) => notStarted(`CannotPullContainerError: ${message}`);

export const s3Error = (code: string, operation = "GetObject") =>
  `fatal error: An error occurred (${code}) when calling the ${operation} operation: Key "run.zip" does not exist`;

export const attempt: JobAttempt = {
  exitCode: 1,
  reason: undefined,
  statusReason: "Essential container in task exited",
};
