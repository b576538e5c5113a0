import { arrayDetail, arraySummary } from "./arrays.ts";
import { prerequisitesOf } from "./dependencies.ts";
import { ecsProperties } from "./ecs-properties.ts";
import { batchArn, ecsArn, type Home } from "./names.ts";
import type {
  ComputeEnvironment,
  FinishedAttempt,
  Job,
  JobDefinition,
  JobQueue,
  Json,
  RetryStrategy,
  SchedulingPolicy,
} from "./types.ts";

const emptyLists = { volumes: [], mountPoints: [], ulimits: [], networkInterfaces: [], secrets: [] };

/** A job as DescribeJobs shows it (`JobDetail`). */
export function jobDetail(home: Home, job: Job, jobs: ReadonlyMap<string, Job>): Json {
  return {
    ...jobSummary(home, job),
    ...arrayDetail(jobs, job),
    jobQueue: batchArn(home, "job-queue", job.queue),
    ...given("schedulingPriority", job.schedulingPriority),
    attempts: job.attempts.map((attempt) => attemptDetail(attempt, job)),
    ...(job.retryStrategy ? { retryStrategy: job.retryStrategy } : {}),
    dependsOn: dependenciesOf(jobs, job),
    parameters: job.parameters,
    ...containerDetail(job),
    // The limit is each child's: an array has none.
    ...timeout(job.arraySize === undefined ? job.timeoutSeconds : undefined),
    tags: job.tags,
    ...(job.propagateTags === undefined ? {} : { propagateTags: job.propagateTags }),
    platformCapabilities: job.platformCapabilities ?? [],
    eksAttempts: [],
    isCancelled: job.isCancelled ?? false,
    isTerminated: job.isTerminated ?? false,
  };
}

/** A job as ListJobs shows it (`JobSummary`). */
export function jobSummary(home: Home, job: Job): Json {
  const last = job.attempts.at(-1);
  const { name, revision } = job.definition;
  return {
    jobArn: batchArn(home, "job", job.jobId),
    jobId: job.jobId,
    jobName: job.jobName,
    createdAt: job.createdAt,
    status: job.status,
    ...given("shareIdentifier", job.shareIdentifier),
    ...given("statusReason", job.statusReason),
    ...given("startedAt", job.startedAt),
    ...given("stoppedAt", job.stoppedAt),
    ...(last?.exitCode === undefined && last?.reason === undefined
      ? {}
      : { container: { ...given("exitCode", last.exitCode), ...given("reason", last.reason) } }),
    jobDefinition: batchArn(home, "job-definition", `${name}:${revision}`),
    ...arraySummary(job),
  };
}

/** As submitted; of a child, the jobs that it waits for. */
function dependenciesOf(jobs: ReadonlyMap<string, Job>, job: Job): readonly Json[] {
  if (job.place === undefined) return (job.dependsOn ?? []).map((one) => ({ ...one }));
  return prerequisitesOf(jobs, job).map((jobId) => ({ jobId }));
}

function containerDetail(job: Job): Json {
  const { task, container } = whatRuns(job);
  // As AWS does: there, and empty.
  if (job.ecsTask)
    return { container: {}, ecsProperties: ecsProperties(job.ecsTask, job.container, { task, container }) };
  const { vcpus, memoryMiB: memory } = job.size;
  return { container: { ...emptyLists, ...job.container, vcpus, memory, ...task, ...container } };
}

/** The task of the attempt that runs or has ended last, and how its container fares. */
function whatRuns(job: Job): { readonly task: Json; readonly container: Json } {
  const last = job.attempts.at(-1);
  const { current } = job;
  const started = current !== undefined && job.status === "RUNNING";
  const showLast = last !== undefined && current === undefined;
  const shown = current ?? last;
  return {
    task: shown ? { taskArn: shown.taskArn, containerInstanceArn: shown.containerInstanceArn } : {},
    container: {
      ...given("logStreamName", started ? current.logStream : last?.logStreamName),
      ...(showLast ? { ...given("exitCode", last.exitCode), ...given("reason", last.reason) } : {}),
    },
  };
}

