import type { ArchiveEntry } from "../archive/types.ts";
import type { FileState } from "../runs/types.ts";
import { directoriesOf } from "../workflow/own-directories.ts";
import { notedOutput, notePath, parseNotePath } from "../workflow/snakemake-notes.ts";
import type { Locator } from "./locate.ts";
import type { Finding } from "./look.ts";
import { isSnakemakeState, ruleOnName } from "./names.ts";
import type { FinishedMarker, PlanOptions, Verdict } from "./types.ts";

/** A note of Snakemake's that the job wrote, on how it made an output. */
export interface JobsNote {
  readonly entry: ArchiveEntry;
  /** Path relative to the build root. */
  readonly output: string;
  /** The output itself, or of a directory what is in it; empty where the job deleted it (`temp()`). */
  readonly on: readonly ArchiveEntry[];
}

/** Of the entries that the job changed, the notes, each with the entries of its output. */
export function jobsNotes(
  entries: readonly ArchiveEntry[],
  isChanged: (entry: ArchiveEntry) => boolean,
): JobsNote[] {
  const notes = new Map<string, { entry: ArchiveEntry; output: string; on: ArchiveEntry[] }>();
  for (const entry of entries) {
    if (entry.kind !== "file" || !isChanged(entry)) continue;
    const output = notedOutput(entry.path);
    if (output === undefined || ruleOnName(entry.path) !== "take") continue;
    notes.set(output, { entry, output, on: [] });
  }
  if (notes.size === 0) return [];
  for (const entry of entries) {
    const { path } = entry;
    notes.get(path)?.on.push(entry);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      notes.get(path.slice(0, end))?.on.push(entry);
    }
  }
  return [...notes.values()];
}

/**
 * Whether a note is brought back: where its output is here as the job left it, or will be. With a local file the job's note
 * would have the next build take an edit for a result. Of what the job has deleted the note comes where nothing is here.
 */
export async function isNoteWanted(
  { output, on }: JobsNote,
  verdictOn: (entry: ArchiveEntry) => { readonly verdict: Verdict; readonly finding: Finding } | undefined,
  locate: Locator,
  { wanted }: Pick<PlanOptions, "wanted">,
): Promise<boolean> {
  if (on.length === 0) return (wanted?.(output) ?? true) && (await locate(output)).kind === "absent";
  return on.every((entry) => {
    const known = verdictOn(entry);
    if (known === undefined) return false;
    const { verdict, finding } = known;
    if (verdict.kind === "conflict") return false;
    if (verdict.kind !== "leave") return true;
    return entry.kind === "directory" ? finding.located.kind === "directory" : finding.content === "job's";
  });
}

/** The uploaded markers of incomplete outputs that the job has finished: their notes say so. */
export async function finishedMarkers(
  notes: readonly JobsNote[],
  uploaded: ReadonlyMap<string, FileState>,
  locate: Locator,
): Promise<FinishedMarker[]> {
  if (notes.length === 0) return [];
  const byOutput = new Map(notes.map(({ output, entry }) => [output, entry]));
  const markers: FinishedMarker[] = [];
  for (const { path, size, mtimeMs } of uploaded.values()) {
    const name = path.includes(".snakemake/incomplete/") ? parseNotePath(path) : undefined;
    const note = name && byOutput.get(name.output);
    if (note === undefined) continue;
    const there = await locate(path);
    // One that a run here has made since then stays.
    if (there.kind !== "file" || there.throughLink) continue;
    if (there.stat.size === size && there.stat.mtimeMs === mtimeMs)
      markers.push({ note, target: there.target });
  }
  return markers;
}

/**
 * Where markers are to be made, as Snakemake itself would have left them: on what a killed job was making. That is all that it changed
 * without a note on it; a marker on a file that is no output means nothing to Snakemake.
 */
export async function unfinishedMarkers(
  entries: readonly ArchiveEntry[],
  notes: readonly JobsNote[],
  isComing: (entry: ArchiveEntry) => boolean,
  locate: Locator,
): Promise<string[]> {
  const workdirs = new Set<string>();
  for (const { path } of entries) {
    const workdir = /^((?:.*\/)?)\.snakemake\/(?:log|metadata)\//s.exec(path)?.[1];
    if (workdir !== undefined) workdirs.add(workdir);
  }
  const finished = new Set(notes.flatMap(({ output, on }) => [output, ...on.map(({ path }) => path)]));
  const outputs = new Set<string>();
  for (const entry of entries) {
    if (entry.kind !== "file" || isSnakemakeState(entry.path) || !isComing(entry)) continue;
    if (finished.has(entry.path)) continue;
    outputs.add(entry.path);
    // It may be a file of a directory().
    for (const directory of directoriesOf([entry.path])) outputs.add(directory);
  }
  const targets: string[] = [];
  for (const output of outputs) {
    const workdir = [...workdirs]
      .filter((each) => output.startsWith(each))
      .sort((a, b) => b.length - a.length)[0];
    if (workdir === undefined) continue;
    const there = await locate(notePath({ kind: "incomplete", workdir, output }));
    if (there.kind === "absent") targets.push(there.target);
  }
  return targets;
}
