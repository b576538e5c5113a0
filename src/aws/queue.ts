import {
  type BatchClient,
  type ComputeEnvironmentDetail,
  DescribeComputeEnvironmentsCommand,
  DescribeJobQueuesCommand,
  type JobQueueDetail,
} from "@aws-sdk/client-batch";

/** A job queue, reduced to what this program reads. */
export interface JobQueue {
  readonly name: string;
  readonly isEnabled: boolean;
  /** VALID in good health; INVALID, CREATING, UPDATING, DELETING … */
  readonly status: string;
  readonly statusReason: string | undefined;
  /** Names of resource of the compute environments, in the order in which they are tried. */
  readonly environments: readonly string[];
  /** Whether Batch is told to take jobs that can't start off the queue (`jobStateTimeLimitActions`). */
  readonly givesUp: boolean;
  /** Name of resource of its scheduling policy: with one, each job must have a share. */
  readonly schedulingPolicy: string | undefined;
  /** Whether its jobs are containers of ECS; false on Kubernetes (EKS). */
  readonly runsContainers: boolean;
  readonly detail: JobQueueDetail;
}

/** A compute environment: where Batch gets computers from. */
export interface ComputeEnvironment {
  readonly name: string;
  readonly arn: string;
  readonly isEnabled: boolean;
  /** VALID in good health; INVALID, CREATING, UPDATING, DELETING … */
  readonly status: string;
  readonly statusReason: string | undefined;
  /** Of managed environments, which are what the users' guide asks for. */
  readonly resources: ComputeResources | undefined;
  /** Whether its jobs are containers of ECS; false on Kubernetes (EKS). */
  readonly runsContainers: boolean;
  readonly detail: ComputeEnvironmentDetail;
}

/** What the computers of an environment may be, and how many. */
export interface ComputeResources {
  /** EC2, SPOT, FARGATE or FARGATE_SPOT. */
  readonly kind: string;
  readonly minVcpus: number;
  /** Infinite where Batch doesn't say. */
  readonly maxVcpus: number;
  /** Types and families as they were given: `c5.xlarge`, `c5`, `optimal`. */
  readonly instanceTypes: readonly string[];
  readonly launchTemplate: { readonly name: string; readonly version: string } | undefined;
}

/** The queue (DescribeJobQueues), or undefined where there is none of that name. */
export async function describeQueue(
  batch: BatchClient,
  name: string,
  signal: AbortSignal,
): Promise<JobQueue | undefined> {
  const { jobQueues = [] } = await batch.send(new DescribeJobQueuesCommand({ jobQueues: [name] }), {
    abortSignal: signal,
  });
  return jobQueues[0] && readQueue(jobQueues[0]);
}

function readQueue(detail: JobQueueDetail): JobQueue {
  const order = (detail.computeEnvironmentOrder ?? []).toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0));
  return {
    name: detail.jobQueueName ?? "",
    isEnabled: detail.state !== "DISABLED",
    status: detail.status ?? "VALID",
    statusReason: detail.statusReason,
    environments: order.map(({ computeEnvironment = "" }) => computeEnvironment),
    givesUp: (detail.jobStateTimeLimitActions ?? []).length > 0,
    runsContainers: detail.jobQueueType !== "EKS",
    schedulingPolicy: detail.schedulingPolicyArn || undefined,
    detail,
  };
}

/** Compute environments by name or name of resource, in this order (DescribeComputeEnvironments); those that exist. */
export async function describeEnvironments(
  batch: BatchClient,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly ComputeEnvironment[]> {
  if (names.length === 0) return [];
  const { computeEnvironments = [] } = await batch.send(
    new DescribeComputeEnvironmentsCommand({ computeEnvironments: [...names] }),
    { abortSignal: signal },
  );
  const place = ({ arn, name }: ComputeEnvironment) =>
    names.findIndex((wanted) => wanted === arn || wanted === name);
  return computeEnvironments.map(readEnvironment).toSorted((a, b) => place(a) - place(b));
}

function readEnvironment(detail: ComputeEnvironmentDetail): ComputeEnvironment {
  const { computeResources: resources } = detail;
  const template = resources?.launchTemplate;
  return {
    name: detail.computeEnvironmentName ?? "",
    arn: detail.computeEnvironmentArn ?? "",
    isEnabled: detail.state !== "DISABLED",
    status: detail.status ?? "VALID",
    statusReason: detail.statusReason,
    runsContainers: detail.containerOrchestrationType !== "EKS" && detail.eksConfiguration === undefined,
    resources: resources && {
      kind: resources.type ?? "EC2",
      minVcpus: resources.minvCpus ?? 0,
      maxVcpus: resources.maxvCpus ?? Number.POSITIVE_INFINITY,
      instanceTypes: resources.instanceTypes ?? [],
      launchTemplate: template && {
        name: template.launchTemplateName ?? template.launchTemplateId ?? "",
        version: template.version || "$Default",
      },
    },
    detail,
  };
}
