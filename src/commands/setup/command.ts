import { Command } from "commander";
import type { CommandMaker, Outcome } from "../../cli/command-maker.ts";
import type { Context } from "../../cli/context.ts";
import { setupAuspiceCommand } from "./auspice.ts";
import { awsBatchSetup } from "./aws-batch.ts";
import { addCommonOptions } from "./common.ts";
import { runtimeSetups } from "./runtimes.ts";

/** What can be set up, in the order of `--help`. */
const subcommands: readonly CommandMaker[] = [awsBatchSetup, ...runtimeSetups, setupAuspiceCommand];

/** `nextstrain setup`: makes a runtime ready for builds, or Auspice for `nextstrain view`. */
export function setupCommand(context: Context, outcome: Outcome): Command {
  const command = new Command("setup")
    .summary("set up AWS, a runtime on this computer, or Auspice")
    .description("Set up a runtime for builds, or Auspice for `nextstrain view`.")
    .usage("[options] <runtime>");
  addCommonOptions(command);
  for (const make of subcommands) command.addCommand(make(context, outcome));
  return command;
}
