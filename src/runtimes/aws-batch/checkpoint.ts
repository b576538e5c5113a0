import { HeadObjectCommand } from "@aws-sdk/client-s3";
import type { Job } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import { hasKeptWork, isWrapped } from "../../checks/job/evidence.ts";
import type { S3Object } from "../../transfer/s3-url.ts";
import { siblingsOf } from "./bucket.ts";
import { wasKilled } from "./outcome.ts";

/** What a job saved while it ran (wrapper/job-wrapper.sh): an archive of the files that were new and complete. */
export interface Checkpoint {
  readonly object: S3Object;
  /** When it was uploaded, in milliseconds since 1970, by S3's clock. */
  readonly madeAt: number;
}

/** What a job left that has ended. */
export interface LeftBehind {
  /** Whether it was killed, so that what it was making may be half made. */
  readonly killed: boolean;
  /** What takes the place of its results then. */
  readonly checkpoint: Checkpoint | undefined;
}

/** Finds out what there is to bring back of a job that has ended; of one whose end nobody has seen (undefined), as if it was killed. */
export async function findLeft(
  aws: Aws,
  job: Job | undefined,
  workdir: S3Object,
  signal: AbortSignal,
): Promise<LeftBehind> {
  const killed = job === undefined || (wasKilled(job) && !hasKeptWork(job));
  // One that ended by itself has one where its results could not be uploaded, for lack of room on its disk perhaps.
  const mayHaveOne = killed || (job?.status === "FAILED" && isWrapped(job));
  return { killed, checkpoint: mayHaveOne ? await findCheckpoint(aws, workdir, signal) : undefined };
}

/**
 * The last checkpoint of a job that was killed, by its archive; undefined where there is none, or where the job's results came after it.
 * What keeps it from being found is not worth failing for. Throws the signal's reason.
 */
async function findCheckpoint(
  aws: Aws,
  workdir: S3Object,
  signal: AbortSignal,
): Promise<Checkpoint | undefined> {
  const object = siblingsOf(workdir)?.checkpoint;
  if (object === undefined) return undefined;
  const [madeAt, archivedAt] = await Promise.all([
    lastModified(aws, object, signal),
    lastModified(aws, workdir, signal),
  ]);
  return madeAt === undefined || (archivedAt ?? 0) > madeAt ? undefined : { object, madeAt };
}

/** When an object was uploaded, in milliseconds since 1970; undefined where it isn't there, or can't be seen. Throws the signal's reason. */
export async function lastModified(aws: Aws, { bucket, key }: S3Object, signal: AbortSignal) {
  try {
    const head = new HeadObjectCommand({ Bucket: bucket, Key: key });
    return (await aws.s3.send(head, { abortSignal: signal })).LastModified?.getTime();
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
