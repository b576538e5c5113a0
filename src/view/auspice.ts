import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isSea } from "node:sea";
import { type Context, nextstrainHome } from "../cli/context.ts";
import { findProgram } from "../cli/programs.ts";
import { UserError } from "../errors.ts";

/** An Auspice that can be run. */
export interface Auspice {
  /** The command that begins with it: its arguments follow. */
  readonly command: readonly string[];
  /** Undefined where it was only found by its name. */
  readonly version: string | undefined;
  /** Its directory, or the program's path. */
  readonly where: string;
}

/** The major version of Auspice for the Node that runs this program: 3 wants Node 24 (its package.json, "engines"). */
export function majorFor(nodeVersion: string): number {
  return nodeMajor(nodeVersion) >= 24 ? 3 : 2;
}

function nodeMajor(version: string): number {
  return Number(/^v?(\d+)/.exec(version)?.[1] ?? 0);
}

/** Where `nextstrain setup auspice` puts it. */
export function auspiceDirectory(context: Pick<Context, "env" | "cwd" | "home">): string {
  return join(nextstrainHome(context), "auspice");
}

/** The Auspice that was set up in a directory, if it is whole. */
export async function installedAuspice(directory: string): Promise<Auspice | undefined> {
  const where = join(directory, "node_modules", "auspice");
  const text = await readFile(join(where, "package.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { version } = JSON.parse(text) as { readonly version: string };
  // The executable is a Node, too, where asked to be one (src/executable/main.ts).
  const node = isSea() ? [process.execPath, "__node"] : [process.execPath];
  return { command: [...node, join(where, "auspice.js")], version, where };
}

/** The Auspice to use: the one that was set up, else one on the PATH. Throws UserError where there is none that runs here. */
export async function findAuspice(context: Context): Promise<Auspice> {
  const installed = await installedAuspice(auspiceDirectory(context));
  if (installed) {
    if (Number(installed.version?.split(".")[0]) <= majorFor(process.version)) return installed;
    throw new UserError(
      `Auspice ${installed.version} was set up for a newer Node.js than ${process.version}.`,
      { hint: "Set it up again: nextstrain setup auspice --force" },
    );
  }
  const found = await findProgram(context, "auspice");
  if (found) return { command: [found], version: undefined, where: found };
  throw new UserError("Auspice, which shows results, is not installed.", {
    hint: "To install it (about 300 MB, from npm): nextstrain setup auspice",
  });
}
