import { AwsError, type Principal } from "../http.ts";
import { batchArn, type Home, nameOf } from "./names.ts";
import type { Json } from "./types.ts";

/** What is made must have this tag, in an account that demands it. */
const TAG = "project";

/** What makes something: the action, and what names it in the request. */
const makers: Readonly<
  Record<string, (input: Json, home: Home) => readonly [action: string, resource: string]>
> = {
  SubmitJob: ({ jobDefinition = "" }, home) => [
    "SubmitJob",
    batchArn(home, "job-definition", nameOf(home, "job-definition", String(jobDefinition))),
  ],
  RegisterJobDefinition: ({ jobDefinitionName }, home) => [
    "RegisterJobDefinition",
    batchArn(home, "job-definition", String(jobDefinitionName)),
  ],
  CreateJobQueue: ({ jobQueueName }, home) => [
    "CreateJobQueue",
    batchArn(home, "job-queue", String(jobQueueName)),
  ],
  CreateComputeEnvironment: ({ computeEnvironmentName }, home) => [
    "CreateComputeEnvironment",
    batchArn(home, "compute-environment", String(computeEnvironmentName)),
  ],
  CreateSchedulingPolicy: ({ name }, home) => [
    "CreateSchedulingPolicy",
    batchArn(home, "scheduling-policy", String(name)),
  ],
};

/** Throws AccessDeniedException for what is to be made without the tag, whoever makes it, as a service control policy does. */
export function demandTag(operation: string, input: Json, { arn }: Principal, home: Home): void {
  const made = Object.hasOwn(makers, operation) ? makers[operation]?.(input, home) : undefined;
  const tags = input.tags;
  if (made === undefined || (typeof tags === "object" && tags !== null && Object.hasOwn(tags, TAG))) return;
  const [action, resource] = made;
  throw new AwsError(
    "AccessDeniedException",
    `User: ${arn} is not authorized to perform: batch:${action} on resource: ${resource} with an explicit deny in a service control policy`,
    403,
  );
}
