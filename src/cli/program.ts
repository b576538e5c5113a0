import { Command, CommanderError, Help, Option } from "commander";
import { commands } from "../commands/index.ts";
import { UsageError } from "../errors.ts";
import { expandAbbreviations, findSubcommand } from "./abbreviations.ts";
import { briefHelp, hintAtAdvanced, pathOf } from "./advanced.ts";
import type { Outcome } from "./command-maker.ts";
import type { Context } from "./context.ts";
import { refuseForeign } from "./foreign-commands.ts";
import { version } from "./version.ts";

/**
 * Parses the arguments (without `node` and the script) and runs the command they name.
 * Returns the exit status. Throws UsageError, UserError or CancelledError; anything else is a bug.
 */
export async function runProgram(context: Context, args: readonly string[]): Promise<number> {
  const outcome: Outcome = { exitStatus: 0 };
  const { program, unasked, stoppedAt } = createProgram(context, outcome);
  try {
    refuseForeign(args);
    await program.parseAsync(expandAbbreviations(program, withoutVainHelp(program, args)), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.help" && error.exitCode !== 0 && args[0] !== "help") {
      // No command was named: what there is, on standard error since nobody asked for it.
      context.io.err(unasked());
      return 2;
    }
    return statusOfCommander(error, args, stoppedAt());
  }
  return outcome.exitStatus;
}

interface Program {
  readonly program: Command;
  /** What the parser would have said on standard error. */
  unasked(): string;
  /** The command at which the parser stopped. */
  stoppedAt(): Command;
}

/** The whole tree of commands. Making it loads nothing but the option parser. */
function createProgram(context: Context, outcome: Outcome): Program {
  let unasked = "";
  let stoppedAt: Command | undefined;
  const program = new Command("nextstrain")
    .description("Run pathogen workflows on AWS Batch from your own computer as if they ran there.")
    .version(`nextstrain ${version}`, "-V, --version", "show the version")
    .enablePositionalOptions();
  for (const command of commands) program.addCommand(command(context, outcome));
  for (const each of allCommands(program)) {
    if (each.commands.length > 0) each.helpCommand("help [command]", "show help for a command");
    each
      .exitOverride((error) => {
        stoppedAt = each;
        throw error;
      })
      .addHelpOption(new Option("-h, --help", "show help").helpGroup("Options:"))
      // What follows a command's name is that command's: else `--help-all` there would be that of the one above.
      .enablePositionalOptions()
      .showSuggestionAfterError()
      .addOption(
        new Option("--help-all", "show help with seldom-used options, too").helpGroup("Options:").hideHelp(),
      )
      .on("option:help-all", () => showAll(each))
      .configureHelp({
        helpWidth: 80,
        subcommandTerm: (command) => command.name(),
        formatHelp: briefHelp,
      })
      .addHelpText("after", () => hintAtAdvanced(each))
      .configureOutput({
        writeOut: (text) => context.io.out(text.replace(/\n$/, "")),
        // Usage errors are thrown, and printed where all errors are.
        writeErr: (text) => {
          unasked += text;
        },
      });
  }
  return { program, unasked: () => unasked.trimEnd(), stoppedAt: () => stoppedAt ?? program };
}

/** Where the help is of a command that there isn't, the arguments without asking for it: the parser then says what is wrong. */
function withoutVainHelp(program: Command, args: readonly string[]): readonly string[] {
  let command = program;
  for (const arg of args) {
    if (arg.startsWith("-") || command.commands.length === 0 || arg === "help") return args;
    const next = findSubcommand(command, arg);
    if (next === undefined) return args.filter((each) => !["-h", "--help", "--help-all"].includes(each));
    command = next;
  }
  return args;
}

/** Shows the help with hidden and advanced options. */
function showAll(command: Command): never {
  command.configureHelp({ ...command.configureHelp(), formatHelp: Help.prototype.formatHelp });
  for (const option of command.options) option.hidden = false;
  return command.help();
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function statusOfCommander(error: CommanderError, args: readonly string[], command: Command): number {
  if (error.exitCode === 0) return 0;
  if (error.code === "commander.help" && args[0] === "help" && args[1] !== undefined) {
    throw new UsageError(`unknown command '${args[1]}'`, {
      hint: "See `nextstrain --help` for all commands.",
    });
  }
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const help =
    command.parent === null
      ? "See `nextstrain --help`, or `nextstrain help <command>`."
      : `See \`${pathOf(command)} --help\`.`;
  throw new UsageError(message, { hint: suggestion?.replace(/[()]/g, "") ?? help });
}
