import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError, UserError } from "../errors.ts";

/** Variables by name; null means that the variable is to be unset. */
export type Variables = Map<string, string | null>;

/**
 * Why a name can't be that of a variable in an envdir, where the names are those of files, or undefined if it can.
 */
export function badVariableName(name: string): string | undefined {
  if (name === "") return "the name is empty";
  if (name.includes("=")) return "a name cannot hold =";
  if (name.includes("\0")) return "a name cannot hold a NUL";
  // Names become those of files; and readers of envdirs skip those that begin with a dot.
  if (name.includes("/")) return "a name cannot hold /";
  return name.startsWith(".") ? "a name cannot begin with a dot" : undefined;
}

/**
 * Reads an envdir (daemontools' `envdir`): a file for each variable, whose first line is the value without the blanks at its
 * end, NUL standing for a newline. An empty file means unset. Names that begin with a dot, and whatever isn't a file,
 * are skipped.
 *
 * @param source where the directory was named, for messages: `--envdir`
 * @throws UserError where the directory or a file in it cannot be read; UsageError for a bad name
 */
export async function readEnvdir(directory: string, source: string): Promise<Variables> {
  const variables: Variables = new Map();
  for (const name of (await listFiles(directory, source)).toSorted()) {
    if (name.startsWith(".")) continue;
    const reason = badVariableName(name);
    if (reason)
      throw new UsageError(`The file ${join(directory, name)} (${source}) is no variable: ${reason}.`, {
        hint: "Rename it, or move it out of that directory.",
      });
    const content = await readValue(join(directory, name), source);
    if (content !== undefined) variables.set(name, content);
  }
  return variables;
}

async function listFiles(directory: string, source: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem =
      code === "ENOENT"
        ? `There is no directory ${directory}`
        : code === "ENOTDIR"
          ? `${directory} is not a directory`
          : `Cannot read the directory ${directory}: ${code}`;
    throw new UserError(`${problem} (${source}).`, {
      hint: "Name a directory that holds a file for each variable, or leave it out.",
      cause: error,
    });
  }
}

/** The value in a file, null where it is empty, undefined where it is no file. */
async function readValue(path: string, source: string): Promise<string | null | undefined> {
  try {
    const bytes = await readFile(path);
    if (bytes.length === 0) return null;
    const [line = ""] = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes)
      .split("\n", 1);
    return line.replace(/[ \t]+$/, "").replaceAll("\0", "\n");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EISDIR") return undefined;
    const problem = error instanceof TypeError ? "it is not UTF-8" : code;
    throw new UserError(`Cannot read the variable in ${path} (${source}): ${problem}.`, {
      hint: "Make it a readable file of UTF-8 text, or move it out of that directory.",
      cause: error,
    });
  }
}

/** A file of an env.d directory. */
export interface EnvdFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * Variables as the files of an env.d directory, sorted by name (container contract: the first line is the value, NUL stands for a
 * newline, an empty file means unset).
 */
export function envdFiles(variables: ReadonlyMap<string, string | null>): EnvdFile[] {
  return Array.from(variables)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({
      name,
      content: new TextEncoder().encode(value === null ? "" : `${value.replaceAll("\n", "\0")}\n`),
    }));
}
