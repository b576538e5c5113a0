import type { ArchiveEntry } from "../archive/types.ts";
import { mapLimited } from "../runs/hash.ts";
import type { FileState } from "../runs/types.ts";
import { notedOutput } from "../workflow/snakemake-notes.ts";
import { createDecider } from "./decide.ts";
import { probeFolding } from "./folding.ts";
import { createLocator } from "./locate.ts";
import { examine, type Finding, named, sameContent } from "./look.ts";
import { foldedName, ruleOnName } from "./names.ts";
import { finishedMarkers, isNoteWanted, jobsNotes, unfinishedMarkers } from "./notes.ts";
import { madeAnew } from "./times-here.ts";
import type { PlanOptions, Refused, ResultPlan, RunFiles, Verdict } from "./types.ts";

/** How many files are looked at or hashed at once. */
const CONCURRENCY = 8;
/** So many are decided on before more are looked at: what was seen of them is forgotten while it is young. */
const AT_ONCE = 1000;

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
    if (!changedByJob(entry, began, known) && !writtenAgain(entry, began)) continue;
    if (notedOutput(entry.path) !== undefined) continue;
    const ofName = ruleOnName(entry.path);
    const ruling = ofName === "take" && !isOrdinary(entry) ? NO_FILE : ofName;
    if (ruling === "take") {
      if (options.wanted?.(entry.path) ?? true) candidates.add(entry);
    } else if (ruling !== "drop") {
      refused.push({ path: entry.path, why: ruling.refuse });
    }
  }
  const notes = jobsNotes(entries, (entry) => isOrdinary(entry) && changedByJob(entry, began, known));
  if (began !== undefined && began.source !== "record" && options.isPart !== true) {
    for (const name of namesNotIn(entries, began.uploaded)) refused.push(name);
  }
  if (candidates.size === 0 && notes.length === 0) {
    return {
      verdicts: entries.map((entry) => ({ kind: "leave", entry })),
      markers: [],
      unfinished: [],
      refused,
    };
  }

  const isKnown = (path: string) =>
    began?.source === "record" && (began.uploaded.has(path) || began.excluded.has(path) || known().has(path));
  const locate = named(createLocator(options.root, isKnown));
  const findings = new Map<ArchiveEntry, Finding>();
  const look = (some: Iterable<ArchiveEntry>) =>
    mapLimited([...some], CONCURRENCY, async (entry) => {
      options.signal?.throwIfAborted();
      findings.set(entry, await examine(entry, locate, options));
    });
  const isLookedAtAgain = notes.length > 0 || options.killed === true;
  const decide = createDecider(options, locate, await fallTogether([...candidates], options));
  const verdicts = new Map<ArchiveEntry, Verdict>();
  const all = [...candidates];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const some = all.slice(at, at + AT_ONCE);
    await look(some);
    for (const entry of some) {
      const finding = findings.get(entry);
      if (finding === undefined) continue;
      // What the job did not change stays as it is here, unless that is what it made anew.
      const isTheJobs = finding.content === "job's" || changedByJob(entry, began, known);
      verdicts.set(entry, isTheJobs ? await decide(finding) : { kind: "leave", entry });
    }
    if (!isLookedAtAgain) findings.clear();
  }
  await look(new Set(notes.flatMap(({ on }) => on.filter((entry) => !findings.has(entry)))));

  const comes = await mapLimited(notes, CONCURRENCY, (note) =>
    isNoteWanted(
      note,
      (entry) => {
        const finding = findings.get(entry);
        return finding && { finding, verdict: verdicts.get(entry) ?? { kind: "leave", entry } };
      },
      locate,
      options,
    ),
  );
  const coming = notes.filter((_, index) => comes[index]);
  await look(coming.map(({ entry }) => entry));
  for (const { entry } of coming) {
    const finding = findings.get(entry);
    if (finding !== undefined) verdicts.set(entry, await decide(finding));
  }
  const isComing = (entry: ArchiveEntry) =>
    ["replace", "write"].includes(verdicts.get(entry)?.kind ?? "") ||
    findings.get(entry)?.content === "job's";
  return {
    verdicts: entries.map((entry) => verdicts.get(entry) ?? { kind: "leave", entry }),
    markers: began === undefined ? [] : await finishedMarkers(coming, began.uploaded, locate),
    unfinished: options.killed ? await unfinishedMarkers(entries, notes, isComing, locate) : [],
    refused,
  };
}

const NO_FILE = { refuse: "it is a link or a device, which jobs do not leave" };

/** Whether it is of no other type (`st_mode`) than a file or a directory: the container's `zip` follows links. */
function isOrdinary({ mode = 0 }: ArchiveEntry): boolean {
  const type = mode & 0o170_000;
  return type === 0 || type === 0o100_000 || type === 0o040_000;
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

function writtenAgain(entry: ArchiveEntry, began: RunFiles | undefined): boolean {
  const before = entry.kind === "file" ? began?.uploaded.get(entry.path) : undefined;
  return before !== undefined && madeAnew(entry, before);
}

function namesNotIn(entries: readonly ArchiveEntry[], uploaded: ReadonlyMap<string, FileState>): Refused[] {
  const names = new Set(entries.map((entry) => entry.path));
  return [...uploaded.keys()]
    .filter((path) => !names.has(path))
    .map((path) => ({ path, why: "the manifest has it, but the archive doesn't" }));
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
