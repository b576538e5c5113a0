import type { Aws } from "../../src/aws/clients.ts";
import type { Context } from "../../src/cli/context.ts";
import { newRunId, toJobId } from "../../src/runs/ids.ts";
import { encodeManifest } from "../../src/runs/manifest.ts";
import { createRun, runsDirectory } from "../../src/runs/registry.ts";
import { hashExcluded, manifestOf, recordFiles } from "../../src/runs/states.ts";
import type { RunId } from "../../src/runs/types.ts";
import { forgetUnsubmitted } from "../../src/runs/unsubmitted.ts";
import { bringBack } from "../../src/runtimes/aws-batch/bring-back.ts";
import { shipArchive, storeObject } from "../../src/runtimes/aws-batch/ship.ts";
import { takeBackAbandoned } from "../../src/runtimes/aws-batch/take-back.ts";
import { selectFiles } from "../../src/workflow/selection.ts";
import { testContext } from "./context.ts";

export const BUCKET = "nextstrain-jobs";

/** A directory, and the home with the records of its runs. */
export interface TransferPlace {
  readonly aws: Aws;
  readonly home: string;
  readonly directory: string;
}

/** What an upload cost, in bytes. */
export interface Shipped {
  readonly runId: RunId;
  readonly sent: number;
  readonly reused: number;
}

export const archiveOf = (runId: RunId) => ({ bucket: BUCKET, key: `${runId}.zip` });

function contextOf({ home }: TransferPlace): Context {
  return { ...testContext({ home }), now: Date.now };
}

/** Uploads the directory and keeps the record, as a build does before its job is submitted. */
export async function ship(place: TransferPlace, exclude: readonly string[] = []): Promise<Shipped> {
  const { aws, directory } = place;
  const { signal } = new AbortController();
  const runs = runsDirectory(contextOf(place));
  const runId = newRunId();
  const createdAt = Date.now();
  const selection = await selectFiles(directory, { exclude, signal });
  let last = { sent: 0, reused: 0 };
  const [{ entries }, excluded] = await Promise.all([
    shipArchive(aws, selection, archiveOf(runId), {
      signal,
      now: Date.now,
      runs,
      runId,
      onProgress: (progress) => {
        last = progress;
      },
    }),
    hashExcluded(selection.excluded, { signal }),
  ]);
  const files = await recordFiles(selection, entries, excluded);
  const url = `s3://${BUCKET}/${runId}`;
  const record = {
    version: 1 as const,
    runId,
    jobName: runId,
    queue: "queue",
    definition: "definition",
    region: aws.region.value,
    localAws: true,
    urls: { workdir: `${url}.zip`, manifest: `${url}.json.gz` },
    root: directory,
    directory,
    command: ["sh"],
    createdAt,
    logGroup: "group",
    logStreams: [],
  };
  const manifest = await encodeManifest(manifestOf(runId, files));
  await Promise.all([
    storeObject(aws, { bucket: BUCKET, key: `${runId}.json.gz` }, manifest, signal),
    createRun(runs, record, files),
    takeBackAbandoned(aws, { runs, now: Date.now(), signal }),
  ]);
  await forgetUnsubmitted(runs, runId);
  return { runId, sent: last.sent, reused: last.reused };
}

/** Brings a run's results back into the directory; stopped by the signal, as by Control-C. */
export async function fetchResults(
  place: TransferPlace,
  runId: RunId,
  { signal } = new AbortController(),
): Promise<void> {
  const { directory } = place;
  const root = { root: directory, directory, subdirectory: "" };
  const job = { jobId: toJobId("job"), jobName: runId, origin: undefined, job: undefined };
  const run = { ...job, runId, workdir: archiveOf(runId), place: root };
  await bringBack(contextOf(place), place.aws, run, { wanted: undefined, place: root, signal });
}
