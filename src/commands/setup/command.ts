import { Command } from "commander";
import type { Context } from "../../cli/context.ts";
import type { Outcome } from "../../cli/program.ts";
import type { CommandMaker } from "../index.ts";
import { addCommonOptions } from "./common.ts";
import { runtimeSetups } from "./runtimes.ts";

/** What can be set up, in the order of `--help`. */
const subcommands: readonly CommandMaker[] = [...runtimeSetups];

/** `nextstrain setup`: makes a runtime ready for builds. */
export function setupCommand(context: Context, outcome: Outcome): Command {
  const command = new Command("setup")
    .summary("set up AWS, or a runtime on this computer")
    .description("Makes a runtime ready for builds.")
    .usage("[options] <runtime>");
  addCommonOptions(command);
  for (const make of subcommands) command.addCommand(make(context, outcome));
  return command;
}
