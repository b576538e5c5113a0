import {
  AbortMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  type S3Client,
} from "@aws-sdk/client-s3";
import { explained } from "../aws/errors.ts";
import { UserError } from "../errors.ts";
import type { BucketState, Buckets } from "./services.ts";

/** {@link Buckets} of an account. */
export function createBuckets(s3: S3Client, signal: AbortSignal): Buckets {
  const options = { abortSignal: signal };
  const versionsOf = async (name: string, limit?: number) => {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket: name, MaxKeys: limit }),
      options,
    );
    return [...Versions, ...DeleteMarkers].map(
      ({ Key, VersionId }) => ({ Key, VersionId }) as ObjectIdentifier,
    );
  };
  const uploadsOf = async (name: string, limit?: number) => {
    const { Uploads = [] } = await s3.send(
      new ListMultipartUploadsCommand({ Bucket: name, MaxUploads: limit }),
      options,
    );
    return Uploads;
  };

  return {
    look: (name) => explained(`look up the bucket ${name}`, signal, () => look(s3, name, signal)),

    isEmpty: (name) =>
      explained(`look into the bucket ${name}`, signal, async () => {
        const [versions, uploads] = await Promise.all([versionsOf(name, 1), uploadsOf(name, 1)]);
        return versions.length + uploads.length === 0;
      }),

    empty: (name, deleted) =>
      explained(`empty the bucket ${name}`, signal, async () => {
        let count = 0;
        // Each page is gone before the next is asked for, so the first page is always the next.
        for (let page = await versionsOf(name); page.length > 0; page = await versionsOf(name)) {
          const { Errors = [] } = await s3.send(
            new DeleteObjectsCommand({ Bucket: name, Delete: { Objects: page, Quiet: true } }),
            options,
          );
          if (Errors[0]) {
            throw new UserError(
              `${Errors.length} objects of the bucket ${name} can't be deleted: ${Errors[0].Message} (${Errors[0].Key}).`,
              { hint: "Mend that, and run the same command again." },
            );
          }
          count += page.length;
          deleted(count);
        }
        for (let page = await uploadsOf(name); page.length > 0; page = await uploadsOf(name)) {
          for (const { Key, UploadId } of page) {
            await s3.send(new AbortMultipartUploadCommand({ Bucket: name, Key, UploadId }), options);
          }
        }
      }),

    async remove(name) {
      await explained(`delete the bucket ${name}`, signal, () =>
        s3.send(new DeleteBucketCommand({ Bucket: name }), options),
      );
    },
  };
}

async function look(s3: S3Client, name: string, abortSignal: AbortSignal): Promise<BucketState> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: name }), { abortSignal });
    return "ours";
  } catch (error) {
    // An answer to HEAD has no body: its status is all that tells.
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return "absent";
    if (status === 403) return "somebody else's";
    throw error;
  }
}
