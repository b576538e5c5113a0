import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import type { ArchivePart } from "../archive/types.ts";
import type { CopyRange } from "./compose.ts";
import { formatS3Url, type S3Object } from "./s3-url.ts";

/** Parts in flight at once: enough to fill a link. */
const SENDERS = 4;
/** Bytes in flight at once at most, unless a single part has more. */
const IN_FLIGHT = 20 * 1024 * 1024;

/** How many parts of so many bytes may be in flight at once in bounded memory: hundreds of GiB make large ones. */
export function sendersFor(partSize: number): number {
  return Math.min(Math.max(Math.floor(IN_FLIGHT / partSize), 1), SENDERS);
}

/** What S3 is to copy itself: ranges of an object, conditional on the version that they were read off. */
export interface Copies {
  readonly source: S3Object;
  readonly etag: string;
  /** Each becomes a part; the parts that are sent come after them. */
  readonly ranges: readonly CopyRange[];
}

/** The object to copy from is gone, was replaced, or may not be copied: the bytes must be sent after all. */
export class CopyFailedError extends Error {
  override readonly name = "CopyFailedError";
}

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** Parts in flight at once, copies aside: see {@link sendersFor}. Default 4. */
  readonly senders?: number;
  /** There is much to send: the first part goes before it is known that a second one comes. */
  readonly isLarge?: boolean;
  /** Parts that S3 copies. Their number is the index of the first part that is sent. */
  readonly copies?: Copies | undefined;
  /** Called before a multipart upload is begun, and with its id before any part is sent; awaited. */
  readonly onBegun?: ((uploadId: string | undefined) => Promise<void>) | undefined;
  /** Called when that upload has been completed or aborted; not where it could not be aborted. */
  readonly onEnded?: (() => Promise<void>) | undefined;
  /** Called when one of the senders begins or ends waiting for a part to be made (`waiting`) or for one to be sent. */
  readonly onActivity?: ((what: "waiting" | "sending", change: 1 | -1, bytes: number) => void) | undefined;
  /** Called after each part with the bytes that have arrived in all. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** What aborting an upload may take, in milliseconds. */
const ABORT_TIME = 10_000;

/** What S3 holds now. */
export interface UploadedObject {
  readonly etag: string;
  /** Size in bytes. */
  readonly bytes: number;
  /** When the bucket's rule will delete it, in milliseconds since 1970; undefined where no rule does. */
  readonly expiresAt: number | undefined;
}

/**
 * Sends parts as they are made: one PutObject where there is a single part and nothing to copy, else a multipart upload, its parts in
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
    const copies = (options.copies?.ranges.length ?? 0) > 0;
    if (copies || options.isLarge === true) {
      return await uploadMultipart(s3, target, { ready: [first.value], rest: iterator }, options);
    }
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
  const { ETag, Expiration } = await s3.send(
    new PutObjectCommand({ Bucket: target.bucket, Key: target.key, Body: data, ChecksumAlgorithm: "CRC32" }),
    { abortSignal: signal },
  );
  onProgress?.(data.length);
  return { etag: ETag ?? "", bytes: data.length, expiresAt: expiryIn(Expiration) };
}

/** Of the header `x-amz-expiration`: `expiry-date="Fri, 23 Dec 2012 00:00:00 GMT", rule-id="…"`. */
function expiryIn(expiration: string | undefined): number | undefined {
  const at = Date.parse(/expiry-date="([^"]*)"/.exec(expiration ?? "")?.[1] ?? "");
  return Number.isNaN(at) ? undefined : at;
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
  await options.onBegun?.(undefined);
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: "CRC32" }),
    {
      abortSignal: options.signal,
    },
  );
  const upload = { ...object, UploadId };
  try {
    await options.onBegun?.(UploadId);
    const { completed, bytes } = await sendParts(s3, upload, supply, options);
    const made = await completeUpload(s3, upload, completed, options.signal);
    await options.onEnded?.();
    return { etag: made.ETag ?? "", bytes, expiresAt: expiryIn(made.Expiration) };
  } catch (error) {
    // Best effort, and not under the signal that may have ended the upload: the bucket's lifecycle rule is the net.
    await abortUpload(s3, target, UploadId, AbortSignal.timeout(ABORT_TIME)).then(options.onEnded, () => {});
    throw error;
  }
}

/**
 * Makes the parts an object. Where the answer to a first try was lost on its way, a second one finds no upload any more: the object itself,
 * whose ETag tells of how many parts it was made, is then the answer.
 */
