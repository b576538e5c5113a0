import { posix } from "node:path";
import type { ArchiveEntry } from "../archive/types.ts";
import { UserError } from "../errors.ts";
import { quoteName } from "../runs/names.ts";
import { isWritable, type Locator } from "./locate.ts";
import { type Finding, hasContent, sameContent } from "./look.ts";
import { conflictName, isSnakemakeState } from "./names.ts";
import type { PlanOptions, RunFiles, Verdict } from "./types.ts";

/** Beyond this many taken names for one conflict something is wrong. */
const MOST_ATTEMPTS = 1000;

/** Decides entry by entry; remembers what it has given away, so that no two entries get one place. */
export function createDecider(
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
        if (!(await isWritable(located))) return conflict(entry, entry.path, "here it is read-only");
      }
      claim(entry, target);
      return { kind: "replace", entry, target, directory, seen: located.stat };
    }
    claim(entry, target);
    if (located.kind === "absent") return { kind: "write", entry, target, directory };
    return sameTime(located.stat.mtimeMs, entry.mtimeMs)
      ? { kind: "leave", entry, target }
      : {
          kind: "set-times",
          entry,
          target: located.throughLink ? posix.join(directory, posix.basename(entry.path)) : target,
        };
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

function whyOther(entry: ArchiveEntry, began: RunFiles | undefined): string {
  if (began === undefined) return "it differs from the job's, and nothing tells which is newer";
  const before = began.uploaded.has(entry.path) || began.excluded.has(entry.path);
  return before ? "it was changed here since the run began" : "it is not what was here when the run began";
}

/** Archives keep whole seconds. */
function sameTime(one: number, other: number): boolean {
  return Math.floor(one / 1000) === Math.floor(other / 1000);
}
