import { AwsError } from "../http.ts";
import { type HeaderLists, headerOf } from "./canonical.ts";
import type { Scope } from "./signing.ts";
import type { Target } from "./target.ts";
import { formatTimestamp, parseTimestamp } from "./timestamp.ts";

/** What a request says of its signature, not verified yet. */
export interface Authorization {
  readonly accessKeyId: string;
  readonly scope: Scope;
  /** Lower case, in the order signed. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string;
  readonly securityToken: string | undefined;
  /** Seconds that a presigned URL is good for; undefined where the signature is in a header. */
  readonly expires: number | undefined;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
const WEEK_IN_SECONDS = 7 * 24 * 3600;

/**
 * Reads the `Authorization` header or a presigned URL's parameters ("Authenticating Requests", S3 API Reference).
 *
 * @returns undefined for an anonymous request
 * @throws AwsError where there is an authorization, but not a well-formed Signature Version 4 one
 */
export function parseAuthorization(target: Target, headers: HeaderLists): Authorization | undefined {
  const header = headerOf(headers, "authorization");
  const query = new Map(target.query);
  if (header !== undefined) {
    if (query.has("X-Amz-Algorithm")) {
      throw new AwsError(
        "InvalidArgument",
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header should be specified",
      );
    }
    return parseHeader(header, headers);
  }
  if (query.has("X-Amz-Algorithm")) return parseQuery(query, headers);
  return undefined;
}

function parseHeader(header: string, headers: HeaderLists): Authorization {
  if (!header.startsWith(`${ALGORITHM} `)) throw unsupportedMechanism();
  const fields = new Map(
    header
      .slice(ALGORITHM.length)
      .split(",")
      .map((field) => {
        const [name = "", ...value] = field.trim().split("=");
        return [name, value.join("=")] as const;
      }),
  );
  const credential = parseCredential(fields.get("Credential"));
  const signature = fields.get("Signature");
  const signedHeaders = parseSignedHeaders(fields.get("SignedHeaders"));
  if (credential === undefined || signature === undefined || signedHeaders === undefined) {
    throw new AwsError(
      "AuthorizationHeaderMalformed",
      "The authorization header that you provided is not valid: it needs Credential, SignedHeaders (with host) and Signature.",
    );
  }
  const timestamp = headerOf(headers, "x-amz-date") ?? timestampOfDate(headerOf(headers, "date"));
  if (timestamp === undefined || parseTimestamp(timestamp) === undefined) {
    throw new AwsError("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403);
  }
  return {
    ...credential,
    signedHeaders,
    signature,
    timestamp,
    securityToken: headerOf(headers, "x-amz-security-token"),
    expires: undefined,
  };
}

function parseQuery(query: ReadonlyMap<string, string>, headers: HeaderLists): Authorization {
  if (query.get("X-Amz-Algorithm") !== ALGORITHM) throw unsupportedMechanism();
  const credential = parseCredential(query.get("X-Amz-Credential"));
  const signature = query.get("X-Amz-Signature");
  const signedHeaders = parseSignedHeaders(query.get("X-Amz-SignedHeaders"));
  const timestamp = query.get("X-Amz-Date");
  const expires = query.get("X-Amz-Expires");
  if (!credential || !signature || !signedHeaders || !timestamp || parseTimestamp(timestamp) === undefined) {
    throw queryError(
      "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    );
  }
  if (expires === undefined || !/^\d{1,9}$/.test(expires))
    throw queryError("X-Amz-Expires should be a number");
  if (Number(expires) > WEEK_IN_SECONDS) {
    throw queryError("X-Amz-Expires must be less than a week (in seconds) from the given X-Amz-Date");
  }
  return {
    ...credential,
    signedHeaders,
    signature,
    timestamp,
    securityToken: query.get("X-Amz-Security-Token") ?? headerOf(headers, "x-amz-security-token"),
    expires: Number(expires),
  };
}

function parseCredential(text: string | undefined): { accessKeyId: string; scope: Scope } | undefined {
  const [accessKeyId, date, region, service, terminator, ...rest] = text?.split("/") ?? [];
  if (!accessKeyId || !date || !region || !service || terminator !== "aws4_request" || rest.length > 0) {
    return undefined;
  }
  return { accessKeyId, scope: { date, region, service } };
}

/** Without `host` a signature could be replayed against another virtual host, so it is not optional. */
function parseSignedHeaders(text: string | undefined): readonly string[] | undefined {
  const names = text?.split(";").map((name) => name.toLowerCase());
  return names?.includes("host") ? names : undefined;
}

function timestampOfDate(date: string | undefined): string | undefined {
  const time = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(time) ? undefined : formatTimestamp(time);
}

function unsupportedMechanism(): AwsError {
  return new AwsError(
    "InvalidRequest",
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
  );
}

function queryError(message: string): AwsError {
  return new AwsError("AuthorizationQueryParametersError", message);
}
