import { readFileSync } from "node:fs";
import { posix } from "node:path";

/**
 * Snakemake's notes on the files that it makes, one small JSON file each: in `.snakemake/metadata/` what a finished output
 * was made with, in `.snakemake/incomplete/` a marker of one that is being made. By them, and by times, a later run
 * decides what to make anew (`snakemake/persistence.py` of versions 7 to 9).
 */
export interface NoteName {
  readonly kind: "metadata" | "incomplete";
  /** The directory that Snakemake ran in, relative to the build root: "" or ending with `/`. */
  readonly workdir: string;
  /** The output that the note is on, relative to the build root; a `directory()` without a slash at its end. */
  readonly output: string;
}

/** What of a metadata note matters here. Paths are relative to the build root; others are left out. */
export interface NoteContent {
  readonly inputs: readonly string[];
  readonly logs: readonly string[];
}

const NOTE = /^((?:.*\/)?)\.snakemake\/(metadata|incomplete)\/((?:@[\w-]+\/)*[\w-]+={0,2})$/s;
/** The build root as jobs and containers see it: workflows may name their files by absolute paths. */
const ROOT_IN_JOBS = "/nextstrain/build/";

/** The output that a metadata note is on, by the note's path relative to the build root; undefined where that is no such note's. */
export function notedOutput(path: string): string | undefined {
  const name = path.includes(".snakemake/metadata/") ? parseNotePath(path) : undefined;
  return name?.output;
}

/**
 * Reads a path relative to the build root as that of a note; undefined where it is none, or one on a file outside of the
 * build root. A note's name is the URL-safe base64 of its output's path; of a long one all but the last piece are names
 * of directories, each with `@` before it.
 */
export function parseNotePath(path: string): NoteName | undefined {
  const match = NOTE.exec(path);
  if (match === null) return undefined;
  const [, workdir = "", kind, name = ""] = match;
  const encoded = name.replace(/@|\//g, "");
  const bytes = Buffer.from(encoded, "base64url");
  const id = bytes.toString("utf8");
  // Other files may lie there: what is no base64, or not of UTF-8, is none of Snakemake's.
  if (id === "" || encoded.length % 4 !== 0 || !Buffer.from(id).equals(bytes)) return undefined;
  const output = fromBuildRoot(id, workdir);
  return output === undefined
    ? undefined
    : { kind: kind === "metadata" ? "metadata" : "incomplete", workdir, output };
}

/** What a piece of a note's name has at most: one less than file systems allow for a name. */
const PIECE = 254;

/** The path of a note on an output, both relative to the build root, by a Snakemake that runs in `workdir` (see {@link NoteName}). */
export function notePath({ kind, workdir, output }: NoteName): string {
  const id = Buffer.from(posix.relative(workdir, output)).toString("base64");
  const pieces =
    id
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .match(new RegExp(`.{1,${PIECE}}`, "g")) ?? [];
  const name = pieces.map((piece, index) => (index < pieces.length - 1 ? `@${piece}` : piece)).join("/");
  return `${workdir}.snakemake/${kind}/${name}`;
}

/** A relative path with no empty part, and none that begins with a dot. */
const PLAIN = /^(?:[^./][^/]*\/)*[^./][^/]*$/s;

/** A path as a workflow has it, relative to the build root; undefined for one outside of it. */
function fromBuildRoot(path: string, workdir: string): string | undefined {
  const whole = path.startsWith(ROOT_IN_JOBS) ? path.slice(ROOT_IN_JOBS.length) : workdir + path;
  if (posix.isAbsolute(path) && !path.startsWith(ROOT_IN_JOBS)) return undefined;
  // Most are plain: to normalize tens of thousands of them takes a while.
  const plain = PLAIN.test(whole) ? whole : posix.normalize(whole).replace(/\/$/, "");
  return plain === "." || plain === "" || plain === ".." || plain.startsWith("../") ? undefined : plain;
}

/** Reads a metadata note; one that is damaged, or can't be read, says nothing. */
export function readNote(file: string, { workdir }: NoteName): NoteContent {
  try {
    const { input, log } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    return { inputs: paths(input, workdir), logs: paths(log, workdir) };
  } catch {
    return { inputs: [], logs: [] };
  }
}

function paths(list: unknown, workdir: string): string[] {
  if (!Array.isArray(list)) return [];
  return list
    .filter((path) => typeof path === "string")
    .map((path) => fromBuildRoot(path, workdir))
    .filter((path) => path !== undefined);
}
