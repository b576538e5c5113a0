import type { ServiceResponse } from "../http.ts";
import { childrenOf, malformedXml, textOf } from "../xml.ts";
import { announcedChecksum, checkLength, hashBody, readXml, refuseUnreadElements } from "./body.ts";
import type { Call } from "./call.ts";
import { checkWrite, unquote } from "./conditions.ts";
import { describeObject } from "./description.ts";
import { invalidRequest, preconditionFailed } from "./errors.ts";
import { bucketOf, checkVersion } from "./lookup.ts";
import { checksumHeaders, ENCRYPTION_HEADER, quoted, xmlResponse } from "./respond.ts";
import type { StoredObject } from "./types.ts";

const MAX_DELETED = 1000;

export async function putObject(call: Call): Promise<ServiceResponse> {
  const { request, store, key } = call;
  const description = describeObject(request.headers);
  checkLength(request.headers);
  // Checked before the body is sent (there may be much of it), and again when it is all there.
  checkWrite(request.headers, bucketOf(call).objects.get(key), key);
  const body = hashBody(request);
  const segment = await store.data.write(body.chunks);
  const object: StoredObject = {
    ...description,
    key,
    etag: body.md5(),
    size: segment.size,
    lastModified: wholeSeconds(call.now()),
    checksum: body.checksum(),
    segments: [segment],
    partCount: undefined,
  };
  await commitObject(call, object);
  return {
    status: 200,
    headers: { ...ENCRYPTION_HEADER, etag: quoted(object.etag), ...checksumHeaders(object.checksum) },
  };
}

/** Makes an object visible, if the conditions of the request (still) hold; else its data goes. */
export async function commitObject(call: Call, object: StoredObject): Promise<void> {
  const { request, store, bucketName, key } = call;
  try {
    await store.exclusively(bucketName, async () => {
      const bucket = bucketOf(call);
      checkWrite(request.headers, bucket.objects.get(key), key);
      await store.putObject(bucket, object);
    });
  } catch (error) {
    await store.data.remove(object.segments);
    throw error;
  }
}

export function wholeSeconds(time: number): number {
  return Math.floor(time / 1000) * 1000;
}

/** What is not there counts as deleted. */
export async function deleteObject(call: Call): Promise<ServiceResponse> {
  const { request, store, bucketName, key } = call;
  checkVersion(request.query.get("versionId"), key);
  await store.exclusively(bucketName, async () => {
    const bucket = bucketOf(call);
    checkWrite({ "if-match": request.headers["if-match"] }, bucket.objects.get(key), key);
    await store.removeObject(bucket, key);
  });
  return { status: 204 };
}

export async function deleteObjects(call: Call): Promise<ServiceResponse> {
  const { request, store, bucketName } = call;
  bucketOf(call);
  if (request.headers["content-md5"] === undefined && announcedChecksum(request.headers) === undefined) {
    throw invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  const root = await readXml(request, "Delete");
  refuseUnreadElements("S3 DeleteObjects", root, ["Object", "Quiet"]);
  const wanted = childrenOf(root, "Object").map((node) => {
    refuseUnreadElements("S3 DeleteObjects", node, ["Key", "VersionId", "ETag"]);
    const key = textOf(node, "Key");
    if (key === undefined || key === "") throw malformedXml();
    return { key, versionId: textOf(node, "VersionId"), etag: textOf(node, "ETag") };
  });
  if (wanted.length === 0 || wanted.length > MAX_DELETED) throw malformedXml();
  const quiet = textOf(root, "Quiet") === "true";

  const deleted: { Key: string }[] = [];
  const failed: { Key: string; Code: string; Message: string }[] = [];
  await store.exclusively(bucketName, async () => {
    const bucket = bucketOf(call);
    for (const { key, versionId, etag } of wanted) {
      const existing = bucket.objects.get(key);
      if (versionId !== undefined && versionId !== "null") {
        failed.push({ Key: key, Code: "NoSuchVersion", Message: "The specified version does not exist." });
      } else if (etag !== undefined && unquote(etag) !== "*" && unquote(etag) !== existing?.etag) {
        failed.push({
          Key: key,
          Code: "PreconditionFailed",
          Message: preconditionFailed("If-Match").message,
        });
      } else {
        await store.removeObject(bucket, key);
        deleted.push({ Key: key });
      }
    }
  });
  return xmlResponse("DeleteResult", { Deleted: quiet ? undefined : deleted, Error: failed });
}
