import type { RetryStrategy } from "@aws-sdk/client-batch";
import type { Aws } from "../../aws/clients.ts";
import { groupOf } from "../../aws/log-place.ts";
import { retriesFailures } from "../../aws/retry-strategy.ts";
import { explainBucketError, isBucketClosed } from "../../aws/s3.ts";
import { MaybeSubmittedError } from "../../aws/submit-job.ts";
import type { Context } from "../../cli/context.ts";
import { newRunId } from "../../runs/ids.ts";
import { encodeManifest } from "../../runs/manifest.ts";
import { createRun, pruneRuns, runsDirectory, updateRecord } from "../../runs/registry.ts";
import { lastExcluded } from "../../runs/roots.ts";
import { hashExcluded, manifestOf, recordFiles } from "../../runs/states.ts";
import type { LocalFileState, RunRecord } from "../../runs/types.ts";
import { forgetUnsubmitted } from "../../runs/unsubmitted.ts";
import { formatS3Url } from "../../transfer/s3-url.ts";
import type { BuildRoot } from "../../workflow/build-root.ts";
import { supportsBenchmarkExtended } from "../../workflow/image.ts";
import type { Selection } from "../../workflow/types.ts";
import type { BuildRequest } from "../build-request.ts";
import { commandLine } from "../command-line.ts";
import { parseBucket, type RunObjects, runObjects } from "./bucket.ts";
import { type Child, encodeTable } from "./fan-out/children.ts";
import { describeRoom } from "./fan-out/room.ts";
import { recordedChildren, type SubmittedJobs, submissionsOf, submitAll } from "./fan-out/submissions.ts";
import type { JobSpecification } from "./job-request.ts";
import { untilLaterSecond } from "./later-second.ts";
import { showTransfer } from "./live.ts";
import { tellHowJobsRun } from "./local-jobs.ts";
import type { AwsBatchOptions } from "./options.ts";
import { besidePreflight } from "./preflight.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { canKeepRecord } from "./record-keeping.ts";
import { retryStrategy } from "./retries.ts";
import type { Run } from "./run.ts";
import { shipArchive, shipVariables, storeObject } from "./ship.ts";
import { takeBack, takeBackAbandoned } from "./take-back.ts";
import { together } from "./together.ts";
import { readWrapper, type Wrapper } from "./wrapper/wrap.ts";

/**
 * Begins a build: selects, ships, submits. A failure before the job is submitted leaves nothing behind, neither in the
 * bucket nor among the records. Throws UserError, or CancelledError after a signal.
 */
export async function launch(
  context: Context,
  aws: Aws,
  request: BuildRequest & { readonly place: BuildRoot },
  options: AwsBatchOptions,
): Promise<Run> {
  const { io } = context;
  const runs = runsDirectory(context);
  const { place } = request;
  const createdAt = context.now();
  const runId = newRunId();
  const objects = runObjects(parseBucket(options.bucket), runId);
  io.out(`Nextstrain Run ID: ${runId}`);

  const prepared = await prepare(context, aws, request, options);
  const isKept = await canKeepRecord(context, prepared.selection);
  const { image } = prepared.definition;
  const localBy = await tellHowJobsRun(context, aws, image);
  const command = commandLine(context, request, {
    // Of a job that local AWS runs without its image nothing is known of its Snakemake.
    benchmarkExtended: (!aws.isLocal || localBy === "containers") && supportsBenchmarkExtended(image),
  });
  const strategy =
    options.retries === undefined ? prepared.definition.detail.retryStrategy : retryStrategy(options.retries);
  const specification: JobSpecification = {
    runId,
    queue: options.queue.value,
    definition: prepared.definitionName,
    form: prepared.definition.container.form,
    scheduling: prepared.scheduling,
    tags: options.tags,
    workdir: objects.workdir,
    envd: prepared.variables.size > 0 ? objects.envd : undefined,
    deleteEnvd: (strategy?.attempts ?? 1) <= 1 && options.fanOut === undefined,
    subdirectory: place.subdirectory,
    command,
    wrapper: options.gracefulStop && canBeWrapped(localBy) ? await wrapperFor(options, strategy) : undefined,
    cpus: options.cpus,
    memoryMib: options.memoryMib,
    retries: options.retries,
  };
  const submissions = submissionsOf(specification, objects, options);
  const { log } = prepared.definition;
  const record = recordOf(aws, specification, objects, {
    place,
    continues: options.continues,
    createdAt,
    logGroup: groupOf(log),
  });

  let jobs: SubmittedJobs;
  try {
    if (options.fanOut) {
      const { definition, preflight } = prepared;
      const vcpus = options.cpus ?? definition.vcpus;
      io.out(describeRoom(options.fanOut.children.length, vcpus, await preflight.environments()));
    }
    const newest = await besidePreflight(context, prepared.preflight, (beside) =>
      ship(beside, aws, prepared, { objects, record, isKept, children: options.fanOut?.children }),
    );
    await untilLaterSecond(newest, context);
    await forgetUnsubmitted(runs, runId).catch((error: unknown) => {
      // Where nothing can be kept, nothing was noted.
      if (isKept) throw error;
    });
    io.out("Submitting job");
    jobs = await submitAll(context, aws, submissions);
  } catch (error) {
    // Of a job that may be out there after all, nothing is taken away.
    if (!(error instanceof MaybeSubmittedError)) {
      const left = await takeBack(aws, { runs, runId, objects });
      // Nothing is in a bucket that took nothing.
      for (const object of isBucketClosed(error) ? [] : left)
        io.warn(`${formatS3Url(object)} could not be deleted.`);
    }
    const bucket = { ...options.bucket, value: objects.workdir.bucket };
    throw explainBucketError(error, bucket, aws.region.value);
  }
  const { jobId, firstJobId } = jobs;
  const children = options.fanOut?.children;
  if (firstJobId !== undefined) io.out(`AWS Batch Job ID of what is built first: ${firstJobId}`);
  io.out(`AWS Batch Job ID: ${jobId}`);
  if (isKept) {
    const change = {
      jobId,
      submittedAt: context.now(),
      children: recordedChildren(options.fanOut, firstJobId),
    };
    await updateRecord(runs, runId, change).catch(warnOfRecord(context));
  }
  return {
    jobId,
    runId,
    workdir: objects.workdir,
    fanOut: children && { children, firstJobId },
    place,
    jobName: runId,
    localBy,
    log,
    origin: { queue: record.queue, definition: record.definition, command, submittedAt: context.now() },
  };
}

