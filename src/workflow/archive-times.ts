import { type NoteContent, readNote } from "./snakemake-notes.ts";
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
  let level: Level = {
    second: Number.POSITIVE_INFINITY,
    hasSource: false,
    hasOutput: false,
    edited: new Set(),
  };
  for (const [second, group] of bySecond(files, notes, latestMtimeMs)) {
    if (second < level.second && !isMixed(group)) {
      for (const file of group) give(file, second);
      continue;
    }
    if (group.some(({ output }) => output === undefined)) {
      for (const log of group.flatMap(({ output }) => notes.get(output ?? "")?.content().logs ?? []))
        logs.add(log);
    }
    for (const moment of momentsOf(group)) {
      const ranked = moment.map((file) => ({ file, role: roleOf(file, notes, logs) }));
      // Files of one time keep one time.
      const isApart = second >= level.second && ranked.some((one) => mustBeApart(one, notes, level));
      const given = Math.min(second, isApart ? level.second - 1 : level.second);
      for (const file of moment) give(file, given);
      level = lowered(level, given, ranked, notes);
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

/** The earliest second given so far, and what of the files is there that have it. */
interface Level {
  readonly second: number;
  readonly hasSource: boolean;
  readonly hasOutput: boolean;
  /** Outputs that are newer than their notes: somebody changed them since they were made. */
  readonly edited: Set<string>;
}

interface Note {
  readonly mtimeMs: number;
  /** Read when it is first asked for: there may be tens of thousands. */
  readonly content: () => NoteContent;
}

type Notes = ReadonlyMap<string, Note>;

interface Ranked {
  readonly file: Timed;
  readonly role: Role;
}

/** Whether a file, older than all of a level, can't have the level's second. */
function mustBeApart({ file, role }: Ranked, notes: Notes, level: Level): boolean {
  if (role === "neutral") return false;
  if (role === "source") return level.hasOutput;
  if (level.hasSource) return true;
  // In one run of Snakemake no input is made after its output: only one that was edited can be newer within a second.
  if (level.edited.size === 0) return false;
  return (
    notes
      .get(file.output ?? "")
      ?.content()
      .inputs.some((input) => level.edited.has(input)) ?? false
  );
}

function lowered(level: Level, second: number, ranked: readonly Ranked[], notes: Notes): Level {
  const isLower = second < level.second;
  const edited = isLower ? new Set<string>() : level.edited;
  for (const { file } of ranked) {
    const note = notes.get(file.output ?? "");
    if (file.output !== undefined && note !== undefined && file.time > note.mtimeMs) edited.add(file.output);
  }
  const has = (wanted: Role) => ranked.some(({ role }) => role === wanted);
  return {
    second,
    hasSource: (!isLower && level.hasSource) || has("source"),
    hasOutput: (!isLower && level.hasOutput) || has("output"),
    edited,
  };
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

/** The metadata notes among the files, by the output that they are on. */
function notesAmong(files: readonly SelectedFile[]): Notes {
  const notes = new Map<string, Note>();
  for (const { note, source, mtimeMs } of files) {
    if (note?.kind !== "metadata") continue;
    let content: NoteContent | undefined;
    notes.set(note.output, {
      mtimeMs,
      content() {
        content ??= readNote(source, note);
        return content;
      },
    });
  }
  return notes;
}

/** The files by the second that they would be written with, the latest first. Notes have no part in it. */
function bySecond(files: readonly SelectedFile[], notes: Notes, latestMtimeMs: number): [number, Timed[]][] {
  const groups = new Map<number, Timed[]>();
  for (const { path, mtimeMs, linkMtimeMs, note } of files) {
    if (note !== undefined) continue;
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
