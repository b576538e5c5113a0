import { setTimeout as sleep } from "node:timers/promises";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { RandomAccess } from "../archive/types.ts";
import { isTransient } from "../aws/errors.ts";
import { UserError } from "../errors.ts";
import { formatS3Url, type S3Object } from "./s3-url.ts";

/** Bytes fetched from the end on opening: a small archive whole, a larger one's central directory in most cases. */
const TAIL = 256 * 1024;

/** A read that breaks off is taken up where it stood, this often without progress in between. */
const RESUMES = 5;
/** One that fell silent for as long as the client waits counts for so many: that was a minute already. */
const SILENT_READ = 3;

/** An object that is read by ranges, all of the version that it had when it was opened. */
export interface ObjectSource extends RandomAccess {
  readonly etag: string;
}

/**
 * Opens an object by reading its end: one request, which also tells size and ETag. Later reads are conditional on
 * that ETag. Throws UserError where the object is gone or is replaced meanwhile.
 */
export async function openObject(s3: S3Client, object: S3Object, signal: AbortSignal): Promise<ObjectSource> {
  const { tail, size, etag } = await readTail(s3, object, signal);
  const tailStart = size - tail.length;

  async function* read(offset: number, length: number, readSignal = signal): AsyncGenerator<Uint8Array> {
    const fromNetwork = Math.max(0, Math.min(length, tailStart - offset));
    if (fromNetwork > 0) yield* readResuming(s3, object, etag, offset, fromNetwork, readSignal);
    if (length > fromNetwork) {
      const start = offset + fromNetwork - tailStart;
      yield tail.subarray(start, start + length - fromNetwork);
    }
  }
  return { size, etag, read };
}

async function readTail(s3: S3Client, { bucket, key }: S3Object, signal: AbortSignal) {
  const request = new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=-${TAIL}` });
  try {
    return await resumed(signal, async () => {
      const response = await s3.send(request, { abortSignal: signal });
      const tail = (await response.Body?.transformToByteArray()) ?? new Uint8Array();
      const total = /\/(\d+)$/.exec(response.ContentRange ?? "")?.[1];
      return { tail, size: total === undefined ? tail.length : Number(total), etag: response.ETag ?? "" };
    });
  } catch (error) {
    if (error instanceof Error && (error.name === "NoSuchKey" || error.name === "InvalidRange")) {
      throw new UserError(
        `The results are not in the bucket any more: ${formatS3Url({ bucket, key })} is gone.`,
        {
          hint: "The bucket's retention rule or somebody deletes archives after a while; run the build again.",
          cause: error,
        },
      );
    }
    throw error;
  }
}

async function* readResuming(
  s3: S3Client,
  { bucket, key }: S3Object,
  etag: string,
  offset: number,
  length: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const end = offset + length;
  let at = offset;
  for (let failures = 0; at < end; ) {
    try {
      const response = await s3.send(
        new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=${at}-${end - 1}`, IfMatch: etag }),
        { abortSignal: signal },
      );
      for await (const chunk of response.Body as AsyncIterable<Uint8Array>) {
        at += chunk.length;
        if (chunk.length > 0) failures = 0;
        yield chunk;
      }
      if (at < end) throw Object.assign(new Error("the connection ended early"), { code: "ECONNRESET" });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Error && error.name === "PreconditionFailed") {
        throw new UserError(`${formatS3Url({ bucket, key })} was replaced while it was being read.`, {
          hint: "Another attempt of the job may have stored its results; get them with the same command again.",
          cause: error,
        });
      }
      failures += costOf(error);
      if (failures > RESUMES) throw error;
      await pause(failures, signal);
    }
  }
}

/** A small object whole; undefined where there is none. Throws UserError where it is larger than `limit` bytes. */
export async function getSmallObject(
  s3: S3Client,
  object: S3Object,
  { signal, limit }: { readonly signal: AbortSignal; readonly limit: number },
): Promise<Uint8Array | undefined> {
  const request = new GetObjectCommand({ Bucket: object.bucket, Key: object.key });
  try {
    return await resumed(signal, async () => {
      const response = await s3.send(request, { abortSignal: signal });
      if ((response.ContentLength ?? 0) > limit)
        throw new UserError(`${formatS3Url(object)} is too large to be read.`);
      return await response.Body?.transformToByteArray();
    });
  } catch (error) {
    if (error instanceof Error && error.name === "NoSuchKey") return undefined;
    throw error;
  }
}

/**
 * Reads something small again, from its beginning, where the answer breaks off: the SDK repeats a request only until
 * the answer's headers are here.
 */
async function resumed<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await read();
    } catch (error) {
      signal.throwIfAborted();
      failures += costOf(error);
      if (failures > RESUMES) throw error;
      await pause(failures, signal);
    }
  }
}

/** What a failure takes of the {@link RESUMES}. */
function costOf(error: unknown): number {
  const name = error instanceof Error ? error.name : "";
  // What the client has given up on already, after several tries, is not begun again.
  if (!isTransient(error) || name === "SilenceError") return Number.POSITIVE_INFINITY;
  return name === "TimeoutError" ? SILENT_READ : 1;
}

/** Longer after each failure; a quarter of a minute in all. */
function pause(failures: number, signal: AbortSignal): Promise<void> {
  return sleep(250 * 2 ** failures, undefined, { signal });
}
