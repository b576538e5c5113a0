import { posix } from "node:path";
import type { ArchiveEntry } from "../archive/types.ts";
import { UserError } from "../errors.ts";
import { type ContentHash, hashFile, mapLimited } from "../runs/hash.ts";
import { quoteName } from "../runs/names.ts";
import { sameStamp } from "../runs/states.ts";
import type { FileState, LocalFileState, RunId } from "../runs/types.ts";
import { probeFolding } from "./folding.ts";
import { createLocator, type Located, type Locator } from "./locate.ts";
import { conflictName, foldedName, isSnakemakeState, ruleOnName } from "./names.ts";
import type { Refused, ResultPlan, RunFiles, Verdict } from "./types.ts";

export interface PlanOptions {
  /** The build root to bring results into: absolute. */
  readonly root: string;
  readonly runId: RunId;
  /** The archive as the job left it: one entry of each name. */
  readonly entries: readonly ArchiveEntry[];
  /** The files when the run began; undefined where neither record nor manifest is left. */
  readonly began: RunFiles | undefined;
  /** The user's patterns. */
  readonly wanted?: ((path: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reads a file here. */
  readonly hash?: ((path: string, signal?: AbortSignal) => Promise<ContentHash>) | undefined;
  /** Whether the root's file system takes names for one that differ in case or Unicode form. Asked where it matters. */
  readonly foldsNames?: (() => Promise<boolean>) | undefined;
}

/** How many files are looked at or hashed at once. */
const CONCURRENCY = 8;
/** A file touched so shortly before the run may be changed again without its time stamps showing it (FAT: 2 s). */
const STAMP_GRAIN = 2000;
/** Beyond this many taken names for one conflict something is wrong. */
const MOST_ATTEMPTS = 1000;

/** An entry that the job made or changed, with what is here now. */
interface Finding {
  readonly entry: ArchiveEntry;
  readonly located: Located;
  /** Of the file here, against the entry and against the start of the run. */
  readonly content: "job's" | "as before" | "other" | undefined;
}

/**
 * Decides for each entry of a job's archive what becomes of it here, by comparing three states: when the run began,
 * as the job left it, as it is here now. For what the job did not change nothing here is looked at. Writes
 * nothing (but for the probe of {@link probeFolding}). Throws a UserError where a file here cannot be looked at.
 */
export async function planResults(options: PlanOptions): Promise<ResultPlan> {
  const { began, entries } = options;
  const refused: Refused[] = [];
  const known = knownDirectories(began);
  const candidates = new Set<ArchiveEntry>();
  for (const entry of entries) {
    if (!changedByJob(entry, began, known)) continue;
    const ruling = ruleOnName(entry.path);
    if (ruling === "take") {
      if (options.wanted?.(entry.path) ?? true) candidates.add(entry);
    } else if (ruling !== "drop") {
      refused.push({ path: entry.path, why: ruling.refuse });
    }
  }
  if (began?.source === "manifest") refused.push(...namesNotIn(entries, began.uploaded));
  if (candidates.size === 0) {
    return { verdicts: entries.map((entry) => ({ kind: "leave", entry })), refused };
  }

  const isKnown = (path: string) =>
    began?.source === "record" && (began.uploaded.has(path) || began.excluded.has(path) || known().has(path));
  const locate = named(createLocator(options.root, isKnown));
  const findings = new Map<ArchiveEntry, Finding>();
  await mapLimited([...candidates], CONCURRENCY, async (entry) => {
    options.signal?.throwIfAborted();
    findings.set(entry, await examine(entry, locate, options));
  });
  const decide = createDecider(options, locate, await fallTogether([...candidates], options));
  const verdicts: Verdict[] = [];
  for (const entry of entries) {
    const finding = findings.get(entry);
    verdicts.push(finding === undefined ? { kind: "leave", entry } : await decide(finding));
  }
  return { verdicts, refused };
}

/** The parents of all recorded files, and the recorded directories; worked out when first asked for. */
function knownDirectories(began: RunFiles | undefined): () => ReadonlySet<string> {
  let known: Set<string> | undefined;
  return () => {
    if (known !== undefined) return known;
    known = new Set<string>();
    if (began === undefined) return known;
    const paths = [...began.uploaded.keys(), ...began.excluded.keys()];
    for (const directory of began.directories) paths.push(`${directory}/`);
    for (const path of paths) {
      for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
        const parent = path.slice(0, end);
        if (known.has(parent)) break;
        known.add(parent);
      }
    }
    return known;
  };
}

function changedByJob(
  entry: ArchiveEntry,
  began: RunFiles | undefined,
  known: () => ReadonlySet<string>,
): boolean {
  if (began === undefined) return entry.madeByInfoZip;
  if (entry.kind === "directory") return !known().has(entry.path);
  const before = began.uploaded.get(entry.path);
  return before === undefined || !sameContent(before, entry);
}

function namesNotIn(entries: readonly ArchiveEntry[], uploaded: ReadonlyMap<string, FileState>): Refused[] {
  const names = new Set(entries.map((entry) => entry.path));
  return [...uploaded.keys()]
    .filter((path) => !names.has(path))
    .map((path) => ({ path, why: "the manifest has it, but the archive doesn't" }));
}

/** Looks at what is here, and reads it only where stat leaves it open. */
async function examine(entry: ArchiveEntry, locate: Locator, options: PlanOptions): Promise<Finding> {
  const located = await locate(entry.path);
  if (located.kind !== "file" || entry.kind === "directory") return { entry, located, content: undefined };
  const { began } = options;
  const before = began?.uploaded.get(entry.path) ?? began?.excluded.get(entry.path);
  if (began !== undefined && before !== undefined && untouched(before, located.stat, began)) {
    // A file that was not uploaded can have been the same here all along.
    return { entry, located, content: sameContent(before, entry) ? "job's" : "as before" };
  }
  const { size } = located.stat;
  if (size !== entry.size && size !== before?.size) return { entry, located, content: "other" };
  const hash = await readHere(entry.path, located.target, options);
  if (sameContent(hash, entry)) return { entry, located, content: "job's" };
  const asBefore = before !== undefined && before.sha256 !== "" && hash.sha256 === before.sha256;
  return { entry, located, content: asBefore ? "as before" : "other" };
}

function untouched(
  before: FileState | LocalFileState,
  now: Parameters<typeof sameStamp>[0],
  began: RunFiles,
): boolean {
  if (began.source !== "record" || !("ino" in before) || !sameStamp(before, now)) return false;
  return began.beganAt === undefined || before.ctimeMs < began.beganAt - STAMP_GRAIN;
}

async function readHere(path: string, target: string, options: PlanOptions): Promise<ContentHash> {
  try {
    return await (options.hash ?? hashFile)(target, options.signal);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw cannotLook(path, error);
  }
}

/** The entries whose names fall together here with an earlier one's, each with that one. */
async function fallTogether(
  entries: readonly ArchiveEntry[],
  options: PlanOptions,
): Promise<ReadonlyMap<ArchiveEntry, ArchiveEntry>> {
  const firsts = new Map<string, ArchiveEntry>();
  const together = new Map<ArchiveEntry, ArchiveEntry>();
  for (const entry of entries) {
    if (entry.kind === "directory") continue;
    const key = foldedName(entry.path);
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, entry);
    else together.set(entry, first);
  }
  if (together.size === 0) return together;
  const folds = await (options.foldsNames ?? (() => probeFolding(options.root)))();
  return folds ? together : new Map();
}

