import { Command } from "commander";
import type { Outcome } from "../cli/command-maker.ts";
import type { Context } from "../cli/context.ts";
import { UsageError } from "../errors.ts";
import { settings } from "../settings.ts";
import {
  addContainerOptions,
  addRuntimeFlags,
  addVariableOptions,
  type BuildOptions,
  settingOption,
} from "./build/options.ts";

type ShellOptions = Pick<
  BuildOptions,
  "runtimes" | "image" | "augur" | "auspice" | "fauna" | "dockerArg" | "env" | "envdir"
>;

/** `nextstrain shell`: a shell where builds run. */
export function shellCommand(context: Context, outcome: Outcome): Command {
  const command = new Command("shell")
    .summary("open a shell in a runtime, in the build directory")
    .description("Open a shell in a runtime, in the build directory, with the environment of a build.")
    .usage("[options] <directory> [bash arguments...]")
    .argument("<directory>", "build directory")
    .argument("[bash-arguments...]", "passed to bash unchanged")
    .passThroughOptions();
  // Not as the options' defaults: those would show in the help.
  for (const list of ["runtimes", "dockerArg", "env", "envdir"]) command.setOptionValue(list, []);
  addRuntimeFlags(command, ({ name }) => name !== "aws-batch");
  command.optionsGroup("What runs:").addOption(settingOption(settings.dockerImage));
  addContainerOptions(command);
  addVariableOptions(command);
  command.addHelpText(
    "after",
    `
Examples:
  nextstrain shell zika-tutorial/
  nextstrain shell --docker zika-tutorial/ -c 'augur --version'`,
  );
  return command.action(async (directory: string, args: string[], options: ShellOptions) => {
    outcome.exitStatus = await openShell(context, directory, args, options);
  });
}

async function openShell(
  context: Context,
  directory: string,
  programArguments: readonly string[],
  options: ShellOptions,
): Promise<number> {
  const [
    { openSettings, requiredSetting },
    { checkContainerOptions, chooseRuntime },
    { overlaysOf },
    { loadLocalRuntime },
    { findBuildRoot },
  ] = await Promise.all([
    import("../settings.ts"),
    import("./build/check.ts"),
    import("./build/run.ts"),
    import("../runtimes/runtime.ts"),
    import("../workflow/build-root.ts"),
  ]);
  const reader = await openSettings(context);
  const runtime = chooseRuntime(options.runtimes, requiredSetting(reader, "runner", undefined));
  if (runtime.value === "aws-batch") {
    throw new UsageError(
      `There is no shell on AWS Batch (from ${runtime.source}): jobs there have no terminal.`,
      { hint: "Use --docker, which runs the same image here, or --singularity, --conda or --ambient." },
    );
  }
  checkContainerOptions(runtime, options);
  const place = await findBuildRoot(directory, context.cwd);
  const { entry, local } = await loadLocalRuntime(runtime.value);
  return local.shell(context, reader, {
    place,
    program: "bash",
    programArguments,
    cpus: undefined,
    memoryBytes: undefined,
    env: options.env,
    envdirs: options.envdir,
    overlays: overlaysOf(options, context.cwd),
    image: entry.imageSetting && requiredSetting(reader, entry.imageSetting, options.image),
    dockerArgs: options.dockerArg,
  });
}
