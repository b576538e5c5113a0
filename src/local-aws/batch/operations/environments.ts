import { randomUUID } from "node:crypto";
import { notImplemented } from "../../http.ts";
import {
  clientException,
  optionalInteger,
  optionalObject,
  optionalString,
  optionalStrings,
  requiredName,
  requiredString,
  switchState,
  tagsOf,
} from "../fields.ts";
import { environmentHealth } from "../health.ts";
import { batchArn, type Home, nameOf } from "../names.ts";
import { page } from "../paging.ts";
import { environmentDetail } from "../render.ts";
import type { ComputeEnvironment, Json } from "../types.ts";
import type { Operation } from "./operation.ts";

/** CreateComputeEnvironment: managed, on EC2; VALID at once, unless its service role is missing. */
export const createComputeEnvironment: Operation = async (input, context) => {
  const name = requiredName(input, "computeEnvironmentName");
  const type = requiredString(input, "type").toUpperCase();
  if (type === "UNMANAGED") throw notImplemented("Batch CreateComputeEnvironment of type UNMANAGED");
  if (type !== "MANAGED") throw clientException(`type must be MANAGED or UNMANAGED, not ${type}.`);
  if (context.store.environments.has(name)) throw clientException("Object already exists");
  const resources = optionalObject(input, "computeResources");
  if (resources === undefined) throw clientException("computeResources must be provided for MANAGED.");
  const kind = requiredString(resources, "type").toUpperCase();
  if (kind.startsWith("FARGATE")) throw notImplemented(`Batch CreateComputeEnvironment on ${kind}`);
  const maxvCpus = optionalInteger(resources, "maxvCpus");
  if (maxvCpus === undefined || maxvCpus < 1) throw clientException("maxvCpus must be at least 1.");
  const serviceRole = optionalString(input, "serviceRole");
  const environment: ComputeEnvironment = {
    name,
    uuid: randomUUID(),
    state: switchState(input) ?? "ENABLED",
    maxvCpus,
    instanceTypes: optionalStrings(resources, "instanceTypes") ?? [],
    resources: { minvCpus: 0, desiredvCpus: 0, ...resources },
    ...(serviceRole === undefined ? {} : { serviceRole }),
    tags: tagsOf(input),
  };
  context.store.environments.set(name, environment);
  await context.store.saveRegistry();
  return identity(context, name);
};

/** UpdateComputeEnvironment: state and `computeResources`. */
export const updateComputeEnvironment: Operation = async (input, context) => {
  const nameOrArn = requiredString(input, "computeEnvironment");
  const name = nameOf(context, "compute-environment", nameOrArn);
  const environment = context.store.environments.get(name);
  if (environment === undefined) throw clientException(`Compute Environment ${nameOrArn} does not exist.`);
  const resources = optionalObject(input, "computeResources") ?? {};
  const maxvCpus = optionalInteger(resources, "maxvCpus") ?? environment.maxvCpus;
  if (maxvCpus < 1) throw clientException("maxvCpus must be at least 1.");
  const serviceRole = optionalString(input, "serviceRole");
  context.store.environments.set(name, {
    ...environment,
    state: switchState(input) ?? environment.state,
    maxvCpus,
    instanceTypes: optionalStrings(resources, "instanceTypes") ?? environment.instanceTypes,
    resources: { ...environment.resources, ...resources },
    ...(serviceRole === undefined ? {} : { serviceRole }),
  });
  await context.store.saveRegistry();
  context.scheduler.schedule();
  return identity(context, name);
};

/** DeleteComputeEnvironment: only where it is disabled and belongs to no queue. */
export const deleteComputeEnvironment: Operation = async (input, context) => {
  const name = nameOf(context, "compute-environment", requiredString(input, "computeEnvironment"));
  const environment = context.store.environments.get(name);
  if (environment === undefined) return {};
  if (environment.state !== "DISABLED") {
    throw clientException("Cannot delete, resource must be DISABLED first");
  }
  for (const queue of context.store.queues.values()) {
    if (queue.environments.includes(name)) {
      throw clientException("Cannot delete, found existing JobQueue relationship");
    }
  }
  context.store.environments.delete(name);
  await context.store.saveRegistry();
  return {};
};

/** DescribeComputeEnvironments: all, or those named; 100 a page. */
export const describeComputeEnvironments: Operation = (input, context) => {
  const wanted = optionalStrings(input, "computeEnvironments")?.map((one) =>
    nameOf(context, "compute-environment", one),
  );
  const all = [...context.store.environments.values()];
  const { items, nextToken } = page(
    input,
    all.filter(({ name }) => !wanted?.length || wanted.includes(name)),
    ({ name }) => name,
  );
  return {
    computeEnvironments: items.map((environment) =>
      environmentDetail(context, environment, environmentHealth(environment, context)),
    ),
    ...(nextToken ? { nextToken } : {}),
  };
};

function identity(home: Home, name: string): Json {
  return {
    computeEnvironmentName: name,
    computeEnvironmentArn: batchArn(home, "compute-environment", name),
  };
}
