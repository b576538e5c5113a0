import { chmod, mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Context } from "./cli/context.ts";
import { readConfig } from "./config-file.ts";
import { UserError } from "./errors.ts";

/** A value to be set in the config file. */
export interface ConfigChange {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/**
 * Sets values in the config file; all else in it stays, byte for byte. Returns the file's path. Throws UserError where
 * the file is malformed, or can't be written.
 */
export async function changeConfig(context: Context, changes: readonly ConfigChange[]): Promise<string> {
  const { file } = await readConfig(context);
  try {
    const [before, mode] = await Promise.all([readIfThere(file), modeOf(file)]);
    // Those who keep their settings in a repository have a link here.
    await replaceFile(await realpath(file).catch(() => file), editConfig(before, changes), mode);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    throw new UserError(`The config file ${file} can't be written (${code}).`, {
      hint: "Make it and its directory writable, or name another with NEXTSTRAIN_CONFIG.",
      cause: error,
    });
  }
  return file;
}

/** The text of a config file with values set: in their line where they have one, else at the end of their section. */
export function editConfig(text: string, changes: readonly ConfigChange[]): string {
  return changes.reduce(setValue, text);
}

function setValue(text: string, { section, key, value }: ConfigChange): string {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
  const setting = `${key} = ${value}`;
  const start = lines.findIndex((line) => /^\uFEFF?\[([^\]]+)\]/.exec(line)?.[1] === section);
  if (start === -1) {
    lines.push(...(lines.length > 0 && lines.at(-1) !== "" ? [""] : []), `[${section}]`, setting);
    return lines.join(newline) + newline;
  }
  const next = lines.findIndex((line, index) => index > start && line.startsWith("["));
  const end = next === -1 ? lines.length : next;
  const found = lines.findIndex((line, index) => index > start && index < end && isSetting(line, key));
  if (found === -1) {
    // Blank lines and comments at the end of a section belong to what follows.
    const last = lines.findLastIndex((line, index) => index < end && !/^\s*([#;].*)?$/.test(line));
    lines.splice(last + 1, 0, setting);
  } else {
    lines.splice(found, 1 + continuationLines(lines, found), setting);
  }
  return lines.join(newline) + newline;
}

function isSetting(line: string, key: string): boolean {
  return /^([^\s=:#;][^=:]*?)\s*[=:]/.exec(line)?.[1]?.toLowerCase() === key.toLowerCase();
}

/** How many lines after the one at `index` continue its value: the indented ones (configparser). */
function continuationLines(lines: readonly string[], index: number): number {
  const rest = lines.slice(index + 1);
  const end = rest.findIndex((line) => !/^\s+[^\s#;]/.test(line));
  return end === -1 ? rest.length : end;
}

async function readIfThere(file: string): Promise<string> {
  return await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
}

/** Permission bits of the file; where there is none yet, for its owner alone: people keep secrets in such files. */
async function modeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.mode ?? 0o600;
}

async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.new-${process.pid}`;
  try {
    await writeFile(temporary, text, { mode: 0o600, flag: "wx" });
    await chmod(temporary, mode & 0o777);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
