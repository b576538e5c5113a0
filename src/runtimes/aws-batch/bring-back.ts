import { planReads, readGroup } from "../../archive/groups.ts";
import { readCentralDirectory } from "../../archive/read.ts";
import type { ArchiveEntry } from "../../archive/types.ts";
import type { Aws } from "../../aws/clients.ts";
import { explained } from "../../aws/errors.ts";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { applyPlan, type FetchEntries } from "../../results/apply.ts";
import type { Summary } from "../../results/events.ts";
import { isSnakemakeState } from "../../results/names.ts";
import { planResults } from "../../results/plan.ts";
import { withTimesHere } from "../../results/times-here.ts";
import type { ResultPlan, RunFiles, Verdict } from "../../results/types.ts";
import { addResults, runsDirectory } from "../../runs/registry.ts";
import type { PeakUse, RunId } from "../../runs/types.ts";
import { type ObjectSource, openObject } from "../../transfer/object-source.ts";
import { formatS3Url, type S3Object } from "../../transfer/s3-url.ts";
import { keepYoungHeapSmall } from "../../transfer/young-heap.ts";
import type { BuildRoot } from "../../workflow/build-root.ts";
import type { PathMatcher } from "../../workflow/patterns.ts";
import { formatBytes } from "../../workflow/quantity.ts";
import { showTransfer } from "./live.ts";
import { noteRun } from "./note.ts";
import { createUseReader } from "./peak-use.ts";
import { createResultMemory } from "./remember.ts";
import { createResultLines } from "./result-lines.ts";
import type { Run } from "./run.ts";
import { findStart } from "./run-start.ts";

/** Entries so close together in the archive are fetched in one request: bytes between them that nobody wants. */
const GAP = 256 * 1024;
/** Bytes of one request at most. */
const MOST = 64 * 1024 * 1024;

export interface BringBackOptions {
  /** Where the results belong. */
  readonly place: BuildRoot;
  /** Which of them to bring; undefined: all. */
  readonly wanted: PathMatcher | undefined;
  /** Whether the job was killed, so that what it was making may be half made. */
  readonly killed?: boolean;
  /** The checkpoint to bring back, of a job that never put its results into the archive. */
  readonly checkpoint?: S3Object | undefined;
  /** What jobs beside this one have brought to the same place. */
  readonly beside?: ResultsBeside | undefined;
  readonly signal: AbortSignal;
}

/** Results of jobs that run side by side, and may have made the same files. */
export interface ResultsBeside {
  /**
   * Compares what a job has made with what came of the others: which of its entries to bring, and how the files were when it began, as far
   * as none of the others has replaced them.
   */
  reconcile(entries: readonly ArchiveEntry[], began: RunFiles | undefined): Reconciled;
}

export interface Reconciled {
  readonly entries: readonly ArchiveEntry[];
  readonly began: RunFiles | undefined;
  /** Why another job's version of a file stays, as the end of a sentence; undefined where it is none. */
  whyOther(path: string): string | undefined;
}

/** What has come. */
export interface Brought {
  /** How many were written, uncompressed. */
  readonly bytes: number;
  /** What the job has used, where its note on that was among the files that came. */
  readonly peakUse: PeakUse | undefined;
}

/**
 * Brings back what the job changed, by comparing how things were when the run began, what the job left, and what is
 * here now. Nothing of the user's is overwritten; stopped at any moment, each file is old or new. Throws UserError
 * where the archive is gone or damaged, or where not everything could be written.
 */
export async function bringBack(
  context: Context,
  aws: Aws,
  run: Run,
  { place, wanted, killed, checkpoint, beside, signal }: BringBackOptions,
): Promise<Brought> {
  const { io } = context;
  const archive = checkpoint ?? run.part ?? run.workdir;
  const url = formatS3Url(archive);
  return await explained(`download ${url}`, signal, async () => {
    const [{ source, entries: left }, start] = await Promise.all([
      openArchive(aws, archive, signal),
      findStart(context, aws, run, { root: place.root, signal }),
    ]);
    const timed = withTimesHere(left, start);
    const { entries, began, whyOther } = beside?.reconcile(timed, start) ?? {
      ...{ entries: timed, began: start },
      whyOther: () => undefined,
    };
    // A job of another program may have no run id: its own id names it as well.
    const runId = run.runId ?? (run.jobId as string as RunId);
    const plan = await planResults({
      root: place.root,
      runId,
      entries,
      began,
      killed,
      isPart: archive !== run.workdir,
      wanted: wanted && ofEntries(wanted, entries),
      signal,
    });
    io.out(describePlan(plan, place, wanted !== undefined));
    // Of a run that this computer has no record of, nothing is remembered either.
    const memory = began?.source === "record" ? createResultMemory() : undefined;
    const use = createUseReader(run.jobId);
    const fetch = use.watch(fetchFrom(source));
    const bytes = fetchedBytes(plan);
    keepYoungHeapSmall(bytes);
    using lines = createResultLines(io);
    using live = showTransfer(context, "Downloading", bytes);
    const apply = () =>
      applyPlan(plan, {
        root: place.root,
        runId,
        fetch: memory?.watch(fetch) ?? fetch,
        signal,
        onEvent(event) {
          if (event.kind === "written") memory?.written(event.path);
          if (event.kind === "progress") live.moved(event.bytes);
          const why = event.kind === "conflict" ? whyOther(event.path) : undefined;
          lines.say(event.kind === "conflict" && why !== undefined ? { ...event, why } : event);
        },
        now: context.now(),
      });
    // Of what was stopped in the middle, too, the next run need not send what has come.
    const summary = await apply().finally(async () => {
      if (memory === undefined) return;
      // Not worth failing for: what is not remembered is sent again by the next run.
      const states = await memory.states(plan, context.now);
      await addResults(runsDirectory(context), runId, states).catch(() => {});
    });
    checkComplete(summary);
    return { bytes, peakUse: use.read() };
  });
}

