import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { ArchivePart } from "../archive/types.ts";
import { formatS3Url, type S3Object } from "./s3-url.ts";

/** Parts in flight at once: enough to fill a link, few enough to bound memory (parts are some MiB each). */
const CONCURRENCY = 4;

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** Called after each part with the bytes that have arrived in all. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** What S3 holds now. */
export interface UploadedObject {
  readonly etag: string;
  /** Size in bytes. */
  readonly bytes: number;
}

/**
 * Sends parts as they are made: one PutObject where there is a single part, else a multipart upload, its parts in
 * parallel. On any end but success the upload is aborted, so that nothing of it is left behind.
 * Throws whatever `parts` or the SDK throws.
 */
export async function uploadParts(
  s3: S3Client,
  target: S3Object,
  parts: AsyncIterable<ArchivePart>,
  options: UploadOptions,
): Promise<UploadedObject> {
  const iterator = parts[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    if (first.done) throw new Error(`nothing to upload to ${formatS3Url(target)}`);
    const second = await iterator.next();
    if (second.done) return await putObject(s3, target, first.value.data, options);
    return await uploadMultipart(s3, target, { ready: [first.value, second.value], rest: iterator }, options);
  } finally {
    await iterator.return?.();
  }
}

/** Stores some bytes as one object. */
export async function putObject(
  s3: S3Client,
  target: S3Object,
  data: Uint8Array,
  { signal, onProgress }: UploadOptions,
): Promise<UploadedObject> {
  const { ETag } = await s3.send(
    new PutObjectCommand({ Bucket: target.bucket, Key: target.key, Body: data, ChecksumAlgorithm: "CRC32" }),
    { abortSignal: signal },
  );
  onProgress?.(data.length);
  return { etag: ETag ?? "", bytes: data.length };
}

interface PartSupply {
  /** Parts made already, in the order to be sent. */
  readonly ready: ArchivePart[];
  readonly rest: AsyncIterator<ArchivePart>;
}

async function uploadMultipart(
  s3: S3Client,
  target: S3Object,
  supply: PartSupply,
  options: UploadOptions,
): Promise<UploadedObject> {
  const object = { Bucket: target.bucket, Key: target.key };
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: "CRC32" }),
    {
      abortSignal: options.signal,
    },
  );
  const upload = { ...object, UploadId };
  try {
    const { completed, bytes } = await sendParts(s3, upload, supply, options);
    const { ETag } = await s3.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: completed } }),
      { abortSignal: options.signal },
    );
    return { etag: ETag ?? "", bytes };
  } catch (error) {
    // Best effort, and not under the signal that may have ended the upload: the bucket's lifecycle rule is the net.
    await s3
      .send(new AbortMultipartUploadCommand(upload), { abortSignal: AbortSignal.timeout(10_000) })
      .catch(() => {});
    throw error;
  }
}

/** Some workers take one part after another; the first failure stops them all. */
async function sendParts(
  s3: S3Client,
  upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined },
  { ready, rest }: PartSupply,
  { signal, onProgress }: UploadOptions,
): Promise<{ completed: CompletedPart[]; bytes: number }> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const completed: CompletedPart[] = [];
  let bytes = 0;

  const nextPart = async (): Promise<ArchivePart | undefined> => {
    const part = ready.shift();
    if (part !== undefined) return part;
    const next = await rest.next();
    return next.done ? undefined : next.value;
  };
  const work = async () => {
    for (let part = await nextPart(); part !== undefined; part = await nextPart()) {
      either.throwIfAborted();
      const PartNumber = part.index + 1;
      const { data } = part;
      const { ETag, ChecksumCRC32 } = await s3.send(
        new UploadPartCommand({ ...upload, PartNumber, Body: data, ChecksumAlgorithm: "CRC32" }),
        { abortSignal: either },
      );
      completed.push({ PartNumber, ETag, ChecksumCRC32 });
      bytes += data.length;
      part.release?.();
      onProgress?.(bytes);
    }
  };
  const workers = Array.from({ length: CONCURRENCY }, () =>
    work().catch((error: unknown) => {
      failure.abort(error);
      throw error;
    }),
  );
  const ends = await Promise.allSettled(workers);
  // The first failure is the cause; the others only stopped because of it.
  if (failure.signal.aborted) throw signal.aborted ? signal.reason : failure.signal.reason;
  if (ends.some((end) => end.status === "rejected")) throw new Error("a part failed without a reason");
  completed.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
  return { completed, bytes };
}
