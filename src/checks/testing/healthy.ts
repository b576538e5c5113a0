import type { JobDefinition } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import type { ComputeEnvironment, ComputeResources, JobQueue } from "../../aws/queue.ts";
import type { Refusal } from "../../aws/refusal.ts";
import type { BucketLifecycle } from "../facts/bucket.ts";
import type { Allowance } from "../facts/permissions.ts";
import type { Facts } from "../facts.ts";
import type { Seen } from "../seen.ts";

const fact = <T>(value: T) => {
  const seen: Seen<T> = { kind: "seen", value };
  return async () => seen;
};

export const DEFINITION: JobDefinition = {
  image: "nextstrain/base:latest",
  attempts: 1,
  timeoutSeconds: 14_400,
  vcpus: 4,
  memoryMib: 7_400,
  roleArn: "arn:aws:iam::123456789012:role/NextstrainJobsRole",
  onFargate: false,
  container: {
    form: { kind: "containerProperties" },
    image: "nextstrain/base:latest",
    resourceRequirements: [],
    vcpus: 4,
    memory: 7_400,
    roleArn: "arn:aws:iam::123456789012:role/NextstrainJobsRole",
    executionRoleArn: undefined,
    logConfiguration: undefined,
    diskGib: undefined,
  },
  detail: {
    jobDefinitionName: "nextstrain-job",
    jobDefinitionArn: "arn:aws:batch:us-east-1:123456789012:job-definition/nextstrain-job:3",
    revision: 3,
    type: "container",
    containerProperties: {},
  },
};

export const QUEUE: JobQueue = {
  name: "nextstrain-job-queue",
  isEnabled: true,
  status: "VALID",
  statusReason: "JobQueue Healthy",
  environments: ["arn:aws:batch:us-east-1:123456789012:compute-environment/lab"],
  givesUp: true,
  schedulingPolicy: undefined,
  runsContainers: true,
  detail: {
    jobQueueName: "nextstrain-job-queue",
    jobQueueArn: "arn:aws:batch:us-east-1:123456789012:job-queue/nextstrain-job-queue",
    state: "ENABLED",
    priority: 1,
    computeEnvironmentOrder: [],
  },
};

const RESOURCES: ComputeResources = {
  kind: "EC2",
  minVcpus: 0,
  maxVcpus: 256,
  instanceTypes: ["c5"],
  launchTemplate: undefined,
};

/** A compute environment as it should be, but for these. */
export function environment(
  changes: Partial<Omit<ComputeEnvironment, "resources">> & {
    readonly resources?: Partial<ComputeResources>;
  } = {},
): ComputeEnvironment {
  return {
    name: "lab",
    arn: "arn:aws:batch:us-east-1:123456789012:compute-environment/lab",
    isEnabled: true,
    status: "VALID",
    statusReason: "ComputeEnvironment Healthy",
    runsContainers: true,
    detail: { computeEnvironmentName: "lab", computeEnvironmentArn: "" },
    ...changes,
    resources: { ...RESOURCES, ...changes.resources },
  };
}

export const LIFECYCLE: BucketLifecycle = {
  expiresAfter: 30,
  abortsAfter: 7,
  rules: 1,
};

/** The actions that permissions are checked for. */
const ACTIONS = [
  ...["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
  ...["batch:SubmitJob", "batch:DescribeJobs", "batch:TerminateJob", "batch:RegisterJobDefinition"],
  ...["logs:GetLogEvents", "iam:PassRole"],
];

export const allowances = (allowance: Allowance): Map<string, Allowance> =>
  new Map(ACTIONS.map((action) => [action, allowance]));

/** Facts of an account in which everything is as it should be, but for these. */
export function factsOf(changes: Partial<Facts> = {}): Facts {
  const region = { value: "us-east-1", source: "the default" };
  return {
    aws: { region, isLocal: false } as Aws,
    names: {
      queue: { value: "nextstrain-job-queue", source: "the default" },
      job: { value: "nextstrain-job", source: "the default" },
      bucket: { value: "lab-jobs", source: "NEXTSTRAIN_AWS_BATCH_S3_BUCKET" },
      prefix: "",
    },
    asked: {},
    signal: new AbortController().signal,
    identity: fact({
      account: "123456789012",
      arn: "arn:aws:iam::123456789012:user/scientist",
      expiresAt: undefined,
    }),
    queue: fact(QUEUE),
    environments: fact([environment()]),
    definition: fact(DEFINITION),
    bucket: fact({ region: "us-east-1" }),
    bucketAccess: fact("blocked" as const),
    bucketPolicy: absent,
    bucketEncryption: fact("AES256"),
    bucketVersioning: fact(false),
    bucketLifecycle: fact(LIFECYCLE),
    uploadHeaders: fact({ kind: "any" } as const),
    logGroup: fact({ retentionDays: 30 }),
    role: fact({
      name: "NextstrainJobsRole",
      arn: "arn:aws:iam::123456789012:role/NextstrainJobsRole",
      trusted: ["ecs-tasks.amazonaws.com"],
    }),
    roleAccess: fact(new Map([["s3:GetObject", { kind: "allowed" } as const]])),
    permissions: fact(allowances({ kind: "allowed" })),
    ...changes,
  };
}

/** A fact that was seen, for {@link factsOf}. */
export const seen = fact;

/** A fact that is no fact: there is no such thing, or it may not be asked. */
export const absent = async () => ({ kind: "absent" }) as const;
export const denied = (permission: string, refusal?: Refusal) => async () =>
  ({ kind: "denied", permission, ...(refusal && { refusal }) }) as const;
