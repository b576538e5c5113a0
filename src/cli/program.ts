import { Command, CommanderError, Option } from "commander";
import { commands } from "../commands/index.ts";
import { UsageError } from "../errors.ts";
import { expandAbbreviations } from "./abbreviations.ts";
import type { Context } from "./context.ts";
import { refuseForeign } from "./foreign-commands.ts";
import { version } from "./version.ts";

/** What a command leaves behind: its exit status, 0 where it says nothing. */
export type Outcome = { exitStatus: number };

/**
 * Parses the arguments (without `node` and the script) and runs the command they name.
 * Returns the exit status. Throws UsageError, UserError or CancelledError; anything else is a bug.
 */
export async function runProgram(context: Context, args: readonly string[]): Promise<number> {
  const outcome: Outcome = { exitStatus: 0 };
  const program = createProgram(context, outcome);
  try {
    refuseForeign(args);
    await program.parseAsync(expandAbbreviations(program, args), { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return statusOfCommander(error, args);
    throw error;
  }
  return outcome.exitStatus;
}

/** The whole tree of commands. Making it loads nothing but the option parser. */
function createProgram(context: Context, outcome: Outcome): Command {
  const program = new Command("nextstrain")
    .description("Run pathogen workflows on AWS Batch from your own computer as if they ran there.")
    .version(`nextstrain ${version}`, "-V, --version", "show the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help of a command")
    .enablePositionalOptions();
  for (const command of commands) program.addCommand(command(context, outcome));
  for (const each of allCommands(program)) {
    each
      .exitOverride()
      .showSuggestionAfterError()
      .addOption(new Option("--help-all", "show help, with what is seldom needed").hideHelp())
      .on("option:help-all", () => showAll(each))
      .configureHelp({ helpWidth: 80, subcommandTerm: (command) => command.name() })
      .configureOutput({
        writeOut: (text) => context.io.out(text.replace(/\n$/, "")),
        // Usage errors are thrown, and printed where all errors are.
        writeErr: () => {},
      });
  }
  return program;
}

/** The help, hidden options and all. */
function showAll(command: Command): never {
  for (const option of command.options) option.hidden = false;
  return command.help();
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function statusOfCommander(error: CommanderError, args: readonly string[]): number {
  if (error.exitCode === 0) return 0;
  if (error.code === "commander.help" && args[0] === "help" && args[1] !== undefined) {
    throw new UsageError(`unknown command '${args[1]}'`, {
      hint: "See `nextstrain --help` for all commands.",
    });
  }
  if (error.code === "commander.help") {
    throw new UsageError("which command?", { hint: "See `nextstrain --help` for all commands." });
  }
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  throw new UsageError(message, {
    hint: suggestion?.replace(/[()]/g, "") ?? "See `nextstrain --help`, or `nextstrain help <command>`.",
  });
}
