import type { IncomingHttpHeaders } from "node:http";
import { AwsError, notImplemented } from "../http.ts";
import { noSuchKey, preconditionFailed } from "./errors.ts";
import type { StoredObject } from "./types.ts";

type Validators = Pick<StoredObject, "etag" | "lastModified">;

interface Conditions {
  readonly match: string | undefined;
  readonly noneMatch: string | undefined;
  readonly modifiedSince: string | undefined;
  readonly unmodifiedSince: string | undefined;
}

/** What the conditions come to (RFC 9110 13.2.2): a pair is read together, the tag before the date. */
function evaluate(conditions: Conditions, object: Validators): "ok" | "failed" | "not modified" {
  const { match, noneMatch, modifiedSince, unmodifiedSince } = conditions;
  if (match !== undefined) {
    if (!lists(match, object.etag)) return "failed";
  } else if (unmodifiedSince !== undefined && object.lastModified > Date.parse(unmodifiedSince)) {
    return "failed";
  }
  if (noneMatch !== undefined) {
    if (lists(noneMatch, object.etag)) return "not modified";
  } else if (modifiedSince !== undefined && object.lastModified <= Date.parse(modifiedSince)) {
    return "not modified";
  }
  return "ok";
}

/** The conditions of a GET or HEAD. @throws AwsError PreconditionFailed */
export function isNotModified(headers: IncomingHttpHeaders, object: Validators): boolean {
  const conditions = {
    match: headers["if-match"],
    noneMatch: headers["if-none-match"],
    modifiedSince: headers["if-modified-since"],
    unmodifiedSince: headers["if-unmodified-since"],
  };
  const outcome = evaluate(conditions, object);
  if (outcome === "failed") {
    throw preconditionFailed(conditions.match === undefined ? "If-Unmodified-Since" : "If-Match");
  }
  return outcome === "not modified";
}

/** The conditions on what is copied from. @throws AwsError PreconditionFailed */
export function checkCopySource(headers: IncomingHttpHeaders, source: Validators): void {
  const outcome = evaluate(
    {
      match: single(headers["x-amz-copy-source-if-match"]),
      noneMatch: single(headers["x-amz-copy-source-if-none-match"]),
      modifiedSince: single(headers["x-amz-copy-source-if-modified-since"]),
      unmodifiedSince: single(headers["x-amz-copy-source-if-unmodified-since"]),
    },
    source,
  );
  if (outcome !== "ok") throw preconditionFailed("x-amz-copy-source-If-");
}

/**
 * The conditions of a write ("Conditional writes", S3 User Guide): create only (`If-None-Match: *`), or replace only
 * what the caller has seen (`If-Match`).
 *
 * @throws AwsError PreconditionFailed, or NoSuchKey where there is nothing to replace
 */
export function checkWrite(
  headers: IncomingHttpHeaders,
  existing: Validators | undefined,
  key: string,
): void {
  const noneMatch = headers["if-none-match"];
  if (noneMatch !== undefined) {
    if (noneMatch.trim() !== "*") throw notImplemented("If-None-Match of a write with anything but *");
    if (existing !== undefined) throw preconditionFailed("If-None-Match");
  }
  const match = headers["if-match"];
  if (match === undefined) return;
  if (existing === undefined) throw noSuchKey(key);
  if (!lists(match, existing.etag)) throw preconditionFailed("If-Match");
}

/** Whether a list of entity tags holds this one; S3 takes tags without quotes too. */
function lists(tags: string, etag: string): boolean {
  return tags
    .split(",")
    .map((tag) => unquote(tag.trim()))
    .some((tag) => tag === "*" || tag === etag);
}

export function unquote(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** The `uploadId`, `partNumber`, … of a request. @throws AwsError InvalidArgument where it is not a number in range */
export function numberParameter(
  name: string,
  value: string | null,
  { min, max, fallback }: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  if (value === null || value === "") return fallback;
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new AwsError("InvalidArgument", `${name} must be an integer between ${min} and ${max}`, 400, {
    ArgumentName: name,
    ArgumentValue: value,
  });
}