async function wrapperFor(
  { checkpointSeconds, fanOut }: AwsBatchOptions,
  strategy: RetryStrategy | undefined,
): Promise<Wrapper> {
  const script = await readWrapper();
  const attempts = strategy?.attempts ?? 1;
  return {
    ...{ script, checkpointSeconds, attempts, retriesFailures: retriesFailures(strategy) },
    // Its jobs share them.
    keepsVariables: fanOut !== undefined,
  };
}

/** The script looks for processes in Linux's `/proc`: where jobs run in the image, there is one. */
function canBeWrapped(localBy: Run["localBy"]): boolean {
  return localBy !== "processes" || process.platform === "linux";
}

/**
 * Uploads the archive, then what belongs beside it; and keeps the record that the results will be compared with. Gives the time
 * of the newest file, in milliseconds since 1970.
 */
async function ship(
  context: Context,
  aws: Aws,
  { selection, variables }: Prepared,
  {
    objects,
    record,
    isKept,
    children,
  }: {
    readonly objects: RunObjects;
    readonly record: RunRecord;
    readonly isKept: boolean;
    readonly children: readonly Child[] | undefined;
  },
): Promise<number> {
  const { io } = context;
  io.out(`Uploading ${record.directory} to S3`);
  using live = showTransfer(context, "Uploading", undefined);
  const runs = runsDirectory(context);
  let sentBytes = 0;
  const [archive, excluded] = await together(
    context.signal,
    (signal) =>
      shipArchive(aws, selection, objects.workdir, {
        signal,
        now: context.now,
        runs,
        runId: record.runId,
        onProgress(progress) {
          sentBytes = progress.sent;
          live.reached(progress);
        },
      }),
    (signal) => lookAtExcluded(runs, selection, signal),
    // Only room on the disk is lost where it can't be done.
    () => pruneRuns(runs, context.now()).catch(() => {}),
  );
  const files = await recordFiles(selection, archive.entries, excluded);
  const manifest = await encodeManifest(manifestOf(record.runId, files));
  await together(
    context.signal,
    (signal) => storeObject(aws, objects.manifest, manifest, signal),
    async (signal) => {
      if (children) await storeObject(aws, objects.children, encodeTable(children), signal);
    },
    async (signal) => {
      if (variables.size > 0) {
        await shipVariables(aws, variables, objects.envd, { signal, now: context.now() });
      }
    },
    // Not before: the archive of such a run may just have spared most of the upload.
    (signal) => takeBackAbandoned(aws, { runs, now: context.now(), signal }),
    async () => {
      // The manifest is there: not worth sending all of it again for.
      if (isKept) {
        await createRun(runs, { ...record, expiresAt: archive.expiresAt, sentBytes }, files).catch(
          warnOfRecord(context),
        );
      }
    },
  );
  io.out(`uploaded: ${formatS3Url(objects.workdir)}`);
  return archive.entries.reduce((newest, { mtimeMs }) => Math.max(newest, mtimeMs), 0);
}

function warnOfRecord({ io }: Context): (error: unknown) => void {
  return (error) =>
    io.warn(
      `The record of this run could not be written: ${error instanceof Error ? error.message : error} The manifest in the bucket takes its place.`,
    );
}

/** They may be the largest of all: what the last run hashed, and nobody touched since, is not read again. */
async function lookAtExcluded(
  runs: string,
  { root, excluded }: Selection,
  signal: AbortSignal,
): Promise<LocalFileState[]> {
  const known = excluded.length > 0 ? await lastExcluded(runs, root) : [];
  return hashExcluded(excluded, { known, signal });
}

function recordOf(
  aws: Aws,
  job: JobSpecification,
  objects: RunObjects,
  {
    place,
    continues,
    createdAt,
    logGroup,
  }: Pick<RunRecord, "continues" | "createdAt" | "logGroup"> & { readonly place: BuildRoot },
): RunRecord {
  return {
    version: 1,
    runId: job.runId,
    jobName: job.runId,
    queue: job.queue,
    definition: job.definition,
    region: aws.region.value,
    profile: aws.profile?.value,
    localAws: aws.isLocal,
    urls: {
      workdir: formatS3Url(job.workdir),
      envd: job.envd && formatS3Url(job.envd),
      manifest: formatS3Url(objects.manifest),
    },
    root: place.root,
    directory: place.directory,
    command: job.command,
    continues,
    createdAt,
    logGroup,
    logStreams: [],
  };
}
