import type { Aws } from "../../aws/clients.ts";
import { isCredentialFailure, isTransient } from "../../aws/errors.ts";
import { readRecord, removeRun } from "../../runs/registry.ts";
import type { RunId } from "../../runs/types.ts";
import {
  abandonedRuns,
  forgetUnsubmitted,
  readUnsubmitted,
  type UnsubmittedRun,
} from "../../runs/unsubmitted.ts";
import type { S3Object } from "../../transfer/s3-url.ts";
import { abortUpload, unfinishedUploads } from "../../transfer/upload.ts";
import { type RunObjects, removeRunObjects, siblingsOf, TIDYING_TIME } from "./bucket.ts";

/**
 * Takes back all of a run that has no job: its objects, an upload under way, its record. What fails, and may succeed another time, stays
 * noted for the next run. Returns the objects that could not be deleted.
 */
export async function takeBack(
  aws: Aws,
  { runs, runId, objects }: { readonly runs: string; readonly runId: RunId; readonly objects: RunObjects },
): Promise<S3Object[]> {
  const upload = (await readUnsubmitted(runs, runId))?.upload;
  await removeRun(runs, runId).catch(() => {});
  const [left, uploadErrors] = await Promise.all([
    removeRunObjects(aws.s3, objects),
    upload === undefined ? [] : endUpload(aws, objects.workdir, upload),
  ]);
  const errors = [...left.map(({ error }) => error), ...uploadErrors];
  if (!errors.some(maySucceedLater)) await forgetUnsubmitted(runs, runId).catch(() => {});
  return left.map(({ object }) => object);
}

/** Takes back the runs that were killed before their job was submitted: best effort. */
export async function takeBackAbandoned(
  aws: Aws,
  { runs, now, signal }: { readonly runs: string; readonly now: number; readonly signal: AbortSignal },
): Promise<void> {
  for (const { runId, bucket, key, region, localAws } of await abandonedRuns(runs, now)) {
    signal.throwIfAborted();
    const objects = siblingsOf({ bucket, key });
    if (objects === undefined || region !== aws.region.value || localAws !== aws.isLocal) continue;
    const record = await readRecord(runs, runId).catch(() => undefined);
    if (record?.jobId === undefined) await takeBack(aws, { runs, runId, objects });
  }
}

/** Has S3 forget the parts of an upload that nobody will complete. Returns what went wrong. */
async function endUpload(
  aws: Aws,
  object: S3Object,
  { id }: NonNullable<UnsubmittedRun["upload"]>,
): Promise<unknown[]> {
  const signal = AbortSignal.timeout(TIDYING_TIME);
  try {
    const ids = id === undefined ? await unfinishedUploads(aws.s3, object, signal) : [id];
    for (const each of ids) await abortUpload(aws.s3, object, each, signal);
    return [];
  } catch (error) {
    return [error];
  }
}

/** Not where what is wanted is gone already, or may not be touched. */
function maySucceedLater(error: unknown): boolean {
  const isTimeUp = error instanceof Error && ["AbortError", "TimeoutError"].includes(error.name);
  return isTimeUp || isTransient(error) || isCredentialFailure(error);
}
