import { AwsError } from "../http.ts";
import type { Call } from "./call.ts";
import { noSuchBucket, noSuchKey, noSuchUpload } from "./errors.ts";
import type { Bucket, OpenUpload, StoredObject } from "./types.ts";

/** @throws AwsError NoSuchBucket */
export function bucketOf({ store, bucketName }: Pick<Call, "store" | "bucketName">): Bucket {
  const bucket = store.bucket(bucketName);
  if (bucket === undefined) throw noSuchBucket(bucketName);
  return bucket;
}

/** @throws AwsError NoSuchBucket, NoSuchKey, and a 501 for versions */
export function objectOf(call: Pick<Call, "store" | "bucketName" | "key">): StoredObject {
  const object = bucketOf(call).objects.get(call.key);
  if (object === undefined) throw noSuchKey(call.key);
  return object;
}

/** @throws AwsError NoSuchBucket, NoSuchUpload */
export function uploadOf(call: Call): OpenUpload {
  const id = call.request.query.get("uploadId") ?? "";
  const upload = bucketOf(call).uploads.get(id);
  if (upload === undefined || upload.key !== call.key) throw noSuchUpload(id);
  return upload;
}

/** Buckets here have no versions, so only "null" names one. @throws AwsError NoSuchVersion */
export function checkVersion(versionId: string | null | undefined, key: string): void {
  if (versionId === null || versionId === undefined || versionId === "null") return;
  throw new AwsError("NoSuchVersion", "The specified version does not exist.", 404, {
    Key: key,
    VersionId: versionId,
  });
}
