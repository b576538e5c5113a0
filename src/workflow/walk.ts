import { closeSync, type Dirent, lstatSync, openSync, readdirSync, type Stats, statSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { UserError } from "../errors.ts";

/** What becomes of a path that a walk comes across. */
export type Verdict =
  /** A file is reported; a directory is entered, and is reported where nothing below it was. */
  | "take"
  /** A file is reported as kept back; a directory is entered, but not reported where it is empty. */
  | "keep back"
  /** As if it weren't there. */
  | "ignore";

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

/** So many entries are looked at before other work gets its turn: a few milliseconds. */
const ENTRIES_PER_TURN = 256;

/**
 * Walks all that is below a directory, in no particular order. Links are followed; one that leads back to a directory
 * it is in is cut, with a warning. Sockets, FIFOs, devices and links that lead nowhere are skipped, with a warning each.
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
  let entries = 0;
  // The list grows while we go through it.
  for (const directory of entered) {
    for (const entry of readDirectory(directory, options)) {
      if (++entries % ENTRIES_PER_TURN === 0) {
        await turn();
        signal.throwIfAborted();
      }
      const below = visit(directory, entry, options);
      if (below) entered.push(below);
    }
  }
  signal.throwIfAborted();
  reportEmpty(entered, options);
}

/** Looks at one entry: reports it if it is a file, returns it if it is a directory to enter. */
function visit(parent: Directory, entry: Dirent, options: WalkOptions): Directory | undefined {
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
    return verdict === "ignore"
      ? undefined
      : enter(parent, path, source, parent.linked, undefined, verdict, options);
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

function visitLink(parent: Directory, path: string, name: string, source: string, options: WalkOptions) {
  const stats = statTarget(source);
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
function statTarget(source: string): Stats | string {
  try {
    return statSync(source);
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

function readDirectory(directory: Directory, options: WalkOptions): Dirent[] {
  const source = directory.source || "/";
  let entries: Dirent[];
  try {
    entries = readdirSync(source, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (directory.parent && (code === "ENOENT" || code === "ENOTDIR")) return []; // gone since it was listed
    if (directory.verdict !== "take") return []; // nothing of it is wanted
    const path = directory.prefix.slice(0, -1);
    const hint = path
      ? `Make it readable (chmod u+rx), or leave it out with --exclude-from-upload '${path}/'.`
      : "Make it readable (chmod u+rx).";
    throw unreadable(`the directory ${path || source}`, error, hint);
  }
  // Node puts U+FFFD for bytes that aren't UTF-8.
  if (!entries.some((entry) => entry.name.includes("\ufffd"))) return entries;
  return withoutUndecodable(directory, entries, options);
}

/** Drops ignored and excluded entries whose names are not UTF-8 (no call could reach them), and fails for others. */
function withoutUndecodable(directory: Directory, entries: Dirent[], options: WalkOptions): Dirent[] {
  const broken = new Set<string>();
  for (const raw of readdirSync(directory.source || "/", { encoding: "buffer" })) {
    const name = raw.toString();
    if (Buffer.from(name).equals(raw)) continue;
    broken.add(name);
    const isDirectory = entries.some((entry) => entry.name === name && entry.isDirectory());
    if (options.judge(directory.prefix + name, name, isDirectory ? "directory" : "file") !== "take") continue;
    throw new UserError(`The name of ${directory.prefix}${escapeBytes(raw)} is not UTF-8.`, {
      hint: "Rename it, or leave it out with --exclude-from-upload and a pattern with * for those bytes.",
    });
  }
  return entries.filter((entry) => !broken.has(entry.name));
}

function unreadable(what: string, cause: unknown, hint: string): UserError {
  const { code } = cause as NodeJS.ErrnoException;
  const reason = code === "EACCES" || code === "EPERM" ? "permission denied" : (code ?? String(cause));
  return new UserError(`Cannot read ${what}: ${reason}.`, { hint, cause });
}

/** Bytes as text, those that are not printable ASCII as `\xe9`. */
function escapeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");
}

function special(entry: Dirent | Stats): string {
  if (entry.isFIFO()) return "a FIFO";
  if (entry.isSocket()) return "a socket";
  return entry.isBlockDevice() || entry.isCharacterDevice() ? "a device" : "no ordinary file";
}
