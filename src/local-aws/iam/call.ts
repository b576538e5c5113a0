import { AwsError, type Principal } from "../http.ts";
import type { Reads } from "../unread.ts";
import type { XmlContent } from "../xml.ts";
import { malformed } from "./policy.ts";
import { checkPolicy, type PolicyKind } from "./policy-grammar.ts";
import type { IamStore, Kind } from "./store.ts";

/** What operations work with: the state, and the request's parameters. */
export interface IamCall {
  readonly store: IamStore;
  readonly accountId: string;
  readonly parameters: URLSearchParams;
  readonly caller: Principal;
  /** Milliseconds since 1970. */
  now(): number;
}

/** An operation: what stands in its result, or nothing where it has none. */
export type Run = (call: IamCall) => XmlContent | Promise<XmlContent>;

/** An operation, and the parameters that it reads; every other one is a 501 that names it. */
export interface Operation {
  readonly run: Run;
  readonly reads: Reads;
}

export const named: Readonly<Record<Kind, string>> = { users: "User", groups: "Group", roles: "Role" };

export function required({ parameters }: IamCall, name: string): string {
  const value = parameters.get(name);
  if (value !== null && value !== "") return value;
  throw new AwsError(
    "ValidationError",
    `1 validation error detected: Value null at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`,
  );
}

/** One page of a list, as `Marker` and `MaxItems` ask. @throws AwsError ValidationError, InvalidInput */
export function pageOf<Item>({ parameters }: IamCall, items: readonly Item[]) {
  const asked = parameters.get("MaxItems") ?? "100";
  const marker = parameters.get("Marker") ?? "0";
  const count = /^\d{1,4}$/.test(asked) ? Number(asked) : 0;
  if (count < 1 || count > 1000) {
    throw new AwsError(
      "ValidationError",
      `1 validation error detected: Value '${asked}' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000`,
    );
  }
  if (!/^\d{1,9}$/.test(marker)) throw new AwsError("InvalidInput", `Invalid Marker: ${marker}`);
  const end = Number(marker) + count;
  const isTruncated = end < items.length;
  return {
    items: items.slice(Number(marker), end),
    more: { IsTruncated: isTruncated, ...(isTruncated ? { Marker: String(end) } : {}) },
  };
}

/** Whether something's path is under the `PathPrefix` asked for. */
export const hasPathAsked =
  ({ parameters }: IamCall) =>
  ({ path }: { readonly path: string }): boolean =>
    path.startsWith(parameters.get("PathPrefix") ?? "/");

/** @throws AwsError ValidationError */
export function newPath({ parameters }: IamCall): string {
  const path = parameters.get("Path") ?? "/";
  if (path.length <= 512 && /^\/(?:[!-~]+\/)?$/.test(path)) return path;
  throw new AwsError(
    "ValidationError",
    "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
  );
}

/** @throws AwsError ValidationError */
export function newName(call: IamCall, parameter: string): string {
  const name = required(call, parameter);
  if (/^[\w+=,.@-]{1,128}$/.test(name)) return name;
  throw new AwsError("ValidationError", `The specified value for ${parameter} is invalid: ${name}`);
}

/**
 * A policy document that AWS would take. Its whitespace does not count for the quota.
 *
 * @throws AwsError MalformedPolicyDocument, LimitExceeded, ValidationError
 */
export function document(
  call: IamCall,
  parameter: string,
  { kind = "identity", quota, beside = [] }: DocumentLimits,
): string {
  const text = required(call, parameter);
  if (!/^[\t\n\r\u0020-\u00ff]+$/.test(text)) {
    const name = `${parameter.charAt(0).toLowerCase()}${parameter.slice(1)}`;
    throw new AwsError(
      "ValidationError",
      `The specified value for ${name} is invalid. It must contain only printable ASCII characters.`,
    );
  }
  const size = [text, ...beside].join("").replace(/\s/g, "").length;
  if (size > quota.size) {
    throw new AwsError("LimitExceeded", `Cannot exceed quota for ${quota.name}: ${quota.size}`, 409);
  }
  checkPolicy(text, kind, malformed);
  return text;
}

interface DocumentLimits {
  readonly kind?: PolicyKind;
  /** Characters ("IAM and AWS STS quotas"). */
  readonly quota: { readonly name: string; readonly size: number };
  /** Documents that count for the same quota. */
  readonly beside?: readonly string[];
}

export function alreadyExists(what: string, name: string): AwsError {
  return new AwsError("EntityAlreadyExists", `${what} with name ${name} already exists.`, 409);
}

export function deleteConflict(message: string): AwsError {
  return new AwsError("DeleteConflict", `Cannot delete entity, ${message}`, 409);
}
