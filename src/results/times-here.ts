import type { ArchiveEntry } from "../archive/types.ts";
import type { LocalFileState } from "../runs/types.ts";
import { sameContent } from "./look.ts";
import type { RunFiles } from "./types.ts";

/** Milliseconds by which a time is raised: more than is lost of it on the way to the disk. */
const MORE = 0.002;

/**
 * Gives results times at which they are not older here than what they were made from. In the archive an uploaded file has a
 * whole second, and what a job made with the same time (a link to it, `cp -p`) has that second, too; here the file
 * has its own, later time, and the result would seem out of date. Such a result gets the time of the latest file
 * that was uploaded with its second.
 */
export function withTimesHere(
  entries: readonly ArchiveEntry[],
  began: RunFiles | undefined,
): readonly ArchiveEntry[] {
  if (began === undefined) return entries;
  const latest = new Map<number, number>();
  const results = new Set<ArchiveEntry>();
  for (const entry of entries) {
    const before = began.uploaded.get(entry.path);
    if (before === undefined || !sameContent(before, entry) || madeAnew(entry, before)) {
      if (entry.kind === "file") results.add(entry);
    } else if (before.mtimeMs > entry.mtimeMs) {
      latest.set(entry.mtimeMs, Math.max(latest.get(entry.mtimeMs) ?? 0, before.mtimeMs + MORE));
    }
  }
  return entries.map((entry) => {
    const time = results.has(entry) ? latest.get(entry.mtimeMs) : undefined;
    return time === undefined ? entry : { ...entry, mtimeMs: time };
  });
}

/** Whether the job wrote a file again with the bytes that it had: its time is later then, by which Snakemake sees it. */
export function madeAnew(
  entry: Pick<ArchiveEntry, "mtimeMs">,
  { mtimeMs, linkMtimeMs = 0 }: Pick<LocalFileState, "mtimeMs" | "linkMtimeMs">,
): boolean {
  return Math.floor(entry.mtimeMs / 1000) > Math.floor(Math.max(mtimeMs, linkMtimeMs) / 1000);
}
