import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Context, nextstrainHome } from "../cli/context.ts";
import { makeDirectory } from "../cli/make-directory.ts";
import { UserError } from "../errors.ts";

/** Where the directory of the last build is kept, for `nextstrain view last`. */
function file(context: Context): string {
  return join(nextstrainHome(context), "last-build.json");
}

/** Notes that a directory (absolute) was built; not worth failing for. */
export async function rememberBuild(context: Context, directory: string): Promise<void> {
  const text = `${JSON.stringify({ directory, builtAt: new Date(context.now()).toISOString() })}\n`;
  await makeDirectory(nextstrainHome(context))
    .then(() => writeFile(file(context), text))
    .catch(() => undefined);
}

/** The directory that was built last. Throws UserError where none was. */
export async function lastBuild(context: Context): Promise<string> {
  const text = await readFile(file(context), "utf8").catch(() => undefined);
  const directory = text === undefined ? undefined : directoryIn(text);
  if (directory !== undefined) return directory;
  throw new UserError("There was no build on this computer yet that has brought something to look at.", {
    hint: "Name what to show: nextstrain view <directory>",
  });
}

function directoryIn(text: string): string | undefined {
  try {
    const { directory } = JSON.parse(text) as { directory?: unknown };
    return typeof directory === "string" ? directory : undefined;
  } catch {
    return undefined; // cut off, or another's: as good as none
  }
}

/** Whether a build that began at `since` (milliseconds since 1970) has brought datasets into its directory. */
export async function hasNewDatasets(directory: string, since: number): Promise<boolean> {
  const auspice = join(directory, "auspice");
  const names = await readdir(auspice).catch(() => []);
  for (const name of names.filter((each) => each.endsWith(".json"))) {
    // Not the modification time: results keep the one that they had in the job.
    const written = await stat(join(auspice, name)).then(
      ({ ctimeMs }) => ctimeMs,
      () => 0,
    );
    if (written >= since) return true;
  }
  return false;
}
