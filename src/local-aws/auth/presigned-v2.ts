import { createHmac } from "node:crypto";
import { AwsError, type Principal } from "../http.ts";
import { bucketOfHost } from "../virtual-host.ts";
import { type HeaderLists, headerOf } from "./canonical.ts";
import { sameSecret } from "./signing.ts";
import type { Target } from "./target.ts";
import { type AccessKeys, accessKeyOf, signatureDoesNotMatch } from "./verify.ts";

/**
 * A URL presigned with Signature Version 2 ("Signing and authenticating REST requests (AWS signature version 2)", S3
 * User Guide). S3's oldest region still takes them, and `aws s3 presign` of version 1 and boto3 make them for it.
 */
export interface PresignedV2 {
  readonly accessKeyId: string;
  readonly signature: string;
  /** Seconds since 1970, as text. */
  readonly expires: string;
}

/** The query parameters that are part of what is signed; those after `uploads` name response headers. */
const SIGNED_PARAMETERS = new Set([
  ...["acl", "cors", "delete", "lifecycle", "location", "logging", "notification", "partNumber", "policy"],
  ...["requestPayment", "restore", "tagging", "torrent", "uploadId", "versionId", "versioning", "versions"],
  ...["website", "uploads"],
  ...["cache-control", "content-disposition", "content-encoding"].map((name) => `response-${name}`),
  ...["content-language", "content-type", "expires"].map((name) => `response-${name}`),
]);

/** @returns undefined where the request is not of that kind */
export function parsePresignedV2({ query }: Target): PresignedV2 | undefined {
  const parameters = new Map(query);
  const accessKeyId = parameters.get("AWSAccessKeyId");
  const signature = parameters.get("Signature");
  const expires = parameters.get("Expires");
  if (accessKeyId === undefined || signature === undefined || expires === undefined) return undefined;
  return { accessKeyId, signature, expires };
}

/** @throws AwsError InvalidAccessKeyId, InvalidToken, AccessDenied (expired), SignatureDoesNotMatch */
export function verifyPresignedV2(
  request: { readonly method: string; readonly target: Target; readonly headers: HeaderLists },
  { accessKeyId, signature, expires }: PresignedV2,
  keys: AccessKeys,
  now: number,
): Principal {
  const { target, headers } = request;
  const amz = amzValues(request);
  const accessKey = accessKeyOf(keys, accessKeyId, amz.get("x-amz-security-token"));
  if (!/^\d{1,12}$/.test(expires) || now > Number(expires) * 1000) {
    throw new AwsError("AccessDenied", "Request has expired", 403, {
      Expires: expires,
      ServerTime: new Date(now).toISOString(),
    });
  }
  const parameters = new Map(target.query);
  const stringToSign = [
    request.method,
    headerOf(headers, "content-md5") ?? parameters.get("content-md5") ?? "",
    headerOf(headers, "content-type") ?? parameters.get("content-type") ?? "",
    expires,
    ...[...amz.keys()].sort().map((name) => `${name}:${amz.get(name)}`),
    canonicalResource(request),
  ].join("\n");
  const expected = createHmac("sha1", accessKey.secretAccessKey).update(stringToSign).digest("base64");
  if (!sameSecret(expected, signature)) throw signatureDoesNotMatch({ StringToSign: stringToSign });
  return accessKey.principal;
}

/** `x-amz-` headers, which clients move into the query of a presigned URL. */
function amzValues({ target, headers }: { target: Target; headers: HeaderLists }): Map<string, string> {
  const sent = [...headers].map(
    ([name, values]) => [name, values.map((value) => value.trim()).join(",")] as const,
  );
  return new Map([...target.query, ...sent].filter(([name]) => name.startsWith("x-amz-")));
}

function canonicalResource({ target, headers }: { target: Target; headers: HeaderLists }): string {
  const bucket = bucketOfHost(headerOf(headers, "host"));
  const parameters = target.query
    .filter(([name]) => SIGNED_PARAMETERS.has(name))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`))
    .sort();
  const query = parameters.length === 0 ? "" : `?${parameters.join("&")}`;
  return `${bucket === undefined ? "" : `/${bucket}`}${target.rawPath}${query}`;
}
