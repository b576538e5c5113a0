/**
 * A stand-in for Amazon S3 (API version 2006-03-01). What it does and what it lacks is in README.md beside this file.
 *
 * A request becomes a place (bucket, key), then an operation, then a row of the table below.
 */
import type { IncomingHttpHeaders } from "node:http";
import { AwsError, notImplemented, type Service, type ServiceResponse } from "../http.ts";
import { s3Place } from "../operation-name.ts";
import {
  deleteBucketConfiguration,
  getBucketConfiguration,
  getBucketPolicyStatus,
  getBucketVersioning,
  putBucketConfiguration,
  putBucketVersioning,
} from "./bucket-configuration.ts";
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
  makeBucket,
} from "./buckets.ts";
import type { Call } from "./call.ts";
import { completeMultipartUpload } from "./complete-multipart.ts";
import { copyObject } from "./copy.ts";
import { renderS3Error } from "./errors.ts";
import { listObjects, listObjectsV2 } from "./list.ts";
import { listMultipartUploads } from "./list-uploads.ts";
import { listObjectVersions } from "./list-versions.ts";
import {
  abortMultipartUpload,
  createMultipartUpload,
  listParts,
  uploadPart,
  uploadPartCopy,
} from "./multipart.ts";
import { detectOperation, type Operation } from "./operation.ts";
import { getObject, getObjectAttributes, getObjectTagging, headObject } from "./read-object.ts";
import { refuseUnreadParameters } from "./reads.ts";
import { openStore } from "./store/store.ts";
import { deleteObject, deleteObjects, putObject } from "./write-object.ts";

const OPERATIONS: Readonly<Record<Operation, (call: Call) => Promise<ServiceResponse>>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketLocation: getBucketLocation,
  GetBucketVersioning: getBucketVersioning,
  PutBucketVersioning: putBucketVersioning,
  GetBucketPolicyStatus: getBucketPolicyStatus,
  GetBucketConfiguration: getBucketConfiguration,
  PutBucketConfiguration: putBucketConfiguration,
  DeleteBucketConfiguration: deleteBucketConfiguration,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListObjectVersions: listObjectVersions,
  ListMultipartUploads: listMultipartUploads,
  DeleteObjects: deleteObjects,
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: headObject,
  DeleteObject: deleteObject,
  GetObjectAttributes: getObjectAttributes,
  GetObjectTagging: getObjectTagging,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  ListParts: listParts,
};

const MAX_KEY_BYTES = 1024;

export interface S3Options {
  /** Where objects are kept; made if missing. One S3 at a time: nothing is locked. */
  readonly directory: string;
  /** Where buckets are, unless they are created with a location constraint. */
  readonly region: string;
  /** Whose all buckets are. */
  readonly accountId: string;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface S3 extends Service {
  /** @param configurations as bucket records have them, beside those of every new bucket */
  createBucketIfMissing(name: string, configurations?: Readonly<Record<string, string>>): Promise<void>;
}

/** Opens S3 on a directory, with all that was in it; leftovers of a process that died are cleared away. */
export async function openS3({ directory, region, accountId, now }: S3Options): Promise<S3> {
  const store = await openStore(directory);
  return {
    name: "s3",
    async handle(request) {
      const { bucketName, key } = s3Place(request);
      requireKeyLength(key);
      const { method, query, headers } = request;
      const detected = detectOperation({ method, bucketName, key, query, headers });
      if ("missing" in detected) throw notImplemented(detected.missing);
      refuseUnreadParameters(detected.operation, request);
      checkOwner(headers, accountId);
      return OPERATIONS[detected.operation]({ request, bucketName, key, store, region, now });
    },
    renderError: renderS3Error,
    async createBucketIfMissing(name, configurations) {
      await store.exclusively(name, async () => {
        if (store.bucket(name) === undefined) {
          await makeBucket(store, { name, region, now: now(), configurations });
        }
      });
    },
    // Every change is on disk before it is answered.
    close: async () => undefined,
  };
}

/** A client may say whose it takes a bucket to be ("Verifying bucket ownership with bucket owner condition", S3 User Guide). */
function checkOwner(headers: IncomingHttpHeaders, accountId: string): void {
  for (const name of ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"]) {
    const expected = headers[name];
    if (expected !== undefined && expected !== accountId) {
      throw new AwsError("AccessDenied", "Access Denied", 403);
    }
  }
}

function requireKeyLength(key: string): void {
  const size = Buffer.byteLength(key);
  if (size <= MAX_KEY_BYTES) return;
  throw new AwsError("KeyTooLongError", "Your key is too long", 400, {
    Size: String(size),
    MaxSizeAllowed: String(MAX_KEY_BYTES),
  });
}