function attemptDetail(attempt: FinishedAttempt, { ecsTask }: Job): Json {
  const { taskArn, containerInstanceArn } = attempt;
  const container = {
    ...given("exitCode", attempt.exitCode),
    ...given("reason", attempt.reason),
    ...given("logStreamName", attempt.logStreamName),
    networkInterfaces: [],
  };
  return {
    ...(ecsTask
      ? {
          container: {},
          taskProperties: [
            { taskArn, containerInstanceArn, containers: [{ name: ecsTask.containerName, ...container }] },
          ],
        }
      : { container: { containerInstanceArn, taskArn, ...container } }),
    ...given("startedAt", attempt.startedAt),
    stoppedAt: attempt.stoppedAt,
    statusReason: attempt.statusReason,
  };
}

/** A definition as DescribeJobDefinitions shows it. */
export function definitionDetail(home: Home, definition: JobDefinition): Json {
  return {
    jobDefinitionName: definition.name,
    jobDefinitionArn: batchArn(home, "job-definition", `${definition.name}:${definition.revision}`),
    revision: definition.revision,
    status: definition.status,
    type: "container",
    parameters: definition.parameters,
    ...retries(definition.retryStrategy),
    ...(definition.ecsTask
      ? { ecsProperties: ecsProperties(definition.ecsTask, definition.container) }
      : { containerProperties: { ...emptyLists, ...definition.container } }),
    ...timeout(definition.timeoutSeconds),
    tags: definition.tags,
    ...given("propagateTags", definition.propagateTags),
    ...given("platformCapabilities", definition.platformCapabilities),
    ...given("schedulingPriority", definition.schedulingPriority),
    containerOrchestrationType: "ECS",
  };
}

/** A queue as DescribeJobQueues shows it. */
export function queueDetail(home: Home, queue: JobQueue): Json {
  return {
    jobQueueName: queue.name,
    jobQueueArn: batchArn(home, "job-queue", queue.name),
    state: queue.state,
    status: "VALID",
    statusReason: "JobQueue Healthy",
    priority: queue.priority,
    ...given(
      "schedulingPolicyArn",
      queue.schedulingPolicy && batchArn(home, "scheduling-policy", queue.schedulingPolicy),
    ),
    computeEnvironmentOrder: queue.environments.map((name, index) => ({
      order: index + 1,
      computeEnvironment: batchArn(home, "compute-environment", name),
    })),
    serviceEnvironmentOrder: [],
    jobQueueType: "ECS",
    tags: queue.tags,
    jobStateTimeLimitActions: queue.jobStateTimeLimitActions ?? [],
  };
}

/** A scheduling policy as DescribeSchedulingPolicies shows it. */
export function policyDetail(home: Home, { name, fairShares, tags }: SchedulingPolicy): Json {
  return {
    name,
    arn: batchArn(home, "scheduling-policy", name),
    ...given("fairsharePolicy", fairShares),
    tags,
  };
}

/** An environment as DescribeComputeEnvironments shows it. */
export function environmentDetail(home: Home, environment: ComputeEnvironment, health: Json): Json {
  return {
    computeEnvironmentName: environment.name,
    computeEnvironmentArn: batchArn(home, "compute-environment", environment.name),
    ecsClusterArn: ecsArn(home, "cluster", `${environment.name}_Batch_${environment.uuid}`),
    tags: environment.tags,
    type: "MANAGED",
    state: environment.state,
    ...health,
    computeResources: {
      ...environment.resources,
      maxvCpus: environment.maxvCpus,
      instanceTypes: environment.instanceTypes,
    },
    ...given("serviceRole", environment.serviceRole),
    containerOrchestrationType: "ECS",
    uuid: environment.uuid,
  };
}

function retries(strategy: RetryStrategy | undefined): Json {
  return strategy ? { retryStrategy: strategy } : {};
}

function timeout(seconds: number | undefined): Json {
  return seconds === undefined ? {} : { timeout: { attemptDurationSeconds: seconds } };
}

function given(key: string, value: unknown): Json {
  return value === undefined ? {} : { [key]: value };
}