/** As {@link bringBack}, and notes it in the run's record. */
export async function bringHome(
  context: Context,
  aws: Aws,
  run: Run,
  options: BringBackOptions,
): Promise<Brought> {
  const brought = await bringBack(context, aws, run, options);
  const { bytes, peakUse } = brought;
  // Where all was here already, what came before is what was brought.
  const fresh = { ...(bytes > 0 ? { broughtBytes: bytes } : {}), ...(peakUse ? { peakUse } : {}) };
  await noteRun(context, run.runId, { downloadedAt: context.now(), ...fresh });
  return brought;
}

function checkComplete({ damaged, failed }: Summary): void {
  if (failed.length > 0) {
    throw new UserError(`${failed.length + damaged.length} of the job's files could not be brought back.`, {
      hint: "Mend what is said above; the same command again brings back the rest.",
    });
  }
  if (damaged.length > 0) {
    const files = damaged.length === 1 ? "1 file is" : `${damaged.length} files are`;
    throw new UserError(`${files} damaged in the job's archive; all others are here.`, {
      hint: "Try the same command again. If it ends the same way, build again to make them anew.",
    });
  }
}

/** Opens what the job left by its end, and reads what is in it. Throws UserError where it is gone, ArchiveError where it is damaged. */
export async function openArchive(
  aws: Aws,
  archive: S3Object,
  signal: AbortSignal,
): Promise<{ readonly source: ObjectSource; readonly entries: readonly ArchiveEntry[] }> {
  const source = await openObject(aws.s3, archive, signal);
  const { entries } = await readCentralDirectory(source, { signal });
  return { source, entries };
}

/** Patterns know directories by the slash at their end, which the paths of entries don't have. */
function ofEntries(wanted: PathMatcher, entries: readonly ArchiveEntry[]): (path: string) => boolean {
  const directories = new Set(entries.filter(({ kind }) => kind === "directory").map(({ path }) => path));
  return (path) => wanted(directories.has(path) ? `${path}/` : path);
}

/** Reads entries from the archive, neighbours in one request, each checked against its CRC-32. */
function fetchFrom(source: ObjectSource): FetchEntries {
  return async function* fetch(entries, signal) {
    for (const group of planReads(entries, { gap: GAP, max: MOST })) yield* readGroup(source, group, signal);
  };
}

function describePlan({ verdicts }: ResultPlan, { root }: BuildRoot, isChoice: boolean): string {
  const coming = verdicts.filter(isFetched);
  if (coming.length === 0) return `Downloading nothing to ${root}: ${whyNothing(verdicts, isChoice)}`;
  const bytes = formatBytes(fetchedBytes({ verdicts }));
  // Those are not told one by one.
  const own = coming.filter(({ entry }) => isSnakemakeState(entry.path)).length;
  const others = coming.length - own;
  const files = (count: number) => `${count} ${count === 1 ? "file" : "files"}`;
  const said =
    own === 0
      ? files(others)
      : `${others === 0 ? files(own) : `${files(others)} and ${own}`} of Snakemake's own`;
  return `Downloading ${said} (${bytes}) to ${root}`;
}

function whyNothing(verdicts: readonly Verdict[], isChoice: boolean): string {
  // A file that is here already is left with its target.
  const isHere = verdicts.some((verdict) => verdict.entry.kind === "file" && "target" in verdict);
  if (isHere) return "all that the job changed is here already";
  return isChoice
    ? "the job changed no files that --download and --exclude-from-download choose"
    : "the job changed no files";
}

/** Bytes to be written, uncompressed. */
function fetchedBytes({ verdicts }: Pick<ResultPlan, "verdicts">): number {
  return verdicts.filter(isFetched).reduce((sum, { entry }) => sum + entry.size, 0);
}

function isFetched(verdict: Verdict): boolean {
  if (verdict.entry.kind === "directory") return false;
  if (verdict.kind === "conflict") return !verdict.present;
  return verdict.kind === "replace" || verdict.kind === "write";
}
