import { chmod, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Context } from "./cli/context.ts";
import { makeDirectory } from "./cli/make-directory.ts";
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
    // Byte by byte: what isn't UTF-8 stays as it is, too.
    const after = editConfig(
      before.toString("latin1"),
      changes.map((change) => ({ ...change, value: Buffer.from(change.value).toString("latin1") })),
    );
    // Those who keep their settings in a repository have a link here.
    await replaceFile(await realpath(file).catch(() => file), Buffer.from(after, "latin1"), mode);
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

/**
 * The text of a config file with values set: in their line where they have one, else at the end of their section. All other
 * lines stay as they are, with their ends.
 */
export function editConfig(text: string, changes: readonly ConfigChange[]): string {
  return changes.reduce(setValue, text);
}

function setValue(text: string, { section, key, value }: ConfigChange): string {
  // Each with its end, which the last one may lack.
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const setting = `${key} = ${value}`;
  const start = lines.findIndex((line) => HEADING.exec(line)?.[1] === section);
  if (start === -1) {
    const newline = endOf(lines, lines.length - 1);
    const gap = lines.length > 0 && lines.at(-1)?.trim() !== "" ? newline : "";
    return [...ended(lines), gap, `[${section}]${newline}`, setting + newline].join("");
  }
  const next = lines.findIndex((line, index) => index > start && line.startsWith("["));
  const end = next === -1 ? lines.length : next;
  const found = lines.findIndex((line, index) => index > start && index < end && isSetting(line, key));
  if (found === -1) {
    // Blank lines and comments at the end of a section belong to what follows.
    const last = lines.findLastIndex((line, index) => index < end && !/^\s*([#;].*)?$/.test(line.trimEnd()));
    return ended(lines)
      .toSpliced(last + 1, 0, setting + endOf(lines, last))
      .join("");
  }
  const count = 1 + continuationLines(lines, found);
  return lines
    .toSpliced(found, count, setting + (LINE_END.exec(lines[found + count - 1] ?? "")?.[0] ?? ""))
    .join("");
}

/** A byte order mark may come before it: U+FEFF, or its bytes. */
const HEADING = /^(?:\uFEFF|\xEF\xBB\xBF)?\[([^\]]+)\]/;
const LINE_END = /\r?\n$/;

/** The end of a line, or where it has none of the one before it. */
function endOf(lines: readonly string[], index: number): string {
  const own = lines.slice(0, index + 1).findLast((line) => LINE_END.test(line));
  return LINE_END.exec(own ?? "\n")?.[0] ?? "\n";
}

/** The lines, where the last one has an end as well. */
function ended(lines: readonly string[]): string[] {
  const last = lines.at(-1);
  return last === undefined || LINE_END.test(last)
    ? [...lines]
    : [...lines.slice(0, -1), last + endOf(lines, lines.length - 1)];
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

async function readIfThere(file: string): Promise<Buffer> {
  return await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
}

/** Permission bits of the file; where there is none yet, for its owner alone: people keep secrets in such files. */
async function modeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.mode ?? 0o600;
}

async function replaceFile(file: string, content: Uint8Array, mode: number): Promise<void> {
  await makeDirectory(dirname(file));
  const temporary = `${file}.new-${process.pid}`;
  try {
    await writeFile(temporary, content, { mode: 0o600, flag: "wx" });
    await chmod(temporary, mode & 0o777);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
