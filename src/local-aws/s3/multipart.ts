import { randomBytes } from "node:crypto";
import type { ServiceResponse } from "../http.ts";
import { announcedChecksum, checkLength, hashBody, requiredAlgorithm } from "./body.ts";
import type { Call } from "./call.ts";
import type { Algorithm, ChecksumType } from "./checksums.ts";
import { checksumHeader } from "./checksums.ts";
import { numberParameter } from "./conditions.ts";
import { copyBytes, findCopySource } from "./copy.ts";
import { describeObject } from "./description.ts";
import { invalidArgument, invalidRequest } from "./errors.ts";
import { bucketOf, uploadOf } from "./lookup.ts";
import type { ByteRange } from "./range.ts";
import { ENCRYPTION_HEADER, isoDate, quoted, xmlResponse } from "./respond.ts";
import type { StoredObject, StoredPart, Upload } from "./types.ts";
import { wholeSeconds } from "./write-object.ts";

/** "Multipart upload limits" (S3 User Guide). */
export const MIN_PART = 5 * 1024 ** 2;
const MAX_PART = 5 * 1024 ** 3;
export const MAX_PARTS = 10_000;

export async function createMultipartUpload(call: Call): Promise<ServiceResponse> {
  const { request, store, bucketName, key } = call;
  const { algorithm, checksumType } = checksumsAsked(call);
  const upload: Upload = {
    ...describeObject(request.headers),
    id: randomBytes(48).toString("base64url"),
    key,
    initiated: wholeSeconds(call.now()),
    algorithm,
    checksumType,
  };
  await store.exclusively(bucketName, () => store.createUpload(bucketOf(call), upload));
  return xmlResponse(
    "InitiateMultipartUploadResult",
    { Bucket: bucketName, Key: key, UploadId: upload.id },
    {
      ...ENCRYPTION_HEADER,
      ...(algorithm === undefined ? {} : { "x-amz-checksum-algorithm": algorithm }),
      ...(checksumType === undefined ? {} : { "x-amz-checksum-type": checksumType }),
    },
  );
}

function checksumsAsked({ request: { headers } }: Call): {
  algorithm: Algorithm | undefined;
  checksumType: ChecksumType | undefined;
} {
  const name = headers["x-amz-checksum-algorithm"];
  const type = headers["x-amz-checksum-type"];
  if (name === undefined) {
    if (type === undefined) return { algorithm: undefined, checksumType: undefined };
    throw invalidRequest(
      "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    );
  }
  const algorithm = requiredAlgorithm(String(name));
  const full = algorithm.startsWith("CRC");
  const composite = algorithm !== "CRC64NVME";
  if (type === undefined) return { algorithm, checksumType: composite ? "COMPOSITE" : "FULL_OBJECT" };
  if (type === "FULL_OBJECT" && full) return { algorithm, checksumType: type };
  if (type === "COMPOSITE" && composite) return { algorithm, checksumType: type };
  throw invalidRequest(
    `The ${String(type)} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  );
}

function partNumberOf({ request }: Call): number {
  const value = request.query.get("partNumber");
  const number = /^\d{1,5}$/.test(value ?? "") ? Number(value) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  throw invalidArgument(
    "Part number must be an integer between 1 and 10000, inclusive",
    "partNumber",
    value ?? "",
  );
}

export async function uploadPart(call: Call): Promise<ServiceResponse> {
  const { request, store } = call;
  const number = partNumberOf(call);
  const { algorithm, checksumType } = uploadOf(call);
  checkLength(request.headers);
  const sent = announcedChecksum(request.headers)?.algorithm;
  // A full-object checksum can do without: the parts' are computed here.
  const missing = sent === undefined && checksumType === "COMPOSITE";
  if (missing || (sent !== undefined && algorithm !== undefined && sent !== algorithm)) {
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${algorithm?.toLowerCase()}, actual checksum Type: ${sent?.toLowerCase() ?? "null"}`,
    );
  }
  const body = hashBody(request, algorithm);
  const segment = await store.data.write(body.chunks);
  const part: StoredPart = {
    ...segment,
    number,
    etag: body.md5(),
    lastModified: wholeSeconds(call.now()),
    // SDKs send one by default. Where the upload was created without an algorithm it is verified, and not kept.
    checksum: algorithm === undefined ? undefined : body.checksum(),
  };
  await commitPart(call, part);
  const checksum = body.checksum();
  return {
    status: 200,
    headers: {
      ...ENCRYPTION_HEADER,
      etag: quoted(part.etag),
      ...(checksum === undefined ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value }),
    },
  };
}

