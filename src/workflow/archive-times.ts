import { type NoteContent, parseNotePath, readNote } from "./snakemake-notes.ts";
import type { SelectedFile } from "./types.ts";

/**
 * Times for an archive, which keeps whole seconds where Snakemake compares nanoseconds: of the files whose order with others
 * would be lost, or turned round, if each time were cut to its second. All other files keep their own time.
 *
 * Kept is the order of each output of Snakemake's (a file with a note) and whatever is neither an output nor a log: inputs,
 * scripts, notebooks; and that of an output and its own inputs. Of two such files the older one is written a second earlier, and
 * what is older still no later than that; no file gets a later time than it has.
 *
 * What whole seconds can't keep, or nothing tells of: which of two files is older where neither has a note, or where both have and
 * neither is an input of the other; how far apart two times are; and what is before 1980, where a ZIP file's times begin.
 *
 * @param latestMtimeMs times later than this (milliseconds since 1970) are written as this
 * @returns milliseconds since 1970, in whole seconds, by path
 */
export function orderedTimes(
  files: readonly SelectedFile[],
  latestMtimeMs: number,
): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  const notes = notesAmong(files);
  if (notes.size === 0) return times;
  const give = (file: Timed, second: number) => {
    const own = Math.floor(Math.min(file.mtimeMs, latestMtimeMs) / 1000);
    if (second !== own) times.set(file.path, second * 1000);
  };
  const logs = new Set<string>();
  let level: Level = { second: Number.POSITIVE_INFINITY, outputs: new Set(), hasSource: false };
  for (const [second, group] of bySecond(files, notes, latestMtimeMs)) {
    if (second < level.second && !isMixed(group)) {
      for (const file of group) give(file, second);
      continue;
    }
    for (const { output } of group) for (const log of notes.get(output ?? "")?.().logs ?? []) logs.add(log);
    for (const moment of momentsOf(group)) {
      const ranked = moment.map((file) => ({ file, role: roleOf(file, notes, logs) }));
      // Files of one time keep one time.
      const isApart = second >= level.second && ranked.some((one) => mustBeApart(one, notes, level));
      const given = Math.min(second, isApart ? level.second - 1 : level.second);
      for (const file of moment) give(file, given);
      level = lowered(level, given, ranked);
    }
  }
  return times;
}

/** A file as Snakemake compares it. Times in milliseconds since 1970. */
interface Timed {
  readonly path: string;
  readonly mtimeMs: number;
  /** What counts: of an output that is a link, the link's own time. */
  readonly time: number;
  /** The output whose time this is: the file itself, or the `directory()` that it is the time stamp of. */
  readonly output: string | undefined;
}

/** Of a neutral file the order with others does not count. */
type Role = "output" | "source" | "neutral";

/** The earliest second given so far, with those that have it. */
interface Level {
  readonly second: number;
  readonly outputs: Set<string>;
  readonly hasSource: boolean;
}

type Notes = ReadonlyMap<string, () => NoteContent>;

interface Ranked {
  readonly file: Timed;
  readonly role: Role;
}

/** Whether a file, older than all of a level, can't have the level's second. */
function mustBeApart({ file, role }: Ranked, notes: Notes, level: Level): boolean {
  if (role === "neutral") return false;
  if (role === "source") return level.outputs.size > 0;
  const { inputs } = notes.get(file.output ?? "")?.() ?? { inputs: [] };
  return level.hasSource || inputs.some((input) => level.outputs.has(input));
}

function lowered(level: Level, second: number, ranked: readonly Ranked[]): Level {
  const next =
    second < level.second ? { second, outputs: new Set<string>(), hasSource: false } : { ...level };
  for (const { file, role } of ranked) {
    if (role === "source") next.hasSource = true;
    else if (file.output !== undefined) next.outputs.add(file.output);
  }
  return next;
}

function roleOf({ path, output }: Timed, notes: Notes, logs: ReadonlySet<string>): Role {
  if (output !== undefined) return "output";
  if (logs.has(path)) return "neutral";
  // What is in a directory() counts by the directory's time stamp alone.
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    if (notes.has(path.slice(0, end))) return "neutral";
  }
  return "source";
}

/** The contents of the metadata notes among the files, by the output that they are on, each read when it is asked for. */
function notesAmong(files: readonly SelectedFile[]): Notes {
  const notes = new Map<string, () => NoteContent>();
  for (const { path, source } of files) {
    const name = path.includes(".snakemake/metadata/") ? parseNotePath(path) : undefined;
    if (name === undefined) continue;
    let content: NoteContent | undefined;
    notes.set(name.output, () => {
      content ??= readNote(source, name);
      return content;
    });
  }
  return notes;
}

/** The files by the second that they would be written with, the latest first. Notes have no part in it. */
function bySecond(files: readonly SelectedFile[], notes: Notes, latestMtimeMs: number): [number, Timed[]][] {
  const groups = new Map<number, Timed[]>();
  for (const { path, mtimeMs, linkMtimeMs } of files) {
    if (path.includes(".snakemake/")) continue;
    const output = outputOf(path, notes);
    const time = output === undefined ? mtimeMs : (linkMtimeMs ?? mtimeMs);
    const second = Math.floor(Math.min(time, latestMtimeMs) / 1000);
    const timed = { path, mtimeMs, time, output };
    const group = groups.get(second);
    if (group === undefined) groups.set(second, [timed]);
    else group.push(timed);
  }
  return [...groups].sort(([one], [other]) => other - one);
}

function outputOf(path: string, notes: Notes): string | undefined {
  if (notes.has(path)) return path;
  const directory = path.endsWith("/.snakemake_timestamp") ? path.slice(0, path.lastIndexOf("/")) : "";
  return notes.has(directory) ? directory : undefined;
}

/** Whether files of one second differ in their times, and an output is among them. */
function isMixed(group: readonly Timed[]): boolean {
  const first = group[0]?.time;
  return group.some(({ time }) => time !== first) && group.some(({ output }) => output !== undefined);
}

/** The files of a second by their very time, the latest first. */
function momentsOf(group: readonly Timed[]): Timed[][] {
  const moments = new Map<number, Timed[]>();
  for (const file of group) {
    const moment = moments.get(file.time);
    if (moment === undefined) moments.set(file.time, [file]);
    else moment.push(file);
  }
  return [...moments].sort(([one], [other]) => other - one).map(([, moment]) => moment);
}