/** Decides entry by entry; remembers what it has given away, so that no two entries get one place. */
function createDecider(
  options: PlanOptions,
  locate: Locator,
  together: ReadonlyMap<ArchiveEntry, ArchiveEntry>,
): (finding: Finding) => Promise<Verdict> {
  /** Targets that are written, with the entry whose content they get. */
  const files = new Map<string, ArchiveEntry>();
  /** The parents of those targets. */
  const parents = new Set<string>();
  const parentsWithEntries = new Set<string>();
  for (const { path } of options.entries) parentsWithEntries.add(posix.dirname(path));

  const claim = (entry: ArchiveEntry, target: string) => {
    if (entry.kind === "file") files.set(target, entry);
    const top = entry.kind === "file" ? posix.dirname(target) : target;
    for (let parent = top; !parents.has(parent); parent = posix.dirname(parent)) parents.add(parent);
  };
  /** What another entry's target stands in the way of: the path of the entry, or a parent of it. */
  const claimed = (entry: ArchiveEntry, target: string): Obstacle | undefined => {
    const other = files.get(target);
    if (other !== undefined)
      return { at: entry.path, why: `it is the same file here as ${quoteName(other.path)}`, other };
    if (entry.kind === "file" && parents.has(target)) {
      return { at: entry.path, why: "the job also made a directory of this name" };
    }
    let at = posix.dirname(entry.path);
    for (let parent = posix.dirname(target); parent !== "/"; parent = posix.dirname(parent)) {
      // What a claimed file is in the way of was absent: the last components are the entry's own.
      if (files.has(parent)) return { at, why: "the job also made a file of the name of its directory" };
      at = posix.dirname(at);
    }
    return undefined;
  };

  const conflict = async (entry: ArchiveEntry, at: string, why: string): Promise<Verdict> => {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const beside = conflictName(at, options.runId, attempt) + entry.path.slice(at.length);
      const there = await locate(beside);
      if (there.kind === "blocked" || (there.kind === "file" && there.throughLink)) continue;
      const { target, directory } = there;
      if (claimed(entry, target) !== undefined) continue;
      const present =
        entry.kind === "directory"
          ? there.kind === "directory"
          : there.kind === "file" && (await hasContent(entry, there, options));
      if (!present && there.kind !== "absent") continue;
      claim(entry, target);
      return { kind: "conflict", entry, beside, target, directory, why, present };
    }
    throw new UserError(
      `No name is free for the job's version of ${quoteName(entry.path)} beside the local one.`,
      {
        hint: "Move the copies from earlier runs away.",
      },
    );
  };

  return async ({ entry, located, content }) => {
    if (entry.kind === "directory") {
      if (located.kind === "directory") return { kind: "leave", entry };
      if (located.kind === "absent" && claimed(entry, located.target) === undefined) {
        claim(entry, located.target);
        return { kind: "write", entry, target: located.target, directory: located.directory };
      }
      // Where it isn't empty, what is in it tells of the conflict.
      if (parentsWithEntries.has(entry.path)) return { kind: "leave", entry };
    }
    if (located.kind === "blocked") return conflict(entry, located.at, located.why);
    if (located.kind === "directory") return conflict(entry, entry.path, "here it is a directory");
    if (entry.kind === "directory") return conflict(entry, entry.path, "here it is a file");
    const { target, directory } = located;
    const obstacle = fallen(entry, together.get(entry)) ?? claimed(entry, target);
    if (obstacle !== undefined) {
      if (obstacle.other !== undefined && sameContent(obstacle.other, entry)) return { kind: "leave", entry };
      return conflict(entry, obstacle.at, obstacle.why);
    }
    if (content !== "job's" && located.kind === "file") {
      if (!isSnakemakeState(entry.path)) {
        if (content === "other") return conflict(entry, entry.path, whyOther(entry, options.began));
        if (!located.writable) return conflict(entry, entry.path, "here it is read-only");
      }
      claim(entry, target);
      return { kind: "replace", entry, target, directory, seen: located.stat };
    }
    claim(entry, target);
    if (located.kind === "absent") return { kind: "write", entry, target, directory };
    return sameTime(located.stat.mtimeMs, entry.mtimeMs)
      ? { kind: "leave", entry }
      : { kind: "set-times", entry, target };
  };
}

