import { Command } from "commander";
import { type Context, nextstrainHome } from "../cli/context.ts";
import { version } from "../cli/version.ts";

/** `nextstrain version`: what is installed and, with --verbose, where things are. */
export function versionCommand(context: Context): Command {
  return new Command("version")
    .summary("show versions, and where things are")
    .description("Shows the version of this program; with --verbose also its surroundings.")
    .option("--verbose", "show the runtimes, and where this program keeps its files, too")
    .action(async ({ verbose }: { verbose?: true }) => {
      context.io.out(`nextstrain ${version}`);
      if (verbose) for (const line of await describeSurroundings(context)) context.io.out(line);
    });
}

async function describeSurroundings(context: Context): Promise<string[]> {
  const [{ openSettings }, { isAvailable, runtimes }, { localAwsDirectory }, { fileURLToPath }] =
    await Promise.all([
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
    [
      "Runtimes",
      runtimes
        .map((entry) => `${entry.name}${isAvailable(entry) ? "" : " (not in this version)"}`)
        .join(", "),
    ],
    ["Default runtime", `${runner?.value} (${runner?.source})`],
    ["Image", `${image?.value} (${image?.source})`],
  ];
  return rows.map(([name, value]) => `${`${name}:`.padEnd(17)}${value}`);
}
