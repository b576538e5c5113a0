import {
  clientException,
  optionalInteger,
  optionalObject,
  optionalObjects,
  optionalString,
  optionalStrings,
  requiredString,
} from "./fields.ts";
import type {
  ContainerProperties,
  Json,
  NameValue,
  ResourceRequirement,
  RetryStrategy,
  Size,
} from "./types.ts";

/** Reads `containerProperties` of RegisterJobDefinition; throws an AwsError for what Batch refuses. */
export function readContainer(input: Json): ContainerProperties {
  const container: ContainerProperties = {
    ...input,
    image: requiredString(input, "image"),
    command: optionalStrings(input, "command") ?? [],
    environment: readEnvironment(input),
    resourceRequirements: readRequirements(input),
  };
  optionalObject(input, "logConfiguration");
  sizeOf(container);
  return container;
}

/** The size a container asks for, by `resourceRequirements` or by the older `vcpus` and `memory`. */
export function sizeOf(container: ContainerProperties): Size {
  const required = (type: string, legacy: string) => {
    const requirement = container.resourceRequirements.find((candidate) => candidate.type === type);
    return requirement ? Number(requirement.value) : optionalInteger(container, legacy);
  };
  const vcpus = required("VCPU", "vcpus");
  const memoryMiB = required("MEMORY", "memory");
  if (vcpus === undefined)
    throw clientException("Error executing request, Exception : vCPU is not provided.");
  if (memoryMiB === undefined) {
    throw clientException("Error executing request, Exception : Memory is not provided.");
  }
  if (!(vcpus >= 1) || !Number.isInteger(vcpus)) {
    throw clientException("Error executing request, Exception : vCPUs must be a whole number of at least 1.");
  }
  if (!(memoryMiB >= 4) || !Number.isInteger(memoryMiB)) {
    throw clientException("Error executing request, Exception : Memory must be at least 4 MiB.");
  }
  return { vcpus, memoryMiB };
}

/** A definition's container with the `containerOverrides` of a submission in it. */
export function override(container: ContainerProperties, overrides: Json): ContainerProperties {
  const requirements = readRequirements(overrides);
  const legacy = {
    VCPU: optionalInteger(overrides, "vcpus"),
    MEMORY: optionalInteger(overrides, "memory"),
  };
  for (const [type, value] of Object.entries(legacy)) {
    if (value === undefined) continue;
    if (container.resourceRequirements.some((requirement) => requirement.type === type)) {
      throw clientException(
        "This value was submitted in a deprecated key and may conflict with the value provided by the job definition's resource requirements.",
      );
    }
  }
  return {
    ...container,
    command: optionalStrings(overrides, "command") ?? container.command,
    environment: merge(container.environment, readEnvironment(overrides), (variable) => variable.name),
    resourceRequirements: merge(container.resourceRequirements, requirements, ({ type }) => type),
    ...(legacy.VCPU === undefined ? {} : { vcpus: legacy.VCPU }),
    ...(legacy.MEMORY === undefined ? {} : { memory: legacy.MEMORY }),
    ...(optionalString(overrides, "instanceType") === undefined
      ? {}
      : { instanceType: overrides.instanceType }),
  };
}

/** Fills `Ref::name` in a command with the job's parameters; a name without a value stays as it is. */
export function substitute(
  command: readonly string[],
  parameters: Readonly<Record<string, string>>,
): readonly string[] {
  return command.map((argument) =>
    argument.replace(/Ref::([A-Za-z0-9_.-]+)/g, (whole, name: string) =>
      Object.hasOwn(parameters, name) ? (parameters[name] ?? whole) : whole,
    ),
  );
}

/** `retryStrategy`: 1 to 10 attempts, up to 5 conditions. */
export function readRetryStrategy(input: Json): RetryStrategy | undefined {
  const strategy = optionalObject(input, "retryStrategy");
  if (strategy === undefined) return undefined;
  const attempts = optionalInteger(strategy, "attempts") ?? 1;
  if (attempts < 1 || attempts > 10) throw clientException("Retry attempts must be between 1 and 10.");
  const conditions = optionalObjects(strategy, "evaluateOnExit") ?? [];
  if (conditions.length > 5) throw clientException("At most 5 evaluateOnExit conditions are allowed.");
  const evaluateOnExit = conditions.map((condition) => {
    const action = requiredString(condition, "action");
    if (!/^(retry|exit)$/i.test(action))
      throw clientException(`action must be RETRY or EXIT, not ${action}.`);
    const pattern = (key: "onStatusReason" | "onReason" | "onExitCode") => {
      const value = optionalString(condition, key);
      return value === undefined ? {} : { [key]: value };
    };
    return { ...pattern("onStatusReason"), ...pattern("onReason"), ...pattern("onExitCode"), action };
  });
  return { attempts, evaluateOnExit };
}

/** `timeout.attemptDurationSeconds`: at least 60. */
export function readTimeout(input: Json): number | undefined {
  const timeout = optionalObject(input, "timeout");
  const seconds = timeout && optionalInteger(timeout, "attemptDurationSeconds");
  if (seconds !== undefined && seconds < 60) {
    throw clientException("Timeout attemptDurationSeconds must be at least 60 seconds.");
  }
  return seconds;
}

function readEnvironment(input: Json): readonly NameValue[] {
  return (optionalObjects(input, "environment") ?? []).map((variable) => ({
    name: requiredString(variable, "name"),
    value: optionalString(variable, "value") ?? "",
  }));
}

function readRequirements(input: Json): readonly ResourceRequirement[] {
  return (optionalObjects(input, "resourceRequirements") ?? []).map((requirement) => {
    const type = requiredString(requirement, "type");
    const value = requiredString(requirement, "value");
    if (!["VCPU", "MEMORY", "GPU"].includes(type)) throw clientException(`Unknown resource type ${type}.`);
    if (!/^\d+$/.test(value)) throw clientException(`${type} must be a whole number on EC2, not ${value}.`);
    return { type, value };
  });
}

function merge<T>(base: readonly T[], changes: readonly T[], key: (item: T) => string): readonly T[] {
  const merged = new Map(base.map((item) => [key(item), item]));
  for (const item of changes) merged.set(key(item), item);
  return [...merged.values()];
}