interface Obstacle {
  readonly at: string;
  readonly why: string;
  /** The entry that has the place already. */
  readonly other?: ArchiveEntry;
}

function fallen(entry: ArchiveEntry, other: ArchiveEntry | undefined): Obstacle | undefined {
  if (other === undefined) return undefined;
  return { at: entry.path, why: `its name falls together with ${quoteName(other.path)} here`, other };
}

function sameContent(one: Pick<ArchiveEntry, "size" | "crc32">, other: typeof one): boolean {
  return one.size === other.size && one.crc32 === other.crc32;
}

async function hasContent(
  entry: ArchiveEntry,
  there: Extract<Located, { kind: "file" }>,
  options: PlanOptions,
): Promise<boolean> {
  if (there.stat.size !== entry.size) return false;
  return (await readHere(entry.path, there.target, options)).crc32 === entry.crc32;
}

function whyOther(entry: ArchiveEntry, began: RunFiles | undefined): string {
  if (began === undefined) return "it differs from the job's, and nothing tells which is newer";
  const before = began.uploaded.has(entry.path) || began.excluded.has(entry.path);
  return before ? "it was changed here since the run began" : "it is not what was here when the run began";
}

/** Archives keep whole seconds. */
function sameTime(one: number, other: number): boolean {
  return Math.floor(one / 1000) === Math.floor(other / 1000);
}

function named(locate: Locator): Locator {
  return async (path) => {
    try {
      return await locate(path);
    } catch (error) {
      throw cannotLook(path, error);
    }
  };
}

function cannotLook(path: string, error: unknown): UserError {
  const message = error instanceof Error ? error.message : String(error);
  return new UserError(`Cannot look at ${quoteName(path)}, which the job changed: ${message}`, {
    hint: "Mend that, then bring the results back again.",
    cause: error,
  });
}
