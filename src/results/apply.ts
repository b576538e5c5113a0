import { rm } from "node:fs/promises";
import { posix } from "node:path";
import { ArchiveError } from "../archive/errors.ts";
import type { ArchiveEntry } from "../archive/types.ts";
import { UserError } from "../errors.ts";
import { mapLimited } from "../runs/hash.ts";
import { quoteName } from "../runs/names.ts";
import type { RunId } from "../runs/types.ts";
import { batches } from "./batches.ts";
import { type Directories, openDirectories } from "./directories.ts";
import type { Conflict, ResultEvent, Summary } from "./events.ts";
import { NotWritten } from "./held-directory.ts";
import { dropNotes, makeMarkers, removeFinished, takeNotes } from "./note-files.ts";
import {
  isThereAlready,
  type PlacedFile,
  placeBeside,
  placeIfUnchanged,
  setTimes,
  writeTemporary,
} from "./place.ts";
import { SupplyError, supplyOf } from "./supply.ts";
import type { ResultPlan, Verdict } from "./types.ts";

/**
 * One entry's bytes: uncompressed, and checked against its CRC-32 and size by whoever delivers them. An ArchiveError that
 * `data` throws is of this entry alone.
 */
export interface FetchedEntry {
  /** One of the entries asked for: the same object. */
  readonly entry: ArchiveEntry;
  readonly data: AsyncIterable<Uint8Array>;
}

/**
 * Brings entries from the archive. Several calls run at once, each for neighbours in the archive; of one call each
 * `data` is read to its end before the next item is asked for.
 */
export type FetchEntries = (
  entries: readonly ArchiveEntry[],
  signal: AbortSignal,
) => AsyncIterable<FetchedEntry>;

export interface ApplyOptions {
  /** The build root that the plan is for. */
  readonly root: string;
  readonly runId: RunId;
  readonly fetch: FetchEntries;
  readonly signal: AbortSignal;
  readonly onEvent: (event: ResultEvent) => void;
  /** Milliseconds since 1970: tells how old leftovers of other computers are. */
  readonly now: number;
  /** As in {@link openDirectories}. */
  readonly byHandle?: boolean;
}

type Writing = Extract<Verdict, { kind: "replace" | "write" | "conflict" }>;

/** How many batches are fetched and written at once. */
const LANES = 4;

/** Counts and names, as they come. */
interface Tally {
  written: number;
  replaced: number;
  directories: number;
  timesSet: number;
  left: number;
  bytes: number;
  conflicts: Conflict[];
  damaged: { path: string; why: string }[];
  failed: { path: string; why: string }[];
}

/**
 * Carries a plan out. Every file goes to a temporary file beside its target first and is renamed, so whenever it is
 * stopped each file is old or new; done again, it finishes the rest. A file edited since the plan was made becomes a
 * conflict. Throws the signal's reason, what `fetch` throws, and a UserError where the disk is full.
 */
export async function applyPlan(plan: ResultPlan, options: ApplyOptions): Promise<Summary> {
  const tally: Tally = {
    written: 0,
    replaced: 0,
    directories: 0,
    timesSet: 0,
    left: 0,
    bytes: 0,
    conflicts: [],
    damaged: [],
    failed: [],
  };
  for (const refused of plan.refused) options.onEvent({ kind: "refused", ...refused });
  using directories = openDirectories(options);
  const files = new Map<ArchiveEntry, Writing>();
  // Where all that the job changed is here already, a stopped program may have left its temporary files all the same.
  const done = new Set<string>();
  for (const verdict of plan.verdicts) {
    if (verdict.kind === "leave") {
      if (verdict.target !== undefined) done.add(posix.dirname(verdict.target));
      tally.left++;
      continue;
    }
    options.signal.throwIfAborted();
    if (verdict.kind === "set-times") {
      using directory = await directories.holdExisting(posix.dirname(verdict.target));
      if (directory && (await setTimes(directory, posix.basename(verdict.target), verdict.entry))) {
        tally.timesSet++;
      }
    } else if (verdict.kind === "conflict" && verdict.present) {
      done.add(posix.dirname(verdict.target));
      note(tally, options, verdict, verdict.beside, verdict.why);
    } else if (verdict.entry.kind === "directory") {
      await orFailed(tally, options, verdict.entry, async () => {
        using _made = await directories.hold(verdict.target);
        tally.directories++;
        options.onEvent({ kind: "directory-made", path: verdict.entry.path });
        if (verdict.kind === "conflict") note(tally, options, verdict, verdict.beside, verdict.why);
      });
    } else {
      files.set(verdict.entry, verdict);
    }
  }
  for (const directory of done) (await directories.holdExisting(directory))?.[Symbol.dispose]();
  const notes = takeNotes(files);
  await makeMarkers(plan, directories);
  await writeAll(files, directories, tally, options);
  // Last, so that whatever ends this program, no note is here of a file that isn't.
  dropNotes(notes, notHere(tally));
  await writeAll(notes, directories, tally, options);
  await removeFinished(plan, new Set(notes.keys()), notHere(tally), directories);
  return { ...tally, refused: plan.refused };
}

/** The paths of which the job's version is not in its place. */
function notHere({ failed, damaged, conflicts }: Tally): string[] {
  return [...failed, ...damaged, ...conflicts].map(({ path }) => path);
}

