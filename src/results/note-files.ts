import { rm, writeFile } from "node:fs/promises";
import { posix } from "node:path";
import type { ArchiveEntry } from "../archive/types.ts";
import { notedOutput } from "../workflow/snakemake-notes.ts";
import type { Directories } from "./directories.ts";
import { NotWritten } from "./held-directory.ts";
import type { ResultPlan } from "./types.ts";

/** Takes Snakemake's notes on outputs from what is to be written. */
export function takeNotes<Writing>(files: Map<ArchiveEntry, Writing>): Map<ArchiveEntry, Writing> {
  const notes = new Map<ArchiveEntry, Writing>();
  for (const [entry, verdict] of files) {
    if (notedOutput(entry.path) === undefined) continue;
    notes.set(entry, verdict);
    files.delete(entry);
  }
  return notes;
}

/** Drops the notes on outputs that are not here as the job left them, or of which something isn't. */
export function dropNotes<Writing>(notes: Map<ArchiveEntry, Writing>, notHere: readonly string[]): void {
  const absent = withParents(notHere);
  for (const note of notes.keys()) if (absent.has(notedOutput(note.path) ?? "")) notes.delete(note);
}

/** The paths, and those of the directories that they are in. */
function withParents(paths: readonly string[]): Set<string> {
  const all = new Set<string>();
  for (const path of paths) {
    for (let at = path; at !== "." && at !== "/" && !all.has(at); at = posix.dirname(at)) all.add(at);
  }
  return all;
}

/** What Snakemake writes into its marker of an output that is being made. */
const UNFINISHED = '{"external_jobid": null}';

/** Marks what a killed job was making as incomplete. Not where a run here has a marker already, or a link leads elsewhere by now. */
export async function makeMarkers({ unfinished }: ResultPlan, directories: Directories): Promise<void> {
  for (const target of unfinished) {
    try {
      using directory = await directories.hold(posix.dirname(target));
      await writeFile(directory.at(posix.basename(target)), UNFINISHED, { flag: "wx" });
    } catch (error) {
      if (!(error instanceof NotWritten) && (error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** Removes the markers of incomplete outputs whose notes are here now: those written, and those that had been here. */
export async function removeFinished(
  { markers, verdicts }: ResultPlan,
  written: ReadonlySet<ArchiveEntry>,
  notHere: readonly string[],
  directories: Directories,
): Promise<void> {
  if (markers.length === 0) return;
  const here = new Set(written);
  for (const { kind, entry } of verdicts) if (kind === "leave" || kind === "set-times") here.add(entry);
  const absent = new Set(notHere);
  for (const { note, target } of markers) {
    if (!here.has(note) || absent.has(note.path)) continue;
    using directory = await directories.holdExisting(posix.dirname(target));
    if (directory !== undefined) await rm(directory.at(posix.basename(target)), { force: true });
  }
}
