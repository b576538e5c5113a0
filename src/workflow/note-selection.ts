import { closeSync, type Dirent, lstatSync, openSync, readdirSync, statSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { directoriesOf, ownDirectories } from "./own-directories.ts";
import { type NoteName, parseNotePath, readNote } from "./snakemake-notes.ts";
import type { Found } from "./walk.ts";

/** What notes are selected by. */
export interface NoteOptions {
  /** The directories of the build root that hold a `.snakemake/`: "" or ending with `/`. */
  readonly workdirs: readonly string[];
  /** The paths of what is uploaded: files, and directories that are empty. */
  readonly shipped: ReadonlySet<string>;
  /** Whether the user's patterns exclude a path. */
  readonly isExcluded: (path: string) => boolean;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/** What is selected for Snakemake's sake: notes, and directories. */
export interface FoundNote extends Found {
  readonly note?: NoteName;
}

interface Note {
  readonly name: NoteName;
  readonly found: FoundNote;
}

/** So many notes are looked at before other work gets its turn. */
const NOTES_PER_TURN = 256;

/**
 * Selects the notes of Snakemake's that are uploaded: those on outputs that are, so that a job decides what to make anew as a
 * run here would. Of outputs that are not (deleted ones, `temp()` ones, excluded ones) only the metadata of what
 * an uploaded output was made from: by it Snakemake sees that the output is out of date. Nothing else of
 * `.snakemake/` is touched, not even to be reported. With notes come the directories that Snakemake may compare
 * ({@link ownDirectories}).
 *
 * @param root the build root: absolute path
 * @throws the signal's reason
 */
export async function selectNotes(root: string, options: NoteOptions): Promise<FoundNote[]> {
  const { workdirs, signal, warn } = options;
  const directories = directoriesOf(options.shipped);
  const selected: Note[] = [];
  const others = new Map<string, Note>();
  const unreadable: string[] = [];
  const user = process.getuid?.();
  let looked = 0;
  for (const { path, name } of workdirs.flatMap((workdir) => notesIn(root, workdir))) {
    if (++looked % NOTES_PER_TURN === 0) {
      await turn();
      signal.throwIfAborted();
    }
    // A pattern such as `.snakemake/**` means every directory that Snakemake ran in.
    if (options.isExcluded(path) || options.isExcluded(path.slice(name.workdir.length))) continue;
    const file = lookAt(root, path);
    if (file === undefined) continue;
    const found = { ...file, note: name };
    if (!isReadable(file, user)) unreadable.push(path);
    else if (options.shipped.has(name.output) || directories.has(name.output)) selected.push({ name, found });
    else if (name.kind === "metadata") others.set(name.output, { name, found });
  }
  if (unreadable.length > 0) {
    warn(
      `Left out ${unreadable.length} of Snakemake's notes that cannot be read, such as ${unreadable[0]}: about their files Snakemake decides by times alone.`,
    );
  }
  if (selected.length === 0) return [];
  const notes = [...selected, ...madeFrom(selected, others)].map(({ found }) => found);
  const outputs = new Set(selected.map(({ name }) => name.output));
  return [...notes, ...emptyMarkerDirectories(root, selected), ...ownDirectories(root, directories, outputs)];
}

function notesIn(root: string, workdir: string): { path: string; name: NoteName }[] {
  const notes: { path: string; name: NoteName }[] = [];
  const directories = ["metadata", "incomplete"].map((kind) => `${workdir}.snakemake/${kind}`);
  // The list grows while we go through it.
  for (const directory of directories) {
    for (const entry of entriesOf(`${root}/${directory}`)) {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory() && entry.name.startsWith("@")) directories.push(path);
      const name = entry.isFile() ? parseNotePath(path) : undefined;
      if (name !== undefined && name.workdir === workdir) notes.push({ path, name });
    }
  }
  return notes;
}

/** Where there are none, or they can't be listed, there are no notes. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function lookAt(root: string, path: string): Found | undefined {
  const source = `${root}/${path}`;
  const stats = lstatSync(source, { throwIfNoEntry: false });
  return stats?.isFile() ? { path, source, kind: "file", stats } : undefined;
}

/** Snakemake makes notes that only their owner can read: in a container, that may be somebody else. */
function isReadable({ source, stats }: Found, user: number | undefined): boolean {
  if (stats.uid === user && (stats.mode & 0o400) !== 0) return true;
  try {
    closeSync(openSync(source, "r"));
    return true;
  } catch {
    return false;
  }
}

/** Of `others`, the notes on what the selected notes' outputs were made from, and on what those were made from, and so on. */
function madeFrom(selected: readonly Note[], others: ReadonlyMap<string, Note>): Note[] {
  if (others.size === 0) return [];
  const found = new Set<Note>();
  const queue = selected.filter(({ name }) => name.kind === "metadata");
  for (const { name, found: file } of queue) {
    for (const input of readNote(file.source, name).inputs) {
      const note = others.get(input);
      if (note === undefined || found.has(note)) continue;
      found.add(note);
      queue.push(note);
    }
  }
  return [...found];
}

/** Where metadata come without `.snakemake/incomplete/`, Snakemake says that it migrates them from a format of old. */
function emptyMarkerDirectories(root: string, selected: readonly Note[]): Found[] {
  const marked = new Set(
    selected.filter(({ name }) => name.kind === "incomplete").map(({ name }) => name.workdir),
  );
  const workdirs = new Set(selected.map(({ name }) => name.workdir));
  return [...workdirs]
    .filter((workdir) => !marked.has(workdir))
    .flatMap((workdir) => {
      const stats = statSync(`${root}/${workdir}.snakemake/metadata`, { throwIfNoEntry: false });
      const path = `${workdir}.snakemake/incomplete`;
      return stats === undefined
        ? []
        : [{ path, source: `${root}/${path}`, kind: "directory" as const, stats }];
    });
}
