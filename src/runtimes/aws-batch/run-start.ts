import type { Aws } from "../../aws/clients.ts";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { beganByManifest, beganByRecord } from "../../results/began.ts";
import type { RunFiles } from "../../results/types.ts";
import { decodeManifest } from "../../runs/manifest.ts";
import { RecordError } from "../../runs/record.ts";
import { readRecord, readRecordedFiles, runsDirectory } from "../../runs/registry.ts";
import { isSameDirectory } from "../../runs/roots.ts";
import type { RunId } from "../../runs/types.ts";
import { getSmallObject } from "../../transfer/object-source.ts";
import { siblingsOf } from "./bucket.ts";
import type { Run } from "./run.ts";

/** Bytes of a manifest at most, compressed: beyond any build, and short of filling the memory. */
const LARGEST_MANIFEST = 64 * 1024 * 1024;

/**
 * How the files were when a run began: by this computer's record, else by the manifest in the bucket; undefined where
 * neither is left, as with jobs of the existing program.
 */
export async function findStart(
  context: Context,
  aws: Aws,
  { runId, workdir, job, origin = job?.origin }: Run,
  { root, signal }: { readonly root: string; readonly signal: AbortSignal },
): Promise<RunFiles | undefined> {
  if (runId === undefined) return undefined;
  const recorded = await findRecorded(context, runId);
  if (recorded) {
    const { record, files } = recorded;
    return beganByRecord(record, files, await isSameDirectory(record.root, root));
  }
  const siblings = siblingsOf(workdir);
  const manifest =
    siblings && (await getSmallObject(aws.s3, siblings.manifest, { signal, limit: LARGEST_MANIFEST }));
  if (manifest === undefined) return undefined;
  const read = await decodeManifest(manifest);
  if (read.runId === runId) {
    const submittedAt = origin?.submittedAt;
    return beganByManifest(read, submittedAt && submittedAt - (aws.clockOffset() ?? 0));
  }
  throw new UserError(`The run's manifest in the bucket is refused: it is of the run ${read.runId}.`, {
    hint: `Something else wrote it. Delete it from the bucket (${runId}.json.gz): the same command then brings back the results by their archive alone.`,
  });
}

async function findRecorded(context: Context, runId: RunId) {
  const records = runsDirectory(context);
  try {
    const record = await readRecord(records, runId);
    const files = record && (await readRecordedFiles(records, runId));
    return record && files && { record, files };
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    context.io.warn(`${error.message} The run's manifest in the bucket takes its place.`);
    return undefined;
  }
}