async function completeUpload(
  s3: S3Client,
  upload: MultipartUpload,
  parts: CompletedPart[],
  signal: AbortSignal,
): Promise<Pick<CompleteMultipartUploadCommandOutput, "ETag" | "Expiration">> {
  try {
    const command = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } });
    return await s3.send(command, { abortSignal: signal });
  } catch (error) {
    if (!(error instanceof Error && error.name === "NoSuchUpload")) throw error;
    // A byte of it, since a refused HEAD has no body to say why: credentials that expired just then would not be renewed.
    const look = new GetObjectCommand({ Bucket: upload.Bucket, Key: upload.Key, Range: "bytes=0-0" });
    const made = await s3.send(look, { abortSignal: signal }).catch(() => undefined);
    await made?.Body?.transformToByteArray().catch(() => {});
    if (made?.ETag?.endsWith(`-${parts.length}"`) !== true) throw error;
    return made;
  }
}

/** The ids of the unfinished multipart uploads of one key. Asks for a right that users may lack. */
export async function unfinishedUploads(
  s3: S3Client,
  { bucket, key }: S3Object,
  signal: AbortSignal,
): Promise<string[]> {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key }), {
    abortSignal: signal,
  });
  return Uploads.flatMap(({ Key, UploadId }) => (Key === key && UploadId !== undefined ? [UploadId] : []));
}

/** Ends a multipart upload that is not to be completed, and has S3 forget its parts. */
export async function abortUpload(
  s3: S3Client,
  { bucket, key }: S3Object,
  uploadId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const upload = { Bucket: bucket, Key: key, UploadId: uploadId };
  await s3.send(new AbortMultipartUploadCommand(upload), { abortSignal: signal });
}

interface MultipartUpload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

/** Some workers take one part after another, others have S3 copy; the first failure stops them all. */
async function sendParts(
  s3: S3Client,
  upload: MultipartUpload,
  { ready, rest }: PartSupply,
  { signal, onProgress, onActivity, copies, senders = SENDERS }: UploadOptions,
): Promise<{ completed: CompletedPart[]; bytes: number }> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const completed: CompletedPart[] = [];
  let bytes = 0;

  const nextPart = async (): Promise<ArchivePart | undefined> => {
    const part = ready.shift();
    if (part !== undefined) return part;
    onActivity?.("waiting", 1, 0);
    const next = await rest.next();
    onActivity?.("waiting", -1, 0);
    return next.done ? undefined : next.value;
  };
  const send = async () => {
    for (let part = await nextPart(); part !== undefined; part = await nextPart()) {
      either.throwIfAborted();
      const PartNumber = part.index + 1;
      const { data } = part;
      onActivity?.("sending", 1, 0);
      const { ETag, ChecksumCRC32 } = await s3.send(
        new UploadPartCommand({ ...upload, PartNumber, Body: data, ChecksumAlgorithm: "CRC32" }),
        { abortSignal: either },
      );
      onActivity?.("sending", -1, data.length);
      completed.push({ PartNumber, ETag, ChecksumCRC32 });
      bytes += data.length;
      part.release?.();
      onProgress?.(bytes);
    }
  };
  let nextCopy = 0;
  const copy = async () => {
    if (copies === undefined) return;
    for (let index = nextCopy++; index < copies.ranges.length; index = nextCopy++) {
      either.throwIfAborted();
      completed.push(await copyPart(s3, upload, copies, index, either));
    }
  };
  const works = [
    ...Array.from({ length: senders }, () => send),
    ...Array.from({ length: SENDERS }, () => copy),
  ];
  const workers = works.map((work) =>
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

/** Has S3 copy one range as one part. Throws {@link CopyFailedError} where S3 refuses it. */
async function copyPart(
  s3: S3Client,
  upload: MultipartUpload,
  { source, etag, ranges }: Copies,
  index: number,
  signal: AbortSignal,
): Promise<CompletedPart> {
  const range = ranges[index];
  if (range === undefined) throw new Error(`there is no range ${index}`);
  const PartNumber = index + 1;
  try {
    const { CopyPartResult } = await s3.send(
      new UploadPartCopyCommand({
        ...upload,
        PartNumber,
        CopySource: `${source.bucket}/${source.key.split("/").map(encodeURIComponent).join("/")}`,
        CopySourceRange: `bytes=${range.start}-${range.end - 1}`,
        CopySourceIfMatch: etag,
      }),
      { abortSignal: signal },
    );
    return { PartNumber, ETag: CopyPartResult?.ETag, ChecksumCRC32: CopyPartResult?.ChecksumCRC32 };
  } catch (error) {
    signal.throwIfAborted();
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
    // 501: a store that speaks S3 and cannot copy.
    if ((status < 400 || status >= 500) && status !== 501) throw error;
    throw new CopyFailedError(`${formatS3Url(source)} could not be copied from`, { cause: error });
  }
}
