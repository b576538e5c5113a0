import { notImplemented } from "../../http.ts";
import { refuseUnread } from "../../unread.ts";
import { readContainer, readRetryStrategy, readTimeout } from "../container.ts";
import { readEcsProperties } from "../ecs-properties.ts";
import {
  clientException,
  optionalBoolean,
  optionalObject,
  optionalString,
  optionalStrings,
  requiredName,
  requiredString,
  stringMap,
  tagsOf,
} from "../fields.ts";
import { batchArn, type Home, nameOf, parseDefinition } from "../names.ts";
import { page } from "../paging.ts";
import { definitionDetail } from "../render.ts";
import { readPriority } from "../shares.ts";
import type { Store } from "../store.ts";
import type { JobDefinition, Json } from "../types.ts";
import type { Operation } from "./operation.ts";
import { containerReads } from "./reads.ts";

/** RegisterJobDefinition: a new revision, from 1. */
export const registerJobDefinition: Operation = async (input, { store, region, accountId }) => {
  const name = requiredName(input, "jobDefinitionName");
  const type = requiredString(input, "type");
  if (type !== "container") throw clientException(`type must be container, not ${type}.`);
  const described = describedContainer(input);
  const platforms = optionalStrings(input, "platformCapabilities");
  if (platforms?.includes("FARGATE")) throw notImplemented("Batch RegisterJobDefinition with FARGATE");
  const retryStrategy = readRetryStrategy(input);
  const timeoutSeconds = readTimeout(input);
  const schedulingPriority = readPriority(input, "schedulingPriority");
  const propagateTags = optionalBoolean(input, "propagateTags");
  const earlier = store.definitions.filter((definition) => definition.name === name);
  const definition: JobDefinition = {
    name,
    revision: Math.max(0, ...earlier.map((one) => one.revision)) + 1,
    status: "ACTIVE",
    ...described,
    parameters: stringMap(input, "parameters"),
    ...(retryStrategy ? { retryStrategy } : {}),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    tags: tagsOf(input),
    ...(propagateTags === undefined ? {} : { propagateTags }),
    ...(schedulingPriority === undefined ? {} : { schedulingPriority }),
    ...(platforms ? { platformCapabilities: platforms } : {}),
  };
  store.definitions.push(definition);
  await store.saveRegistry();
  return {
    jobDefinitionName: name,
    jobDefinitionArn: batchArn({ region, accountId }, "job-definition", idOf(definition)),
    revision: definition.revision,
  };
};

/** What `containerProperties` or `ecsProperties` describes. */
function describedContainer(input: Json): Pick<JobDefinition, "container" | "ecsTask"> {
  const container = optionalObject(input, "containerProperties");
  const ecs = optionalObject(input, "ecsProperties");
  if (container !== undefined && ecs !== undefined) {
    throw clientException("containerProperties and ecsProperties must not be given together.");
  }
  if (ecs !== undefined) return readEcsProperties(ecs);
  refuseUnread("Batch RegisterJobDefinition", container ?? {}, containerReads);
  if (container === undefined) throw clientException("containerProperties must not be null.");
  return { container: readContainer(container) };
}

/** DeregisterJobDefinition: takes a revision, or the latest active one of a name. */
export const deregisterJobDefinition: Operation = async (input, context) => {
  const definition = findDefinition(context.store, context, requiredString(input, "jobDefinition"));
  if (definition !== undefined) {
    const index = context.store.definitions.indexOf(definition);
    context.store.definitions[index] = { ...definition, status: "INACTIVE" };
    await context.store.saveRegistry();
  }
  return {};
};

/** DescribeJobDefinitions: by names or ARNs, by one name, by status; 100 a page. */
export const describeJobDefinitions: Operation = (input, context) => {
  const wanted = optionalStrings(input, "jobDefinitions")?.map((one) =>
    nameOf(context, "job-definition", one),
  );
  const name = optionalString(input, "jobDefinitionName");
  const status = optionalString(input, "status");
  const found = context.store.definitions.filter(
    (definition) =>
      (!wanted?.length || wanted.includes(definition.name) || wanted.includes(idOf(definition))) &&
      (name === undefined || definition.name === nameOf(context, "job-definition", name)) &&
      (status === undefined || definition.status === status),
  );
  const { items, nextToken } = page(input, found, idOf);
  return {
    jobDefinitions: items.map((definition) => definitionDetail(context, definition)),
    ...(nextToken ? { nextToken } : {}),
  };
};

/** The definition of a submission: without a revision the latest ACTIVE one. */
export function findDefinition(store: Store, home: Home, nameOrArn: string): JobDefinition | undefined {
  const wanted = parseDefinition(home, nameOrArn);
  if (wanted === undefined) {
    throw clientException(`Provided name ${nameOrArn} is not supported pattern[a-zA-Z_0-9-]{1,128}`);
  }
  return store.definitions
    .filter(({ name, status }) => name === wanted.name && status === "ACTIVE")
    .filter(({ revision }) => wanted.revision === undefined || revision === wanted.revision)
    .sort((a, b) => b.revision - a.revision)[0];
}

function idOf(definition: JobDefinition): string {
  return `${definition.name}:${definition.revision}`;
}
