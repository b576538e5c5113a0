import { randomUUID } from "node:crypto";
import { override, readRetryStrategy, readTimeout, sizeOf, substitute } from "../container.ts";
import { readOverrides } from "../ecs-properties.ts";
import {
  clientException,
  optionalBoolean,
  requiredName,
  requiredString,
  stringMap,
  tagsOf,
} from "../fields.ts";
import { batchArn } from "../names.ts";
import { readScheduling } from "../shares.ts";
import type { Job } from "../types.ts";
import { findDefinition } from "./definitions.ts";
import type { Operation } from "./operation.ts";
import { requiredQueue } from "./queues.ts";

/** Longest `containerOverrides`, in characters of JSON: over it a job is accepted, and fails. */
const maxOverrides = 8_192;

/** SubmitJob for a job of one container. */
export const submitJob: Operation = async (input, context) => {
  const jobName = requiredName(input, "jobName");
  const queue = requiredQueue(input, context.store, context);
  if (queue.state !== "ENABLED") {
    throw clientException(
      `JobQueue ${batchArn(context, "job-queue", queue.name)} is in DISABLED state, cannot submit job.`,
    );
  }
  const wanted = requiredString(input, "jobDefinition");
  const definition = findDefinition(context.store, context, wanted);
  if (definition === undefined) {
    throw clientException(`JobDefinition name ${wanted} does not exist or is not in ACTIVE status`);
  }
  const scheduling = readScheduling(input, queue, definition);
  const overrides = readOverrides(input, definition);
  const parameters = { ...definition.parameters, ...stringMap(input, "parameters") };
  const overridden = override(definition.container, overrides);
  const container = { ...overridden, command: substitute(overridden.command, parameters) };
  const retryStrategy = readRetryStrategy(input) ?? definition.retryStrategy;
  const timeoutSeconds = readTimeout(input) ?? definition.timeoutSeconds;
  const propagateTags = optionalBoolean(input, "propagateTags") ?? definition.propagateTags;
  const job: Job = {
    version: 1,
    jobId: randomUUID(),
    jobName,
    queue: queue.name,
    definition: { name: definition.name, revision: definition.revision },
    parameters,
    ...(retryStrategy ? { retryStrategy } : {}),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    tags: tagsOf(input),
    ...(propagateTags === undefined ? {} : { propagateTags }),
    platformCapabilities: definition.platformCapabilities ?? ["EC2"],
    ...scheduling,
    container,
    ...(definition.ecsTask ? { ecsTask: definition.ecsTask } : {}),
    size: sizeOf(container),
    createdAt: context.now(),
    sequence: context.store.nextSequence(),
    ...(JSON.stringify(overrides).length > maxOverrides
      ? { invalid: `Container Overrides length must be at most ${maxOverrides}` }
      : {}),
    status: "SUBMITTED",
    attempts: [],
  };
  await context.scheduler.submit(job);
  return { jobArn: batchArn(context, "job", job.jobId), jobName, jobId: job.jobId };
};
