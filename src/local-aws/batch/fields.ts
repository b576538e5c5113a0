import { AwsError } from "../http.ts";
import type { Json } from "./types.ts";

/** The error of Batch for whatever a client got wrong. */
export function clientException(message: string): AwsError {
  return new AwsError("ClientException", message, 400);
}

function wrongType(key: string, expected: string): AwsError {
  return new AwsError("SerializationException", `${key} is not ${expected}.`, 400);
}

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads one field; null counts as absent, as on AWS. The functions below throw an AwsError for any other type. */
function field(input: Json, key: string): unknown {
  return input[key] ?? undefined;
}

export function optionalString(input: Json, key: string): string | undefined {
  const value = field(input, key);
  if (value === undefined || typeof value === "string") return value;
  throw wrongType(key, "a string");
}

export function requiredString(input: Json, key: string): string {
  const value = optionalString(input, key);
  if (!value) throw clientException(`${key} must not be blank.`);
  return value;
}

export function optionalInteger(input: Json, key: string): number | undefined {
  const value = field(input, key);
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw wrongType(key, "an integer");
}

export function optionalBoolean(input: Json, key: string): boolean | undefined {
  const value = field(input, key);
  if (value === undefined || typeof value === "boolean") return value;
  throw wrongType(key, "a boolean");
}

export function optionalObject(input: Json, key: string): Json | undefined {
  const value = field(input, key);
  if (value === undefined || isJson(value)) return value;
  throw wrongType(key, "an object");
}

export function optionalList(input: Json, key: string): readonly unknown[] | undefined {
  const value = field(input, key);
  if (value === undefined || Array.isArray(value)) return value;
  throw wrongType(key, "a list");
}

export function optionalObjects(input: Json, key: string): readonly Json[] | undefined {
  const list = optionalList(input, key);
  if (list === undefined) return undefined;
  if (list.every(isJson)) return list;
  throw wrongType(key, "a list of objects");
}

export function optionalStrings(input: Json, key: string): readonly string[] | undefined {
  const list = optionalList(input, key);
  if (list === undefined) return undefined;
  if (list.every((item): item is string => typeof item === "string")) return list;
  throw wrongType(key, "a list of strings");
}

/** A map of strings such as `tags` or `parameters`; empty where it is absent. */
export function stringMap(input: Json, key: string): Readonly<Record<string, string>> {
  const map = optionalObject(input, key) ?? {};
  for (const [name, value] of Object.entries(map)) {
    if (typeof value !== "string") throw wrongType(`${key}.${name}`, "a string");
  }
  return map as Readonly<Record<string, string>>;
}

/** `tags`: names that begin with `aws:` are AWS's own; 50 tags at most. */
export function tagsOf(input: Json): Readonly<Record<string, string>> {
  const tags = stringMap(input, "tags");
  const names = Object.keys(tags);
  const reserved = names.find((name) => name.toLowerCase().startsWith("aws:"));
  if (reserved !== undefined) {
    throw clientException(`Tag keys must not begin with aws:, which is reserved: ${reserved}`);
  }
  if (names.length > 50) throw clientException("At most 50 tags are allowed.");
  return tags;
}

/** `state` of queues and compute environments. */
export function switchState(input: Json): "ENABLED" | "DISABLED" | undefined {
  const state = optionalString(input, "state");
  if (state === undefined || state === "ENABLED" || state === "DISABLED") return state;
  throw clientException(`state must be ENABLED or DISABLED, not ${state}.`);
}

/** Names of jobs, definitions, queues and environments: letters, digits, `-` and `_`, up to 128, the first alphanumeric. */
export function requiredName(input: Json, key: string): string {
  const name = requiredString(input, key);
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(name)) {
    throw clientException(
      `${key} must be 1 to 128 letters, digits, hyphens and underscores, the first a letter or digit: ${name}`,
    );
  }
  return name;
}
