import { Command } from "commander";
import { type Context, nextstrainHome } from "../cli/context.ts";
import { version } from "../cli/version.ts";
import { UserError } from "../errors.ts";
import type { RuntimeEntry } from "../runtimes/runtime.ts";
import type { SettingsReader } from "../settings.ts";

/** `nextstrain version`: what is installed and, with --verbose, where things are. */
export function versionCommand(context: Context): Command {
  return new Command("version")
    .summary("show versions and paths")
    .description("Show the version of this program.")
    .option("--verbose", "also show runtimes, their versions, and where files are stored")
    .action(async ({ verbose }: { verbose?: true }) => {
      context.io.out(`nextstrain ${version}`);
      if (verbose) for (const line of await describeSurroundings(context)) context.io.out(line);
    });
}

async function describeSurroundings(context: Context): Promise<string[]> {
  const [{ openSettings }, { runtimes }, { localAwsDirectory }, { fileURLToPath }] = await Promise.all([
    import("../settings.ts"),
    import("../runtimes/runtime.ts"),
    import("../aws/local-aws.ts"),
    import("node:url"),
  ]);
  const settings = await openSettings(context);
  const runner = settings.get("runner", undefined);
  const image = settings.get("dockerImage", undefined);
  const rows: [string, string][] = [
    ["Program", fileURLToPath(import.meta.url)],
    ["Node.js", `${process.version}, ${process.execPath}`],
    ["System", `${process.platform} ${process.arch}`],
    ["Home", nextstrainHome(context)],
    ["Config file", settings.file],
    ["Local AWS", localAwsDirectory(context)],
    ["Default runtime", `${runner?.value} (${runner?.source})`],
    ["Image", `${image?.value} (${image?.source})`],
  ];
  const sections = await Promise.all(runtimes.map((entry) => describeRuntime(context, settings, entry)));
  return [...table(rows), ...sections.flat()];
}

/** What a runtime of this computer runs, and in which versions; each takes a bounded time to ask. */
async function describeRuntime(
  context: Context,
  settings: SettingsReader,
  { name, load }: RuntimeEntry,
): Promise<string[]> {
  if (load === undefined) return [];
  const local = await load();
  const rows = await local.versions(context, settings).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    return [["", error.message] as const];
  });
  return [`${name}:`, ...table(rows).map((line) => `  ${line}`)];
}

function table(rows: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(17, ...rows.map(([name]) => name.length + 2));
  return rows.map(([name, value]) => `${name && `${name}:`.padEnd(width)}${value}`);
}
