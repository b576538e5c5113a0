import { AwsError } from "../http.ts";
import type { XmlContent } from "../xml.ts";
import { parsePolicy } from "./policy.ts";
import type { IamStore, Kind } from "./store.ts";

/** What operations work with: the state, and the request's parameters. */
export interface IamCall {
  readonly store: IamStore;
  readonly accountId: string;
  readonly parameters: URLSearchParams;
  /** Who asks, where it is a user of IAM. */
  readonly userName: string | undefined;
  /** Who asks, where it is local AWS's owner: their name of resource. */
  readonly owner: string | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/** An operation: what stands in its result, or nothing where it has none. */
export type Operation = (call: IamCall) => XmlContent | Promise<XmlContent>;

export const named: Readonly<Record<Kind, string>> = { users: "User", groups: "Group", roles: "Role" };

export function required({ parameters }: IamCall, name: string): string {
  const value = parameters.get(name);
  if (value !== null && value !== "") return value;
  throw new AwsError(
    "ValidationError",
    `1 validation error detected: Value null at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`,
  );
}

/** @throws AwsError ValidationError */
export function newName(call: IamCall, parameter: string): string {
  const name = required(call, parameter);
  if (/^[\w+=,.@-]{1,128}$/.test(name)) return name;
  throw new AwsError("ValidationError", `The specified value for ${parameter} is invalid: ${name}`);
}

export function document(call: IamCall, parameter: string): string {
  const text = required(call, parameter);
  parsePolicy(text);
  return text;
}

export function alreadyExists(what: string, name: string): AwsError {
  return new AwsError("EntityAlreadyExists", `${what} with name ${name} already exists.`, 409);
}

export function deleteConflict(message: string): AwsError {
  return new AwsError("DeleteConflict", `Cannot delete entity, ${message}`, 409);
}
