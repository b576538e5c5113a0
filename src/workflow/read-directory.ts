import { type Dirent, readdirSync } from "node:fs";
import { UserError } from "../errors.ts";
import type { Verdict } from "./types.ts";

interface Judge {
  judge(path: string, name: string, kind: "file" | "directory"): Verdict;
}

/** A directory that is walked. */
interface Walked {
  /** "" for the top, else ends with `/`. */
  readonly prefix: string;
  readonly source: string;
  /** Undefined for the top. */
  readonly parent: unknown;
  readonly verdict: Verdict;
}

/**
 * Lists a directory; nothing of one that is gone since it was listed itself, or that nobody wants and can't be read.
 *
 * @throws UserError naming it where it can't be read, or a name in it that is not UTF-8
 */
export function readDirectory(directory: Walked, options: Judge): Dirent[] {
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
function withoutUndecodable(directory: Walked, entries: Dirent[], options: Judge): Dirent[] {
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

/** The error for what cannot be read, with the system's reason. */
export function unreadable(what: string, cause: unknown, hint: string): UserError {
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
