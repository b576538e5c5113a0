import { randomUUID } from "node:crypto";
import { arraySizes } from "../arrays.ts";
import { override, readRetryStrategy, readTimeout, sizeOf, substitute } from "../container.ts";
import { readOverrides } from "../ecs-properties.ts";
import {
  clientException,
  optionalBoolean,
  optionalInteger,
  optionalObject,
  requiredName,
  requiredString,
  stringMap,
  tagsOf,
} from "../fields.ts";
import { batchArn } from "../names.ts";
import { readScheduling } from "../shares.ts";
import type { Job, Json } from "../types.ts";
import { findDefinition } from "./definitions.ts";
import { readDependencies } from "./dependencies.ts";
import type { Operation } from "./operation.ts";
import { requiredQueue } from "./queues.ts";

/** Longest `containerOverrides`, in characters of JSON: over it a job is accepted, and fails. */
const maxOverrides = 8_192;

/** SubmitJob for a job of one container, or an array of such jobs. */
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
    ...readArray(input),
    ...readDependencies(input, context),
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

/** `arrayProperties`; without a size it is no array. */
function readArray(input: Json): Pick<Job, "arraySize"> {
  const size = optionalInteger(optionalObject(input, "arrayProperties") ?? {}, "size");
  if (size === undefined) return {};
  if (size < arraySizes.least || size > arraySizes.most) {
    throw clientException(
      `Error executing request, Exception : Array size must be between ${arraySizes.least} and ${arraySizes.most}, got ${size}.`,
    );
  }
  return { arraySize: size };
}
