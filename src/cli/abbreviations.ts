import type { Command, Option } from "commander";
import { UsageError } from "../errors.ts";

/**
 * Writes abbreviated long options out in full (`--det` for --detach is ambiguous, `--mem` is --memory), as the existing
 * program's users are used to. Goes through the arguments as the parser will: down the subcommands, past the values of
 * options, and no further than a command's own options reach. What is unknown stays, for the parser to
 * complain of. Throws UsageError where an abbreviation fits several options.
 */
export function expandAbbreviations(program: Command, args: readonly string[]): string[] {
  const expanded: string[] = [];
  let command = program;
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg === "--") return [...expanded, ...args.slice(index)];
    if (arg.startsWith("-") && arg !== "-") {
      const [word, option] = expandOption(command, arg);
      expanded.push(word);
      const takesNext = option?.required && !(arg.startsWith("--") ? arg.includes("=") : arg.length > 2);
      if (takesNext && index + 1 < args.length) {
        index += 1;
        expanded.push(args[index] ?? "");
      }
      continue;
    }
    expanded.push(arg);
    const subcommand = findSubcommand(command, arg);
    // The first word that is no option ends the options of those that pass the rest on.
    if (subcommand) command = subcommand;
    else if (command === program || passesThrough(command)) return [...expanded, ...args.slice(index + 1)];
  }
  return expanded;
}

export function findSubcommand({ commands }: Command, name: string): Command | undefined {
  return commands.find((candidate) => candidate.name() === name || candidate.aliases().includes(name));
}

/** The word in full, and the option that it is. */
function expandOption(command: Command, arg: string): [word: string, option: Option | undefined] {
  const options = optionsOf(command);
  if (!arg.startsWith("--")) return [arg, options.find(({ short }) => short === arg.slice(0, 2))];
  const [, name = "", value = ""] = /^([^=]*)(.*)$/s.exec(arg) ?? [];
  const exact = options.find(({ long }) => long === name);
  if (exact) return [arg, exact];
  const candidates = options.filter(({ long }) => long?.startsWith(name));
  const [candidate, ...others] = candidates;
  if (candidate === undefined) return [arg, undefined];
  if (others.length > 0) {
    throw new UsageError(`${name} could be any of ${candidates.map(({ long }) => long).join(", ")}.`, {
      hint: "Write more of the option's name.",
    });
  }
  return [`${candidate.long}${value}`, candidate];
}

/** All options of a command, hidden ones and --help too. */
function optionsOf(command: Command): readonly Option[] {
  const help = command.createHelp().visibleOptions(command);
  return [...new Set([...command.options, ...help])];
}

function passesThrough(command: Command): boolean {
  return (command as Command & { readonly _passThroughOptions?: boolean })._passThroughOptions === true;
}
