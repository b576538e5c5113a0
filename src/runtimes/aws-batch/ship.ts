import type { ArchiveInput, ArchivePart, WrittenEntry } from "../../archive/types.ts";
import { packSmall, writeArchive } from "../../archive/write.ts";
import type { Aws } from "../../aws/clients.ts";
import { explained } from "../../aws/errors.ts";
import type { RunId } from "../../runs/types.ts";
import { noteUnsubmitted, type UnsubmittedRun } from "../../runs/unsubmitted.ts";
import { createGauge } from "../../transfer/gauge.ts";
import { formatS3Url, type S3Object } from "../../transfer/s3-url.ts";
import { type Copies, CopyFailedError, putObject, sendersFor, uploadParts } from "../../transfer/upload.ts";
import { keepYoungHeapSmall } from "../../transfer/young-heap.ts";
import { orderedTimes } from "../../workflow/archive-times.ts";
import { envdFiles, type Variables } from "../../workflow/envdir.ts";
import type { SelectedFile, Selection } from "../../workflow/types.ts";
import { findLastArchive, planReuse, type Reuse } from "./last-archive.ts";

/** Bytes of a part, the least that S3 takes: memory holds six. More where S3's limit of 10,000 parts would be passed. */
const PART_SIZE = 5 * 1024 * 1024;
const MOST_PARTS = 9_500;
/** So many parts, uncompressed, hardly ever become a single one. */
const LARGE = 4;

interface ShipOptions {
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** How far an upload has come. Bytes; `total` is an estimate until all files have been compressed. */
export interface UploadProgress {
  readonly sent: number;
  /** What S3 copies from the last run's archive. */
  readonly reused: number;
  /** Of the whole archive, what is reused included. */
  readonly total: number;
}

interface ArchiveOptions {
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Where the records of runs are: the last run of this directory can spare most of the upload. */
  readonly runs: string;
  readonly runId: RunId;
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
}

export interface ShippedArchive {
  readonly etag: string;
  /** When the bucket's rule will delete it, in milliseconds since 1970; undefined where no rule does. */
  readonly expiresAt: number | undefined;
  /** Of each selected file, in no particular order. */
  readonly entries: readonly WrittenEntry[];
}

/** A directory smaller than this (bytes) is sent whole sooner than it is composed. */
const LEAST_TO_COMPOSE = 8 * 1024 * 1024;

/**
 * Sends the selected files as one archive, made as it is sent; what lies unchanged in the last run's archive is copied by S3.
 * Throws UserError naming a file that can't be read.
 */
export async function shipArchive(
  aws: Aws,
  selection: Selection,
  target: S3Object,
  options: ArchiveOptions,
): Promise<ShippedArchive> {
  const { runs, signal } = options;
  return explained(`upload to ${formatS3Url(target)}`, signal, async () => {
    const large = selection.files.reduce((sum, { size }) => sum + size, 0) >= LEAST_TO_COMPOSE;
    const last = large
      ? await findLastArchive(aws, { runs, root: selection.root, target, signal })
      : undefined;
    // In the job the newer one wins, the archive's entry or the file: one from the future would always win.
    const latestMtimeMs = options.now() + (aws.clockOffset() ?? 0);
    const times = orderedTimes(selection.files, latestMtimeMs);
    const reuse = last && (await planReuse(last, selection, { times, latestMtimeMs, signal }));
    if (last !== undefined && reuse !== undefined && reuse.ranges.length > 0) {
      const copies = { source: last.object, etag: last.etag, ranges: reuse.ranges };
      try {
        return await send(aws, selection, target, { ...options, times, latestMtimeMs, reuse, copies });
      } catch (error) {
        if (!(error instanceof CopyFailedError)) throw error;
      }
    }
    return await send(aws, selection, target, { ...options, times, latestMtimeMs });
  });
}

async function send(
  aws: Aws,
  selection: Selection,
  target: S3Object,
  options: ArchiveOptions & {
    /** Where they differ from the files' own: by path. */
    readonly times: ReadonlyMap<string, number>;
    readonly latestMtimeMs: number;
    readonly reuse?: Reuse;
    readonly copies?: Copies;
  },
): Promise<ShippedArchive> {
  const { signal, times, latestMtimeMs, reuse, copies, runs, runId, onProgress } = options;
  const run = { runId, ...target, region: aws.region.value, localAws: aws.isLocal };
  // Not worth failing for: where it can't be noted, the bucket's rule is what ends that which is left behind.
  const note = (upload: UnsubmittedRun["upload"]) =>
    noteUnsubmitted(runs, { ...run, upload }).catch(() => {});
  await note(undefined);
  const kept = new Set(reuse?.reused.map(({ path }) => path));
  const inputs = selection.files
    .filter(({ path }) => !kept.has(path))
    .map((file) => toInput(file, times.get(file.path)));
  const total = inputs.reduce((sum, { size }) => sum + size, 0);
  keepYoungHeapSmall(total);
  const firstPartIndex = reuse?.ranges.length ?? 0;
  const reused = reuse?.length ?? 0;
  const partSize = Math.max(PART_SIZE, Math.ceil(total / (MOST_PARTS - firstPartIndex)));
  const senders = sendersFor(partSize);
  const gauge = createGauge(options.now, senders);
  let taken = 0;
  const archive = writeArchive(inputs, {
    partSize,
    startOffset: reused,
    firstPartIndex,
    reused: reuse?.reused ?? [],
    latestMtimeMs,
    level: gauge.level,
    signal,
    onProgress(bytes) {
      taken += bytes;
      gauge.taken(bytes);
    },
  });
  let made = 0;
  const parts = counted(archive.parts, (bytes) => {
    made += bytes;
  });
  const { etag, expiresAt } = await uploadParts(aws.s3, target, parts, {
    signal,
    senders,
    isLarge: total > LARGE * partSize,
    copies,
    onActivity: gauge.activity,
    onBegun: (id) => note({ id }),
    onEnded: () => note(undefined),
    onProgress(sent) {
      // What has been taken up, and what was made of it, tells how much the rest will come to, roughly.
      const rest = taken === 0 ? total : ((total - taken) * made) / taken;
      onProgress?.({ sent, reused, total: Math.round(reused + made + Math.max(rest, 0)) });
    },
  });
  return { etag, expiresAt, entries: [...(reuse?.reused ?? []), ...archive.entries()] };
}

async function* counted(parts: AsyncIterable<ArchivePart>, onPart: (bytes: number) => void) {
  for await (const part of parts) {
    onPart(part.data.length);
    yield part;
  }
}

function toInput(
  { path, kind, source, size, mtimeMs, mode }: SelectedFile,
  writtenMtimeMs: number | undefined,
): ArchiveInput {
  return { path, kind, source, size, mtimeMs, writtenMtimeMs, mode: mode & 0o777 };
}

/** Sends the job's variables as an env.d ZIP: never in the job's own settings, which everybody can read. */
export async function shipVariables(
  aws: Aws,
  variables: Variables,
  target: S3Object,
  { signal, now }: ShipOptions,
): Promise<void> {
  const inputs = envdFiles(variables).map(
    ({ name, content }): ArchiveInput => ({
      path: name,
      kind: "file",
      source: content,
      size: content.length,
      mtimeMs: now,
      mode: 0o600,
    }),
  );
  await storeObject(aws, target, await packSmall(inputs, { signal }), signal);
}

/** Sends something small. */
export async function storeObject(
  aws: Aws,
  target: S3Object,
  content: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await explained(`upload to ${formatS3Url(target)}`, signal, () =>
    putObject(aws.s3, target, content, { signal }),
  );
}
