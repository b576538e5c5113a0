import { type Command, Help, type Option } from "commander";

const advanced = new WeakSet<Option>();

/** Marks an option as seldom used: only `--help-all` shows it. Unlike a hidden one, it is completed, and suggested for a misspelling. */
export function advancedOption(option: Option): Option {
  advanced.add(option);
  return option;
}

/** Formats the help without advanced options: the `formatHelp` of commander's `configureHelp()`. */
export function briefHelp(command: Command, helper: Help): string {
  const brief = Object.assign(new Help(), helper, {
    visibleOptions: (of: Command) => helper.visibleOptions(of).filter((option) => !advanced.has(option)),
  });
  return Help.prototype.formatHelp.call(brief, command, brief);
}

/** The last line of a command's brief help, if that leaves something out. */
export function hintAtAdvanced(command: Command): string {
  const isBrief = command.configureHelp().formatHelp === briefHelp;
  if (!isBrief || !command.options.some((option) => advanced.has(option))) return "";
  return `\nTo see seldom-used options, too, run \`${pathOf(command)} --help-all\`.`;
}

/** A command as it is written: `nextstrain jobs list`. */
export function pathOf(command: Command): string {
  const path: string[] = [];
  for (let each: Command | null = command; each; each = each.parent) path.unshift(each.name());
  return path.join(" ");
}
