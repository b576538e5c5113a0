import { uriEncode } from "../auth/canonical.ts";
import type { ServiceResponse } from "../http.ts";
import type { Call } from "./call.ts";
import { numberParameter } from "./conditions.ts";
import { invalidArgument } from "./errors.ts";
import { bucketOf } from "./lookup.ts";
import { isoDate, quoted, xmlResponse } from "./respond.ts";
import { compareUtf8 } from "./store/sorted-keys.ts";
import type { Bucket, StoredObject } from "./types.ts";

const MAX_KEYS = 1000;

export interface ListQuery {
  readonly prefix: string;
  readonly delimiter: string;
  /** Keys up to and including this one are left out, and all that roll up into it where it is a common prefix. */
  readonly after: string;
  readonly maxKeys: number;
}

export interface ListPage {
  readonly objects: readonly StoredObject[];
  readonly commonPrefixes: readonly string[];
  /** Where the next page goes on; undefined on the last one. */
  readonly next: string | undefined;
}

/** One page of a bucket's keys, those with a delimiter after the prefix rolled up. */
export function listPage(bucket: Bucket, { prefix, delimiter, after, maxKeys }: ListQuery): ListPage {
  const objects: StoredObject[] = [];
  const commonPrefixes: string[] = [];
  let last = after;
  const start = compareUtf8(after, prefix) > 0 ? after : prefix;
  for (const object of bucket.objects.from(start)) {
    const { key } = object;
    if (!key.startsWith(prefix)) break;
    if (after !== "" && compareUtf8(key, after) <= 0) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    if (common !== undefined && (common === after || common === commonPrefixes.at(-1))) continue;
    if (objects.length + commonPrefixes.length >= maxKeys) {
      return { objects, commonPrefixes, next: maxKeys === 0 ? undefined : last };
    }
    if (common === undefined) objects.push(object);
    else commonPrefixes.push(common);
    last = common ?? key;
  }
  return { objects, commonPrefixes, next: undefined };
}

/** The parameters that all lists have. `encode` wraps every key in the answer, as `encoding-type` asks. */
export function commonParameters({ request: { query } }: Call) {
  const encodingType = query.get("encoding-type");
  if (encodingType !== null && encodingType !== "url") {
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encodingType);
  }
  return {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") ?? "",
    encodingType: encodingType ?? undefined,
    encode: (text: string) => (encodingType === null ? text : text.split("/").map(uriEncode).join("/")),
  };
}

export async function listObjectsV2(call: Call): Promise<ServiceResponse> {
  const { query } = call.request;
  if (query.get("list-type") !== "2") {
    throw invalidArgument(
      "Invalid List Type specified in Request",
      "list-type",
      query.get("list-type") ?? "",
    );
  }
  const { prefix, delimiter, encodingType, encode } = commonParameters(call);
  const token = query.get("continuation-token") ?? undefined;
  const startAfter = query.get("start-after") ?? "";
  const maxKeys = maxKeysOf(query);
  const after = token === undefined ? startAfter : decodeToken(token);
  const page = listPage(bucketOf(call), { prefix, delimiter, after, maxKeys });
  return xmlResponse("ListBucketResult", {
    Name: call.bucketName,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: encodingType,
    KeyCount: page.objects.length + page.commonPrefixes.length,
    IsTruncated: page.next !== undefined,
    ContinuationToken: token,
    NextContinuationToken: page.next === undefined ? undefined : Buffer.from(page.next).toString("base64url"),
    StartAfter: startAfter === "" ? undefined : encode(startAfter),
    ...renderPage(page, encode, query.get("fetch-owner") === "true"),
  });
}

export async function listObjects(call: Call): Promise<ServiceResponse> {
  const { query } = call.request;
  const { prefix, delimiter, encodingType, encode } = commonParameters(call);
  const marker = query.get("marker") ?? "";
  const maxKeys = maxKeysOf(query);
  const page = listPage(bucketOf(call), { prefix, delimiter, after: marker, maxKeys });
  return xmlResponse("ListBucketResult", {
    Name: call.bucketName,
    Prefix: encode(prefix),
    Marker: encode(marker),
    // Without a delimiter the last key is the marker, and S3 leaves it to the client to see that.
    NextMarker: page.next === undefined || delimiter === "" ? undefined : encode(page.next),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: encodingType,
    IsTruncated: page.next !== undefined,
    ...renderPage(page, encode, true),
  });
}

function renderPage(page: ListPage, encode: (text: string) => string, withOwner: boolean) {
  return {
    Contents: page.objects.map(({ key, lastModified, etag, size, storageClass, checksum }) => ({
      Key: encode(key),
      LastModified: isoDate(lastModified),
      ETag: quoted(etag),
      ChecksumAlgorithm: checksum?.algorithm,
      ChecksumType: checksum?.type,
      Size: size,
      StorageClass: storageClass,
      Owner: withOwner ? { ID: "local-aws", DisplayName: "local-aws" } : undefined,
    })),
    CommonPrefixes: page.commonPrefixes.map((common) => ({ Prefix: encode(common) })),
  };
}

export function maxKeysOf(query: URLSearchParams): number {
  const limits = { min: 0, max: 2 ** 31 - 1, fallback: MAX_KEYS };
  return Math.min(numberParameter("max-keys", query.get("max-keys"), limits), MAX_KEYS);
}

function decodeToken(token: string): string {
  const bytes = Buffer.from(token, "base64url");
  if (token !== "" && bytes.toString("base64url") === token) return bytes.toString("utf8");
  throw invalidArgument("The continuation token provided is incorrect", "continuation-token", token);
}
