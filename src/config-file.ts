import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Context, nextstrainHome } from "./cli/context.ts";
import { UserError } from "./errors.ts";

/** The config file as read: INI in the dialect of Python's configparser, which the existing program writes. */
export interface Config {
  /** Absolute path, whether or not the file exists. */
  readonly file: string;
  /** The value, trimmed; undefined where it is missing or empty. Keys are case-insensitive. */
  get(section: string, key: string): string | undefined;
}

/** `~/.nextstrain/config`, moved by `NEXTSTRAIN_HOME` or `NEXTSTRAIN_CONFIG`. A missing file is an empty one. */
export async function readConfig(context: Context): Promise<Config> {
  const moved = context.env.NEXTSTRAIN_CONFIG;
  const file = moved ? resolve(context.cwd, moved) : join(nextstrainHome(context), "config");
  const values = parseConfig(await readIfThere(file), file);
  return { file, get: (section, key) => values.get(`${section}\n${key.toLowerCase()}`) || undefined };
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return "";
    throw new UserError(`The config file ${file} can't be read (${code ?? error}).`, {
      hint: "Make it readable, or name another with NEXTSTRAIN_CONFIG.",
      cause: error,
    });
  }
}

/** Values by "section\nkey". Throws UserError naming the line that is neither section, setting nor comment. */
function parseConfig(text: string, file: string): Map<string, string> {
  const values = new Map<string, string>();
  let section = "";
  let open: string | undefined;
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*([#;].*)?$/.test(line)) continue;
    const heading = /^\[([^\]]+)\]/.exec(line);
    const setting = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (heading?.[1] !== undefined) {
      section = heading[1];
      open = undefined;
    } else if (/^\s/.test(line) && open !== undefined) {
      values.set(open, `${values.get(open)}\n${line.trim()}`.trim());
    } else if (setting?.[1] !== undefined) {
      open = `${section}\n${setting[1].toLowerCase()}`;
      values.set(open, setting[2] ?? "");
    } else {
      throw new UserError(`Line ${index + 1} of the config file ${file} is not understood: ${line.trim()}`, {
        hint: "Lines are [section], name = value, or comments that begin with # or ;.",
      });
    }
  }
  return values;
}
