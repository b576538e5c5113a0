import { createHash } from "node:crypto";
import { AwsError, type ServiceResponse } from "../http.ts";
import { childrenOf, malformedXml, parseXml, textOf, type XmlNode } from "../xml.ts";
import { readText } from "./body.ts";
import type { Call } from "./call.ts";
import { type Checksum, checksumElement, checksumHeader, checksumOfParts } from "./checksums.ts";
import { checkWrite, unquote } from "./conditions.ts";
import { invalidRequest } from "./errors.ts";
import { bucketOf, uploadOf } from "./lookup.ts";
import { MAX_PARTS, MIN_PART } from "./multipart.ts";
import { checksumElements, ENCRYPTION_HEADER, quoted, xmlResponse } from "./respond.ts";
import type { OpenUpload, StoredObject, StoredPart } from "./types.ts";
import { wholeSeconds } from "./write-object.ts";

/** Makes an object of an upload's parts. Their files become the object's: nothing is copied. */
export async function completeMultipartUpload(call: Call): Promise<ServiceResponse> {
  const { request, store, bucketName, key } = call;
  if (completedBefore(call) === undefined) uploadOf(call);
  const listed = await readPartList(call);
  const object = await store.exclusively(bucketName, async () => {
    const bucket = bucketOf(call);
    const completed = completedBefore(call);
    if (completed?.etag === etagOfParts(listed)) return completed;
    const upload = uploadOf(call);
    checkWrite(request.headers, bucket.objects.get(key), key);
    const parts = checkParts(upload, listed);
    const made = joinParts(upload, parts, wholeSeconds(call.now()));
    checkWhole(call, made);
    await store.putObject(bucket, made);
    await store.removeUpload(bucket, upload, made.segments);
    return made;
  });
  return xmlResponse(
    "CompleteMultipartUploadResult",
    {
      Location: `http://${request.headers.host}/${bucketName}/${key}`,
      Bucket: bucketName,
      Key: key,
      ETag: quoted(object.etag),
      ...checksumElements(object.checksum),
    },
    ENCRYPTION_HEADER,
  );
}

/** What a client that missed the answer completes once more, as long as it is still there. */
function completedBefore(call: Call): StoredObject | undefined {
  const object = bucketOf(call).objects.get(call.key);
  const id = call.request.query.get("uploadId");
  return object?.uploadId === id ? object : undefined;
}

interface ListedPart {
  readonly number: number;
  readonly etag: string;
  readonly node: XmlNode;
}

/** The checksum headers of this request are the whole object's, not the body's: the body is read without them. */
async function readPartList(call: Call): Promise<readonly ListedPart[]> {
  const md5 = call.request.headers["content-md5"];
  const headers = md5 === undefined ? {} : { "content-md5": md5 };
  const root = parseXml(await readText({ ...call.request, headers }), "CompleteMultipartUpload");
  const parts = childrenOf(root, "Part").map((node) => {
    const number = Number(textOf(node, "PartNumber"));
    const etag = textOf(node, "ETag");
    if (!Number.isInteger(number) || etag === undefined) throw malformedXml();
    return { number, etag: unquote(etag.trim()), node };
  });
  if (parts.length === 0 || parts.length > MAX_PARTS) throw malformedXml();
  return parts;
}

/**
 * The parts asked for, if S3 would take them.
 *
 * @throws AwsError InvalidPartOrder, InvalidPart, InvalidRequest, EntityTooSmall
 */
function checkParts(upload: OpenUpload, listed: readonly ListedPart[]): readonly StoredPart[] {
  const unordered = listed.some(({ number }, index) => number <= (listed[index - 1]?.number ?? -1));
  if (unordered) {
    throw new AwsError(
      "InvalidPartOrder",
      "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
      400,
      { UploadId: upload.id },
    );
  }
  const parts = listed.map((one) => checkPart(upload, one));
  for (const part of parts.slice(0, -1)) {
    if (part.size >= MIN_PART) continue;
    throw new AwsError(
      "EntityTooSmall",
      "Your proposed upload is smaller than the minimum allowed size",
      400,
      {
        ProposedSize: String(part.size),
        MinSizeAllowed: String(MIN_PART),
        PartNumber: String(part.number),
        ETag: part.etag,
      },
    );
  }
  return parts;
}

function checkPart(upload: OpenUpload, { number, etag, node }: ListedPart): StoredPart {
  const part = upload.parts.get(number);
  const invalid = new AwsError(
    "InvalidPart",
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    400,
    { UploadId: upload.id, PartNumber: String(number), ETag: etag },
  );
  if (part === undefined || part.etag !== etag) throw invalid;
  const { algorithm, checksumType } = upload;
  if (algorithm === undefined) return part;
  const given = textOf(node, checksumElement(algorithm));
  if (given === undefined && checksumType === "COMPOSITE") {
    throw invalidRequest(
      `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    );
  }
  if (given !== undefined && given !== part.checksum?.value) throw invalid;
  return part;
}

function joinParts(upload: OpenUpload, parts: readonly StoredPart[], now: number): StoredObject {
  const { headers, metadata, storageClass, key } = upload;
  return {
    headers,
    metadata,
    storageClass,
    key,
    etag: etagOfParts(parts),
    size: parts.reduce((sum, { size }) => sum + size, 0),
    lastModified: now,
    checksum: joinedChecksum(upload, parts),
    segments: parts.map(({ file, size }) => ({ file, size })),
    partCount: parts.length,
    uploadId: upload.id,
  };
}

function etagOfParts(parts: readonly { readonly etag: string }[]): string {
  const md5 = createHash("md5");
  for (const part of parts) md5.update(Buffer.from(part.etag, "hex"));
  return `${md5.digest("hex")}-${parts.length}`;
}

function joinedChecksum(
  { algorithm, checksumType }: OpenUpload,
  parts: readonly StoredPart[],
): Checksum | undefined {
  if (algorithm === undefined || checksumType === undefined) return undefined;
  const checksums = parts.map(({ checksum, size }) => ({ checksum: checksum?.value ?? "", size }));
  return checksumOfParts(algorithm, checksumType, checksums);
}

/** What the client says of the whole object. */
function checkWhole({ request: { headers } }: Call, object: StoredObject): void {
  const size = headers["x-amz-mp-object-size"];
  if (size !== undefined && Number(size) !== object.size) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${String(size)} does not match what was computed: ${object.size}`,
    );
  }
  const { checksum } = object;
  const type = headers["x-amz-checksum-type"];
  if (type !== undefined && type !== checksum?.type) {
    throw invalidRequest(
      `The upload was created using the ${checksum?.type ?? "null"} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  if (checksum === undefined) return;
  const given = headers[checksumHeader(checksum.algorithm)];
  const value =
    checksum.type === "COMPOSITE" ? [checksum.value, checksum.value.split("-")[0]] : [checksum.value];
  if (given !== undefined && !value.includes(String(given))) {
    throw new AwsError(
      "BadDigest",
      `The ${checksum.algorithm} you specified did not match the calculated checksum.`,
    );
  }
}
