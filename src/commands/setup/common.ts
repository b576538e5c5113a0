import type { Command } from "commander";

/** The options of every set-up. They are taken before the runtime's name, too, as in the Python program. */
export interface CommonOptions {
  readonly dryRun?: true;
  readonly force?: true;
  readonly setDefault?: true;
}

/** Gives a set-up's command the options of every set-up; read them by `command.optsWithGlobals()`. */
export function addCommonOptions(command: Command): Command {
  return command
    .option("--dry-run", "show what would be done, without doing it")
    .option("--force", "set up again, even if it is set up already")
    .option("--set-default", "use it for builds that name no runtime");
}
