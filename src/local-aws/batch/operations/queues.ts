import {
  clientException,
  optionalInteger,
  optionalList,
  optionalObjects,
  optionalString,
  optionalStrings,
  requiredName,
  requiredString,
  switchState,
  tagsOf,
} from "../fields.ts";
import { batchArn, type Home, nameOf } from "../names.ts";
import { page } from "../paging.ts";
import { queueDetail } from "../render.ts";
import type { Store } from "../store.ts";
import type { JobQueue, Json } from "../types.ts";
import { isFinished } from "../types.ts";
import type { BatchContext, Operation } from "./operation.ts";
import { requiredPolicy } from "./scheduling-policies.ts";

/** CreateJobQueue: VALID at once. */
export const createJobQueue: Operation = async (input, context) => {
  const name = requiredName(input, "jobQueueName");
  if (context.store.queues.has(name)) throw clientException("Object already exists");
  const priority = optionalInteger(input, "priority");
  if (priority === undefined) throw clientException("priority must not be null.");
  const environments = readOrder(input, context.store, context);
  if (environments === undefined) throw clientException("computeEnvironmentOrder must not be null.");
  const queue: JobQueue = {
    name,
    state: switchState(input) ?? "ENABLED",
    priority,
    environments,
    tags: tagsOf(input),
    ...readPolicy(input, context),
    ...timeLimits(input),
  };
  context.store.queues.set(name, queue);
  await context.store.saveRegistry();
  return identity(context, name);
};

/** UpdateJobQueue: state, priority, environments; a scheduling policy only in place of another. */
export const updateJobQueue: Operation = async (input, context) => {
  const queue = requiredQueue(input, context.store, context);
  const policy = readPolicy(input, context);
  if (policy.schedulingPolicy !== undefined && queue.schedulingPolicy === undefined) {
    throw clientException("A job queue without a scheduling policy cannot have one added.");
  }
  context.store.queues.set(queue.name, {
    ...queue,
    state: switchState(input) ?? queue.state,
    priority: optionalInteger(input, "priority") ?? queue.priority,
    environments: readOrder(input, context.store, context) ?? queue.environments,
    ...policy,
    ...timeLimits(input),
  });
  await context.store.saveRegistry();
  context.scheduler.schedule();
  return identity(context, queue.name);
};

/** DeleteJobQueue: only where it is disabled; its jobs are terminated. */
export const deleteJobQueue: Operation = async (input, context) => {
  const name = nameOf(context, "job-queue", requiredString(input, "jobQueue"));
  const queue = context.store.queues.get(name);
  if (queue === undefined) return {};
  if (queue.state !== "DISABLED") throw clientException("Cannot delete, resource must be DISABLED first");
  context.store.queues.delete(name);
  await context.store.saveRegistry();
  for (const job of context.store.jobs.values()) {
    if (job.queue === name && !isFinished(job)) await context.scheduler.terminate(job, "Job Queue Deleted");
  }
  return {};
};

/** DescribeJobQueues: all, or those named; 100 a page. */
export const describeJobQueues: Operation = (input, context) => {
  const wanted = optionalStrings(input, "jobQueues")?.map((one) => nameOf(context, "job-queue", one));
  const found = [...context.store.queues.values()].filter(
    ({ name }) => !wanted?.length || wanted.includes(name),
  );
  const { items, nextToken } = page(input, found, ({ name }) => name);
  return {
    jobQueues: items.map((queue) => queueDetail(context, queue)),
    ...(nextToken ? { nextToken } : {}),
  };
};

/** The queue that `jobQueue` names. Throws as AWS does where there is none. */
export function requiredQueue(input: Json, store: Store, home: Home): JobQueue {
  const nameOrArn = requiredString(input, "jobQueue");
  const queue = store.queues.get(nameOf(home, "job-queue", nameOrArn));
  if (queue === undefined) throw clientException(`JobQueue ${nameOrArn} not found.`);
  return queue;
}

function readOrder(input: Json, store: Store, home: Home): readonly string[] | undefined {
  const entries = optionalObjects(input, "computeEnvironmentOrder");
  if (entries === undefined) return undefined;
  if (entries.length < 1 || entries.length > 3) {
    throw clientException("A job queue has 1 to 3 compute environments.");
  }
  return [...entries]
    .sort((a, b) => (optionalInteger(a, "order") ?? 0) - (optionalInteger(b, "order") ?? 0))
    .map((entry) => {
      const nameOrArn = requiredString(entry, "computeEnvironment");
      const name = nameOf(home, "compute-environment", nameOrArn);
      if (!store.environments.has(name)) {
        throw clientException(`Compute Environment ${nameOrArn} does not exist.`);
      }
      return name;
    });
}

function readPolicy(input: Json, context: BatchContext): Pick<JobQueue, "schedulingPolicy"> {
  const arn = optionalString(input, "schedulingPolicyArn");
  return arn ? { schedulingPolicy: requiredPolicy(context, arn).name } : {};
}

function timeLimits(input: Json): Pick<JobQueue, "jobStateTimeLimitActions"> {
  const actions = optionalList(input, "jobStateTimeLimitActions");
  return actions === undefined ? {} : { jobStateTimeLimitActions: actions };
}

function identity(home: Home, name: string): Json {
  return { jobQueueName: name, jobQueueArn: batchArn(home, "job-queue", name) };
}
