import { Argument, Command } from "commander";
import type { Context } from "../cli/context.ts";
import { runtimes } from "../runtimes/runtime.ts";

/** `nextstrain update`: fetches a newer image or environment. */
export function updateCommand(context: Context): Command {
  return new Command("update")
    .summary("download a newer image or environment of a runtime")
    .description("Download the newest image of a runtime, or the newest packages of its environment.")
    .addArgument(
      new Argument("[runtime...]", "runtimes to update (default: the runtime for builds)")
        .choices(runtimes.map(({ name }) => name))
        // Old names, which chooseRuntime() knows, are taken, too.
        .argParser((given: string, before: readonly string[] = []) => [...before, given]),
    )
    .action((names: readonly string[] = []) => update(context, names));
}

async function update(context: Context, names: readonly string[]): Promise<void> {
  const [{ openSettings, requiredSetting }, { chooseRuntime }, { loadLocalRuntime }] = await Promise.all([
    import("../settings.ts"),
    import("./build/check.ts"),
    import("../runtimes/runtime.ts"),
  ]);
  const settings = await openSettings(context);
  const wanted =
    names.length === 0
      ? [requiredSetting(settings, "runner", undefined)]
      : names.map((value) => ({ value, source: "the command line" }));
  // All are looked up before any is updated, which takes minutes.
  for (const name of new Set(wanted.map((one) => chooseRuntime([], one).value))) {
    if (name === "aws-batch") {
      context.io.out("There is nothing to update: AWS fetches the job definition's image for each job.");
      continue;
    }
    const { local } = await loadLocalRuntime(name);
    await local.update(context, settings);
  }
}
