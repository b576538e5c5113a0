import { notImplemented } from "../http.ts";
import { readContainer } from "./container.ts";
import { clientException, optionalObject, optionalObjects, optionalString } from "./fields.ts";
import type { ContainerProperties, EcsTask, JobDefinition, Json } from "./types.ts";

/** The container's name where the definition gives it none. */
const DEFAULT_NAME = "default";

/** Reads `ecsProperties` of RegisterJobDefinition, for a task of one container. Throws an AwsError. */
export function readEcsProperties(input: Json): { container: ContainerProperties; ecsTask: EcsTask } {
  const [task, ...others] = optionalObjects(input, "taskProperties") ?? [];
  if (task === undefined || others.length > 0) throw clientException("taskProperties must have one element.");
  const containers = optionalObjects(task, "containers") ?? [];
  const [first] = containers;
  if (first === undefined) throw clientException("containers must not be empty.");
  if (containers.length > 1) throw notImplemented("Batch RegisterJobDefinition with several containers");
  const { containers: _, ...properties } = task;
  const role = optionalString(task, "taskRoleArn");
  return {
    // The role is where the rest of local AWS looks for it.
    container: readContainer({ ...first, ...(role === undefined ? {} : { jobRoleArn: role }) }),
    ecsTask: { properties, containerName: optionalString(first, "name") ?? DEFAULT_NAME },
  };
}

/** The overrides of a submission, in the form that the definition takes. Throws an AwsError for the other one. */
export function readOverrides(input: Json, { ecsTask }: JobDefinition): Json {
  const container = optionalObject(input, "containerOverrides");
  const ecs = optionalObject(input, "ecsPropertiesOverride");
  if (ecsTask === undefined) {
    if (ecs === undefined) return container ?? {};
    throw clientException(
      "ecsPropertiesOverride should not be set: the job definition has no ecsProperties.",
    );
  }
  if (container !== undefined) {
    throw clientException("containerOverrides should not be set: the job definition has ecsProperties.");
  }
  const tasks = optionalObjects(ecs ?? {}, "taskProperties") ?? [];
  const containers = tasks.flatMap((task) => optionalObjects(task, "containers") ?? []);
  if (tasks.length > 1 || containers.length > 1) {
    throw clientException("ecsPropertiesOverride has more containers than the job definition.");
  }
  const [overrides = {}] = containers;
  const name = optionalString(overrides, "name") ?? ecsTask.containerName;
  if (name === ecsTask.containerName) return overrides;
  throw clientException(`Container ${name} is not in the job definition.`);
}

/** `ecsProperties` of a definition or a job, with what else is to be said of task and container. */
export function ecsProperties(
  { properties }: EcsTask,
  { jobRoleArn: _, ...container }: ContainerProperties,
  { task = {}, container: more = {} }: { readonly task?: Json; readonly container?: Json } = {},
): Json {
  return { taskProperties: [{ ...properties, ...task, containers: [{ ...container, ...more }] }] };
}
