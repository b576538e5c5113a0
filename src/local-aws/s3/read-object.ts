import type { IncomingHttpHeaders } from "node:http";
import { AwsError, type ServiceResponse } from "../http.ts";
import type { Call } from "./call.ts";
import { ALGORITHMS, checksumElement } from "./checksums.ts";
import { isNotModified, numberParameter } from "./conditions.ts";
import { descriptionHeaders } from "./description.ts";
import { invalidArgument } from "./errors.ts";
import { checkVersion, objectOf } from "./lookup.ts";
import { type ByteRange, parseRange } from "./range.ts";
import { checksumHeaders, ENCRYPTION_HEADER, quoted, xmlResponse } from "./respond.ts";
import type { StoredObject } from "./types.ts";

export async function getObject(call: Call): Promise<ServiceResponse> {
  return readObject(call, (object, { start, end }) => ({
    body: call.store.data.read(object.segments, start, end),
  }));
}

export async function headObject(call: Call): Promise<ServiceResponse> {
  return readObject(call, () => ({}));
}

async function readObject(
  call: Call,
  open: (object: StoredObject, range: ByteRange) => Pick<ServiceResponse, "body">,
): Promise<ServiceResponse> {
  const { request, key } = call;
  checkVersion(request.query.get("versionId"), key);
  const object = objectOf(call);
  const validators = {
    etag: quoted(object.etag),
    "last-modified": new Date(object.lastModified).toUTCString(),
  };
  if (isNotModified(request.headers, object)) return { status: 304, headers: validators };
  const overrides = responseOverrides(request.query);
  const part = partRange(object, request.query.get("partNumber"));
  const range = part ?? parseRange(request.headers.range, object.size);
  const { start, end } = range ?? { start: 0, end: object.size - 1 };
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...ENCRYPTION_HEADER,
      ...descriptionHeaders(object),
      ...overrides,
      ...validators,
      "accept-ranges": "bytes",
      "content-length": String(end - start + 1),
      ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end}/${object.size}` }),
      ...(part === undefined || object.partCount === undefined
        ? {}
        : { "x-amz-mp-parts-count": String(object.partCount) }),
      // The checksum is the whole object's: with a range of it, clients would find it wrong.
      ...(wantsChecksum(request.headers) && end - start + 1 === object.size
        ? checksumHeaders(object.checksum)
        : {}),
    },
    ...open(object, { start, end }),
  };
}

function wantsChecksum(headers: IncomingHttpHeaders): boolean {
  return String(headers["x-amz-checksum-mode"]).toUpperCase() === "ENABLED";
}

/** The bytes of one part, counted from 1; an object uploaded in one go has one. */
function partRange(object: StoredObject, partNumber: string | null): ByteRange | undefined {
  if (partNumber === null) return undefined;
  const number = numberParameter("partNumber", partNumber, { min: 1, max: 10_000, fallback: 1 });
  const segment = object.segments[number - 1];
  if (segment === undefined) {
    throw new AwsError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416, {
      PartNumberRequested: partNumber,
      ActualPartCount: String(object.segments.length),
    });
  }
  if (object.size === 0) return undefined;
  const start = object.segments.slice(0, number - 1).reduce((sum, { size }) => sum + size, 0);
  return { start, end: start + segment.size - 1 };
}

/** `response-content-type` and the like: headers as the caller would have them. */
function responseOverrides(query: URLSearchParams): Record<string, string> {
  const overrides: Record<string, string> = {};
  for (const name of ["type", "language", "disposition", "encoding"]
    .map((word) => `content-${word}`)
    .concat(["cache-control", "expires"])) {
    const value = query.get(`response-${name}`);
    if (value === null) continue;
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw invalidArgument(
        "Header value cannot be represented using ISO-8859-1.",
        `response-${name}`,
        value,
      );
    }
    overrides[name] = value;
  }
  return overrides;
}

export async function getObjectAttributes(call: Call): Promise<ServiceResponse> {
  checkVersion(call.request.query.get("versionId"), call.key);
  const object = objectOf(call);
  const wanted = String(call.request.headers["x-amz-object-attributes"] ?? "")
    .split(",")
    .map((name) => name.trim());
  if (wanted.every((name) => name === "")) {
    throw invalidArgument("The x-amz-object-attributes header is missing.", "x-amz-object-attributes", "");
  }
  const when = <Value>(name: string, value: Value) => (wanted.includes(name) ? value : undefined);
  const checksums = ALGORITHMS.filter((algorithm) => algorithm === object.checksum?.algorithm).map(
    (algorithm) => [checksumElement(algorithm), object.checksum?.value.replace(/-\d+$/, "")] as const,
  );
  return xmlResponse(
    "GetObjectAttributesResponse",
    {
      ETag: when("ETag", object.etag),
      Checksum: object.checksum
        ? when("Checksum", { ...Object.fromEntries(checksums), ChecksumType: object.checksum.type })
        : undefined,
      ObjectParts: object.partCount ? when("ObjectParts", { TotalPartsCount: object.partCount }) : undefined,
      StorageClass: when("StorageClass", object.storageClass),
      ObjectSize: when("ObjectSize", object.size),
    },
    { "last-modified": new Date(object.lastModified).toUTCString() },
  );
}

/** Objects here have no tags; `aws s3 cp` asks for them before it copies a large object. */
export async function getObjectTagging(call: Call): Promise<ServiceResponse> {
  checkVersion(call.request.query.get("versionId"), call.key);
  objectOf(call);
  return xmlResponse("Tagging", { TagSet: {} });
}