export async function uploadPartCopy(call: Call): Promise<ServiceResponse> {
  const number = partNumberOf(call);
  const { algorithm } = uploadOf(call);
  const { object: source } = findCopySource(call);
  const range = copyRange(call.request.headers["x-amz-copy-source-range"], source);
  const size = range === undefined ? source.size : range.end - range.start + 1;
  if (size > MAX_PART) {
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_PART}`,
    );
  }
  const { segment, etag, checksum } = await copyBytes(call, source, range, algorithm);
  const part: StoredPart = { ...segment, number, etag, lastModified: wholeSeconds(call.now()), checksum };
  await commitPart(call, part);
  return xmlResponse(
    "CopyPartResult",
    {
      ETag: quoted(etag),
      LastModified: isoDate(part.lastModified),
      ...(checksum === undefined ? {} : { [`Checksum${checksum.algorithm}`]: checksum.value }),
    },
    ENCRYPTION_HEADER,
  );
}

/** Unlike a GET's range this one must name both ends, and both must be in the object. */
function copyRange(header: string | string[] | undefined, source: StoredObject): ByteRange | undefined {
  if (header === undefined) return undefined;
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(String(header));
  if (match === null || Number(match[1]) > Number(match[2])) {
    throw invalidArgument(
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
      "x-amz-copy-source-range",
      String(header),
    );
  }
  if (Number(match[2]) >= source.size) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${source.size}`,
      "x-amz-copy-source-range",
      String(header),
    );
  }
  if (source.size <= MIN_PART) {
    throw invalidRequest("The specified copy source is not supported as a byte-range copy source.");
  }
  return { start: Number(match[1]), end: Number(match[2]) };
}

/** The upload may have ended while the bytes came in. */
async function commitPart(call: Call, part: StoredPart): Promise<void> {
  const { store, bucketName } = call;
  try {
    await store.exclusively(bucketName, () => store.putPart(bucketOf(call), uploadOf(call), part));
  } catch (error) {
    await store.data.remove([part]);
    throw error;
  }
}

export async function abortMultipartUpload(call: Call): Promise<ServiceResponse> {
  const { store, bucketName } = call;
  await store.exclusively(bucketName, () => store.removeUpload(bucketOf(call), uploadOf(call), []));
  return { status: 204 };
}

export async function listParts(call: Call): Promise<ServiceResponse> {
  const { query } = call.request;
  const upload = uploadOf(call);
  const marker = numberParameter("part-number-marker", query.get("part-number-marker"), {
    min: 0,
    max: 2 ** 31 - 1,
    fallback: 0,
  });
  const maxParts = Math.min(
    numberParameter("max-parts", query.get("max-parts"), { min: 0, max: 2 ** 31 - 1, fallback: 1000 }),
    1000,
  );
  const left = [...upload.parts.values()]
    .filter(({ number }) => number > marker)
    .sort((a, b) => a.number - b.number);
  const page = left.slice(0, maxParts);
  return xmlResponse("ListPartsResult", {
    Bucket: call.bucketName,
    Key: call.key,
    UploadId: upload.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: maxParts,
    IsTruncated: left.length > page.length,
    StorageClass: upload.storageClass,
    ChecksumAlgorithm: upload.algorithm,
    ChecksumType: upload.checksumType,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: isoDate(part.lastModified),
      ETag: quoted(part.etag),
      Size: part.size,
      ...(part.checksum === undefined ? {} : { [`Checksum${part.checksum.algorithm}`]: part.checksum.value }),
    })),
  });
}
