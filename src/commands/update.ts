import { Argument, Command } from "commander";
import type { Context } from "../cli/context.ts";
import { runtimes } from "../runtimes/runtime.ts";

/** `nextstrain update`: fetches a newer image or environment. */
export function updateCommand(context: Context): Command {
  return new Command("update")
    .summary("fetch a newer image or environment of a runtime")
    .description("Fetches what is newer for a runtime: its image, or the packages of its environment.")
    .addArgument(
      new Argument("[runtime]", "the runtime (default: that of builds)")
        .choices(runtimes.map(({ name }) => name))
        // Old names, which chooseRuntime() knows, are taken, too.
        .argParser((given) => given),
    )
    .action(async (given: string | undefined) => {
      const [{ openSettings, requiredSetting }, { chooseRuntime }, { loadLocalRuntime }] = await Promise.all([
        import("../settings.ts"),
        import("./build/check.ts"),
        import("../runtimes/runtime.ts"),
      ]);
      const settings = await openSettings(context);
      const wanted =
        given === undefined
          ? requiredSetting(settings, "runner", undefined)
          : { value: given, source: "the command line" };
      const { value: name } = chooseRuntime([], wanted);
      if (name === "aws-batch") {
        context.io.out("There is nothing to update: AWS fetches the job definition's image for each job.");
        return;
      }
      const { local } = await loadLocalRuntime(name);
      await local.update(context, settings);
    });
}