async function writeAll(
  files: ReadonlyMap<ArchiveEntry, Writing>,
  directories: Directories,
  tally: Tally,
  options: ApplyOptions,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const write = async (verdict: Writing, data: AsyncIterable<Uint8Array>) => {
    const supply = supplyOf(data, signal);
    await orFailed(tally, options, verdict.entry, () =>
      writeOne(verdict, supply, directories, tally, options),
    );
    // A file that could not be written: the next one's bytes come after this one's.
    await supply.drain();
  };
  await mapLimited(batches([...files.keys()]), LANES, async (batch) => {
    try {
      signal.throwIfAborted();
      const missing = new Set(batch);
      const [empty, full] = [batch.filter(isEmpty), batch.filter((entry) => !isEmpty(entry))];
      const fetched = full.length === 0 ? [] : options.fetch(full, signal);
      for (const entry of empty) {
        missing.delete(entry);
        await write(verdictOf(files, entry), nothing());
      }
      for await (const { entry, data } of fetched) {
        if (!missing.delete(entry)) throw new Error(`Fetched without being asked for: ${entry.path}`);
        await write(verdictOf(files, entry), data);
      }
      signal.throwIfAborted();
      for (const entry of missing) throw new Error(`Asked for but not fetched: ${entry.path}`);
    } catch (error) {
      // The other lanes are of no use any more.
      stop.abort(error);
      throw error;
    }
  });
}

async function writeOne(
  verdict: Writing,
  data: AsyncIterable<Uint8Array>,
  directories: Directories,
  tally: Tally,
  options: ApplyOptions,
): Promise<void> {
  using directory = await directories.hold(posix.dirname(verdict.target));
  const name = await writeTemporary(directory, verdict.entry, data, (bytes) => {
    tally.bytes += bytes;
    options.onEvent({ kind: "progress", bytes });
  });
  try {
    await place({ directory, name }, verdict, directories, tally, options);
  } catch (error) {
    await rm(directory.at(name), { force: true });
    throw error;
  }
}

async function place(
  temporary: PlacedFile,
  verdict: Writing,
  directories: Directories,
  tally: Tally,
  options: ApplyOptions,
): Promise<void> {
  const { entry, target } = verdict;
  const seen = verdict.kind === "replace" ? verdict.seen : undefined;
  if (placeIfUnchanged(temporary, posix.basename(target), seen)) {
    if (verdict.kind === "conflict") return note(tally, options, verdict, verdict.beside, verdict.why);
    tally[seen === undefined ? "written" : "replaced"]++;
    return options.onEvent({ kind: "written", path: entry.path, replaced: seen !== undefined });
  }
  if (await isThereAlready(temporary, posix.basename(target))) {
    await rm(temporary.directory.at(temporary.name));
    if (verdict.kind === "conflict") return note(tally, options, verdict, verdict.beside, verdict.why);
    tally.left++;
    return;
  }
  using directory = await directories.hold(verdict.directory);
  const name = await placeBeside(temporary, { directory, name: posix.basename(entry.path) }, options.runId);
  const why = verdict.kind === "conflict" ? verdict.why : "it was changed here in the meantime";
  const besideWhat = verdict.kind === "conflict" ? verdict.beside : entry.path;
  note(tally, options, verdict, posix.join(posix.dirname(besideWhat), name), why);
}

function note(tally: Tally, options: ApplyOptions, verdict: Verdict, beside: string, why: string): void {
  const conflict: Conflict = { path: verdict.entry.path, beside, why };
  tally.conflicts.push(conflict);
  options.onEvent({ kind: "conflict", ...conflict });
}

/** What is wrong with one entry, or its place on the disk, is noted, and the rest goes on; what concerns all is thrown. */
async function orFailed(
  tally: Tally,
  options: ApplyOptions,
  entry: ArchiveEntry,
  task: () => Promise<void>,
): Promise<void> {
  try {
    await task();
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof SupplyError && error.cause instanceof ArchiveError) {
      const damaged = { path: entry.path, why: error.cause.message };
      tally.damaged.push(damaged);
      return options.onEvent({ kind: "damaged", ...damaged });
    }
    if (error instanceof SupplyError) throw error.cause;
    const code = (error as NodeJS.ErrnoException).code;
    if (!(error instanceof NotWritten) && (!(error instanceof Error) || code === undefined)) throw error;
    // Without the path at its end, which is that of a temporary file.
    const why = error.message.replace(/, \w+ '.*$/s, "");
    if (code === "ENOSPC" || code === "EDQUOT") {
      throw new UserError(`The disk is full: ${quoteName(entry.path)} could not be written.`, {
        hint: "Make room, then bring the results back again: what is here already is kept.",
        cause: error,
      });
    }
    tally.failed.push({ path: entry.path, why });
    options.onEvent({ kind: "failed", path: entry.path, why });
  }
}

function verdictOf(files: ReadonlyMap<ArchiveEntry, Writing>, entry: ArchiveEntry): Writing {
  const verdict = files.get(entry);
  if (verdict === undefined) throw new Error(`No verdict on ${entry.path}`);
  return verdict;
}

/** There is nothing to fetch. Another CRC than that of no bytes shows that there should be: its fetching finds it damaged. */
function isEmpty({ size, crc32 }: ArchiveEntry): boolean {
  return size === 0 && crc32 === 0;
}

async function* nothing(): AsyncIterable<Uint8Array> {}
