import { closeSync, type Dirent, lstatSync, openSync, type Stats, statSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { createKernelFileTest, type KernelFileTest } from "./kernel-files.ts";
import { readDirectory, unreadable } from "./read-directory.ts";
import type { Verdict } from "./types.ts";

/** A file, or an empty directory, that a walk found. Links have been followed. */
export interface Found {
  /** Path below the walk's top, `/`-separated. */
  readonly path: string;
  /** Absolute path. */
  readonly source: string;
  readonly kind: "file" | "directory";
  readonly stats: Stats;
  /** Of a file that is reached by a link: when the link itself was made, in milliseconds since 1970. */
  readonly linkMtimeMs?: number | undefined;
}

export interface WalkOptions {
  /** Judges a path below the top; called before anything is asked of the file system about it. */
  judge(path: string, name: string, kind: "file" | "directory"): Verdict;
  take(found: Found): void;
  keepBack(found: Found): void;
  /** A sentence about something that was left out. */
  warn(message: string): void;
  readonly signal: AbortSignal;
}

/** A directory that was entered. */
interface Directory {
  /** "" for the top, else ends with `/`. */
  readonly prefix: string;
  readonly source: string;
  readonly parent: Directory | undefined;
  /** Whether a link led here: only then can an ordinary directory below be one of its own ancestors. */
  readonly linked: boolean;
  readonly verdict: Verdict;
  /** Whether something below was taken. */
  occupied: boolean;
  /** Device and inode, once they were asked for. */
  identity: string | undefined;
}

interface Walk extends WalkOptions {
  readonly isKernels: KernelFileTest;
}

/** So many entries are looked at before other work gets its turn: a few milliseconds. */
const ENTRIES_PER_TURN = 256;

/**
 * Walks all that is below a directory, in no particular order. Links are followed; one that leads back to a directory
 * it is in is cut, with a warning. Sockets, FIFOs, devices, links that lead nowhere, and the kernel's own files
 * (`/proc` and the like, reached by a link or mounted) are skipped, with a warning each.
 *
 * The calls are synchronous since that is several times as fast for many small files; the event loop gets
 * its turn in between.
 *
 * @param top absolute path
 * @throws UserError naming a directory or a taken file that cannot be read, or a name that is not UTF-8; the signal's reason
 */
export async function walk(top: string, options: WalkOptions): Promise<void> {
  const { signal } = options;
  const root: Directory = {
    prefix: "",
    source: top === "/" ? "" : top,
    parent: undefined,
    linked: false,
    verdict: "take",
    occupied: false,
    identity: undefined,
  };
  const entered: Directory[] = [root];
  const walk = { ...options, isKernels: createKernelFileTest() };
  let entries = 0;
  // The list grows while we go through it.
  for (const directory of entered) {
    for (const entry of readDirectory(directory, options)) {
      if (++entries % ENTRIES_PER_TURN === 0) {
        await turn();
        signal.throwIfAborted();
      }
      const below = visit(directory, entry, walk);
      if (below) entered.push(below);
    }
  }
  signal.throwIfAborted();
  reportEmpty(entered, options);
}

/** Looks at one entry: reports it if it is a file, returns it if it is a directory to enter. */
function visit(parent: Directory, entry: Dirent, options: Walk): Directory | undefined {
  const { name } = entry;
  const path = parent.prefix + name;
  const source = `${parent.source}/${name}`;
  if (entry.isFile()) {
    const verdict = options.judge(path, name, "file");
    if (verdict === "ignore") return undefined;
    const stats = statFile(path, source);
    if (stats) report(parent, { path, source, kind: "file", stats }, verdict, options);
    return undefined;
  }
  if (entry.isDirectory()) {
    const verdict = options.judge(path, name, "directory");
    if (verdict === "ignore") return undefined;
    if (!isMountOfKernels(source, options))
      return enter(parent, path, source, parent.linked, undefined, verdict, options);
    if (verdict === "take") options.warn(`Skipped ${path}: its files are the kernel's own.`);
    return undefined;
  }
  if (entry.isSymbolicLink()) return visitLink(parent, path, name, source, options);
  if (options.judge(path, name, "file") === "take") options.warn(`Skipped ${path}: it is ${special(entry)}.`);
  return undefined;
}

/** Undefined where the file is gone since its directory was listed. */
function statFile(path: string, source: string): Stats | undefined {
  try {
    return lstatSync(source, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(
      `the file ${path}`,
      error,
      "Check that you may look into the directory it is in (chmod u+rx).",
    );
  }
}

function visitLink(parent: Directory, path: string, name: string, source: string, options: Walk) {
  const stats = statTarget(source, options);
  const isDirectory = typeof stats !== "string" && stats.isDirectory();
  const verdict = options.judge(path, name, isDirectory ? "directory" : "file");
  if (verdict === "ignore") return undefined;
  if (typeof stats === "string") {
    if (verdict === "take") options.warn(`Skipped the link ${path}: ${stats}.`);
  } else if (isDirectory) return enter(parent, path, source, true, stats, verdict, options);
  else if (stats.isFile()) {
    const linkMtimeMs = lstatSync(source, { throwIfNoEntry: false })?.mtimeMs;
    report(parent, { path, source, kind: "file", stats, linkMtimeMs }, verdict, options);
  } else if (verdict === "take") options.warn(`Skipped ${path}: it leads to ${special(stats)}.`);
  return undefined;
}

/** What a link leads to, or in words why that can't be said. */
function statTarget(source: string, { isKernels }: Walk): Stats | string {
  try {
    const stats = statSync(source);
    return isKernels(source, stats) ? "it leads to the kernel's own files" : stats;
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case "ELOOP":
        return "it leads round in a circle";
      case "ENOENT":
      case "ENOTDIR":
        return "what it leads to does not exist";
      case "EACCES":
        return "you may not look at what it leads to";
      default:
        return `what it leads to cannot be looked at (${(error as NodeJS.ErrnoException).code})`;
    }
  }
}

function isMountOfKernels(source: string, { isKernels }: Walk): boolean {
  try {
    return isKernels(source, lstatSync(source));
  } catch {
    return false; // reading it says why
  }
}

function enter(
  parent: Directory,
  path: string,
  source: string,
  linked: boolean,
  stats: Stats | undefined,
  verdict: Verdict,
  options: WalkOptions,
): Directory | undefined {
  const directory: Directory = {
    prefix: `${path}/`,
    source,
    parent,
    linked,
    verdict,
    occupied: false,
    identity: stats && identify(stats),
  };
  if (!linked) return directory;
  const own = identity(directory);
  for (let above: Directory | undefined = parent; own && above; above = above.parent) {
    if (identity(above) !== own) continue;
    if (verdict === "take") {
      options.warn(
        `Skipped ${path}: it leads back to ${above.prefix.slice(0, -1) || "the directory it is in"}.`,
      );
    }
    return undefined;
  }
  return directory;
}

/** Undefined where it can't be had: the directory is gone meanwhile, or reading it says why. */
function identity(directory: Directory): string | undefined {
  try {
    directory.identity ??= identify(statSync(directory.source || "/"));
  } catch {
    return undefined;
  }
  return directory.identity;
}

const identify = ({ dev, ino }: Stats) => `${dev}:${ino}`;

function report(parent: Directory, found: Found, verdict: Verdict, options: WalkOptions): void {
  if (verdict !== "take") {
    options.keepBack(found);
    return;
  }
  // Asking for each file would cost as much as the walk: most can be read by everybody.
  if ((found.stats.mode & 0o444) !== 0o444) requireReadable(found);
  for (let above: Directory | undefined = parent; above && !above.occupied; above = above.parent) {
    above.occupied = true;
  }
  options.take(found);
}

function requireReadable({ path, source }: Found): void {
  try {
    closeSync(openSync(source, "r"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") return; // gone: its reader will say so
    const hint = `Make it readable (chmod u+r), or leave it out with --exclude-from-upload '${path}'.`;
    throw unreadable(`the file ${path}`, error, hint);
  }
}

/** Reports directories with nothing in them, the deepest first, so that only the innermost is. */
function reportEmpty(entered: readonly Directory[], options: WalkOptions): void {
  for (const directory of entered.toReversed()) {
    if (directory.occupied || directory.verdict !== "take" || !directory.parent) continue;
    const stats = statSync(directory.source, { throwIfNoEntry: false });
    if (!stats) continue;
    report(
      directory.parent,
      { path: directory.prefix.slice(0, -1), source: directory.source, kind: "directory", stats },
      "take",
      options,
    );
  }
}

function special(entry: Dirent | Stats): string {
  if (entry.isFIFO()) return "a FIFO";
  if (entry.isSocket()) return "a socket";
  return entry.isBlockDevice() || entry.isCharacterDevice() ? "a device" : "no ordinary file";
}
