import type { ServiceRequest, ServiceResponse } from "../http.ts";
import { hashBody, requiredAlgorithm } from "./body.ts";
import type { Call } from "./call.ts";
import type { Algorithm, Checksum } from "./checksums.ts";
import { checkCopySource } from "./conditions.ts";
import { describeObject } from "./description.ts";
import { invalidArgument, invalidRequest } from "./errors.ts";
import { bucketOf, checkVersion, objectOf } from "./lookup.ts";
import type { ByteRange } from "./range.ts";
import { checksumElements, ENCRYPTION_HEADER, isoDate, quoted, xmlResponse } from "./respond.ts";
import type { Segment, StoredObject } from "./types.ts";
import { commitObject, wholeSeconds } from "./write-object.ts";

const MAX_COPY = 5 * 1024 ** 3;

export async function copyObject(call: Call): Promise<ServiceResponse> {
  const { request, key, bucketName } = call;
  const { headers } = request;
  bucketOf(call);
  const source = findCopySource(call);
  const directive = String(headers["x-amz-metadata-directive"] ?? "COPY").toUpperCase();
  if (directive !== "COPY" && directive !== "REPLACE") {
    throw invalidArgument("Unknown metadata directive.", "x-amz-metadata-directive", directive);
  }
  const said = describeObject(headers);
  const sameClass =
    headers["x-amz-storage-class"] === undefined || said.storageClass === source.object.storageClass;
  if (source.bucketName === bucketName && source.object.key === key && directive === "COPY" && sameClass) {
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  if (source.object.size > MAX_COPY) {
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_COPY}`,
    );
  }
  const asked = headers["x-amz-checksum-algorithm"];
  const algorithm = typeof asked === "string" ? requiredAlgorithm(asked) : source.object.checksum?.algorithm;
  const copied = await copyBytes(call, source.object, undefined, algorithm);
  const { headers: kept, metadata } = directive === "COPY" ? source.object : said;
  const object: StoredObject = {
    headers: kept,
    metadata,
    storageClass: said.storageClass,
    key,
    etag: copied.etag,
    size: copied.segment.size,
    lastModified: wholeSeconds(call.now()),
    checksum: copied.checksum,
    segments: [copied.segment],
    partCount: undefined,
  };
  await commitObject(call, object);
  return xmlResponse(
    "CopyObjectResult",
    {
      ETag: quoted(object.etag),
      LastModified: isoDate(object.lastModified),
      ...checksumElements(object.checksum),
    },
    ENCRYPTION_HEADER,
  );
}

/**
 * The object that `x-amz-copy-source` names, if the conditions on it hold.
 *
 * @throws AwsError InvalidArgument, NoSuchBucket, NoSuchKey, PreconditionFailed
 */
export function findCopySource(call: Call): { bucketName: string; object: StoredObject } {
  const header = String(call.request.headers["x-amz-copy-source"]);
  const [path = "", version] = header.split("?versionId=");
  const invalid = invalidArgument(
    "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    "x-amz-copy-source",
    header,
  );
  let decoded: string;
  try {
    decoded = decodeURIComponent(path).replace(/^\//, "");
  } catch {
    throw invalid;
  }
  const slash = decoded.indexOf("/");
  const key = decoded.slice(slash + 1);
  if (slash < 1 || key === "") throw invalid;
  checkVersion(version, key);
  const bucketName = decoded.slice(0, slash);
  const object = objectOf({ store: call.store, bucketName, key });
  checkCopySource(call.request.headers, object);
  return { bucketName, object };
}

/** Copies bytes of an object into a data file of their own, hashing them. */
export async function copyBytes(
  call: Call,
  source: StoredObject,
  range: ByteRange | undefined,
  algorithm: Algorithm | undefined,
): Promise<{ segment: Segment; etag: string; checksum: Checksum | undefined }> {
  const { start, end } = range ?? { start: 0, end: source.size - 1 };
  const stream = call.store.data.read(source.segments, start, end);
  // Hashed as a request's body is, but with nothing announced.
  const request: ServiceRequest = { ...call.request, headers: {}, body: stream };
  const body = hashBody(request, algorithm);
  try {
    const segment = await call.store.data.write(body.chunks);
    return { segment, etag: body.md5(), checksum: body.checksum() };
  } finally {
    stream.destroy();
  }
}
