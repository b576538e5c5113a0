import { AwsError, type ServiceRequest } from "../http.ts";
import { readAll } from "../read-all.ts";

/** The JSON object that an operation was called with. */
export type Input = Readonly<Record<string, unknown>>;

/** Enough for a batch of 1 MiB of messages whose characters are all escaped. */
const maxBodyBytes = 8 * 1024 * 1024;

/** @throws AwsError SerializationException where the body is no JSON object. */
export async function readInput(body: ServiceRequest["body"]): Promise<Input> {
  const text = (await readAll(body, maxBodyBytes)).toString();
  try {
    const input: unknown = JSON.parse(text || "{}");
    if (isObject(input)) return input;
  } catch {
    // Not JSON: said below.
  }
  throw new AwsError("SerializationException", "The request's body is not a JSON object.");
}

export const isObject = (value: unknown): value is Input =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

/** A value that breaks a constraint of the service's model, in AWS's words. */
export function breaks(member: string, value: unknown, constraint: string): AwsError {
  return invalid(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}

export function optionalString(input: Input, member: string): string | undefined {
  const value = input[member] ?? undefined;
  if (value !== undefined && typeof value !== "string")
    throw breaks(member, value, "Member must be a string");
  return value;
}

/** An optional string of 1 to 512 characters that matches. */
export function optionalName(input: Input, member: string, pattern: RegExp): string | undefined {
  const value = optionalString(input, member);
  if (value !== undefined) checkName(value, member, pattern);
  return value;
}

export function requiredName(input: Input, member: string, pattern: RegExp): string {
  const value = optionalName(input, member, pattern);
  if (value === undefined) {
    throw invalid(
      `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
    );
  }
  return value;
}

function checkName(value: string, member: string, pattern: RegExp): void {
  if (value.length < 1) throw breaks(member, value, "Member must have length greater than or equal to 1");
  if (value.length > 512) throw breaks(member, value, "Member must have length less than or equal to 512");
  if (!pattern.test(value)) {
    throw breaks(
      member,
      value,
      `Member must satisfy regular expression pattern: ${pattern.source.slice(1, -1)}`,
    );
  }
}

export function optionalInteger(
  input: Input,
  member: string,
  { min, max = Number.MAX_SAFE_INTEGER }: { min: number; max?: number },
): number | undefined {
  const value = input[member] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw breaks(member, value, "Member must be an integer");
  }
  if (value < min) throw breaks(member, value, `Member must have value greater than or equal to ${min}`);
  if (value > max) throw breaks(member, value, `Member must have value less than or equal to ${max}`);
  return value;
}

export function optionalStrings(input: Input, member: string, max: number): string[] | undefined {
  const value = input[member] ?? undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length < 1 || value.length > max) {
    throw breaks(member, value, `Member must have between 1 and ${max} items`);
  }
  return value.map((item: unknown) => {
    if (typeof item !== "string") throw breaks(member, item, "Member must be a string");
    return item;
  });
}

export const groupNamePattern = /^[.\-_/#A-Za-z0-9]+$/;
export const streamNamePattern = /^[^:*]*$/;

/** The group that is meant: by `logGroupName`, or by `logGroupIdentifier` (a name or an Amazon resource name). */
export function groupName(input: Input): string {
  const identifier = optionalString(input, "logGroupIdentifier");
  if (identifier === undefined) return requiredName(input, "logGroupName", groupNamePattern);
  if (input.logGroupName !== undefined && input.logGroupName !== null) {
    throw invalid("LogGroupName and LogGroupIdentifier cannot both be specified.");
  }
  const name = /^arn:[^:]+:logs:[^:]*:[^:]*:log-group:([^:]+)(?::\*)?$/.exec(identifier)?.[1] ?? identifier;
  checkName(name, "logGroupIdentifier", groupNamePattern);
  return name;
}
