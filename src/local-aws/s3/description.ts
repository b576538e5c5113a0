import type { IncomingHttpHeaders } from "node:http";
import { AwsError, notImplemented } from "../http.ts";
import type { Description } from "./types.ts";

const KEPT_HEADERS = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
] as const;

const METADATA_PREFIX = "x-amz-meta-";
const MAX_METADATA = 2 * 1024;

const STORAGE_CLASSES = [
  "STANDARD",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "REDUCED_REDUNDANCY",
];

const PRIVATE_ACLS = ["private", "bucket-owner-full-control", "bucket-owner-read"];

/** What a request that writes an object says of it. @throws AwsError, a named 501 for what local AWS lacks */
export function describeObject(headers: IncomingHttpHeaders): Description {
  refuseUnsupported(headers);
  const kept: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = name === "content-encoding" ? contentEncoding(headers[name]) : headers[name];
    if (value !== undefined) kept[name] = value;
  }
  kept["content-type"] ??= "binary/octet-stream";
  return { headers: kept, metadata: userMetadata(headers), storageClass: storageClass(headers) };
}

/** @throws AwsError where a header that is read here asks for a feature that is missing */
export function refuseUnsupported(headers: IncomingHttpHeaders): void {
  const encryption = headers["x-amz-server-side-encryption"];
  if (encryption !== undefined && encryption !== "AES256")
    throw notImplemented("S3 encryption with KMS keys");
  const acl = headers["x-amz-acl"];
  const grants = Object.keys(headers).some((name) => name.startsWith("x-amz-grant-"));
  if (grants || (typeof acl === "string" && !PRIVATE_ACLS.includes(acl))) {
    throw new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs");
  }
}

/** `aws-chunked` describes the transfer, not the object. */
function contentEncoding(value: string | undefined): string | undefined {
  const codings = value?.split(",").map((coding) => coding.trim());
  const kept = codings?.filter((coding) => coding !== "aws-chunked" && coding !== "").join(",");
  return kept === "" ? undefined : kept;
}

function userMetadata(headers: IncomingHttpHeaders): Record<string, string> {
  const metadata: Record<string, string> = {};
  let size = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(METADATA_PREFIX)) continue;
    const text = Array.isArray(value) ? value.join(",") : (value ?? "");
    const short = name.slice(METADATA_PREFIX.length);
    metadata[short] = text;
    size += short.length + text.length;
  }
  if (size > MAX_METADATA) {
    throw new AwsError(
      "MetadataTooLarge",
      "Your metadata headers exceed the maximum allowed metadata size",
      400,
      { Size: String(size), MaxSizeAllowed: String(MAX_METADATA) },
    );
  }
  return metadata;
}

function storageClass(headers: IncomingHttpHeaders): string {
  const name = headers["x-amz-storage-class"] ?? "STANDARD";
  if (typeof name === "string" && STORAGE_CLASSES.includes(name)) return name;
  throw notImplemented(`the S3 storage class ${String(name)}`);
}

/** The headers that give a description back. */
export function descriptionHeaders({ headers, metadata, storageClass }: Description): Record<string, string> {
  const given = Object.entries(metadata).map(
    ([name, value]) => [`${METADATA_PREFIX}${name}`, value] as const,
  );
  return {
    ...headers,
    ...Object.fromEntries(given),
    ...(storageClass === "STANDARD" ? {} : { "x-amz-storage-class": storageClass }),
  };
}
