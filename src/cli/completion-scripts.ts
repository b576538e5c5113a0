import type { Command } from "commander";

/** What a shell has to know of one command. */
export interface CommandWords {
  /** The words that name it after the program's: "" for the program itself, "local-aws start". */
  readonly path: string;
  readonly help: string;
  readonly subcommands: readonly { readonly name: string; readonly help: string }[];
  readonly options: readonly OptionWords[];
  /** Words of a fixed list that it takes as arguments. */
  readonly choices: readonly string[];
  /** Whether its arguments are ids of jobs. */
  readonly takesJobs: boolean;
}

const KINDS = ["file", "directory", "job", "text"] as const;
type ValueKind = (typeof KINDS)[number];

interface OptionWords {
  readonly long: string;
  readonly help: string;
  /** What its value is; undefined where it has none. */
  readonly value: ValueKind | undefined;
}

/** Describes the whole tree of commands, the top one first. */
export function describeCommands(command: Command, path = ""): CommandWords[] {
  const help = command.createHelp();
  const subcommands = help.visibleCommands(command);
  const described: CommandWords = {
    path,
    help: command.summary() || command.description(),
    subcommands: subcommands.map((each) => ({
      name: each.name(),
      help: each.summary() || each.description(),
    })),
    options: help.visibleOptions(command).flatMap(({ long, flags, description, required }) => {
      const placeholder = /<(file|directory|job)(?:-id)?>/.exec(flags)?.[1];
      const value = required ? ((placeholder ?? "text") as ValueKind) : undefined;
      return long ? [{ long, help: description, value }] : [];
    }),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    takesJobs: command.registeredArguments.some((argument) => argument.name() === "job"),
  };
  const below = command.commands.flatMap((each) => describeCommands(each, `${path} ${each.name()}`.trim()));
  return [described, ...below];
}

/** The script for each shell. */
export const scripts: Readonly<
  Record<"bash" | "zsh" | "fish", (commands: readonly CommandWords[]) => string>
> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const wordsOf = ({ subcommands, choices }: CommandWords) =>
  [...subcommands.map(({ name }) => name), ...choices].join(" ");
const longs = (options: readonly OptionWords[]) => options.map(({ long }) => long);

/** The cases of a shell's `case` over "command path", and over "command path --option" for options with a value. */
function cases(commands: readonly CommandWords[]): { paths: string; known: string; values: string } {
  const nested = commands.filter(({ path }) => path !== "");
  const paths = nested.map(({ path }) => `"${path}"`).join("|");
  const known = commands
    .map(
      (command) =>
        `    "${command.path}") words="${wordsOf(command)}"; options="${longs(command.options).join(" ")}"${command.takesJobs ? "; jobs=yes" : ""} ;;`,
    )
    .join("\n");
  const values = commands
    .flatMap(({ path, options }) =>
      KINDS.flatMap((kind) => {
        const with_ = options.filter(({ value }) => value === kind).map(({ long }) => `"${path} ${long}"`);
        return with_.length > 0 ? [`    ${with_.join("|")}) value=${kind} ;;`] : [];
      }),
    )
    .join("\n");
  return { paths, known, values };
}

function bashScript(commands: readonly CommandWords[]): string {
  const { paths, known, values } = cases(commands);
  return `# bash completion of nextstrain
_nextstrain() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" words="" options="" value="" operand="" jobs="" word next i
  # bash takes "--option=value" apart at the "=".
  if [[ $current == "=" ]]; then current=""
  elif [[ $previous == "=" ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    [[ $word == -* || $word == "=" || \${COMP_WORDS[i-1]} == "=" ]] && continue
    value=""
    _nextstrain_value "$path \${COMP_WORDS[i-1]}"
    [[ -n $value ]] && continue
    next="\${path:+$path }$word"
    case "$next" in
      ${paths}) path="$next" ;;
      *) operand=yes ;;
    esac
  done
  value=""
  _nextstrain_value "$path $previous"
  case "$path" in
${known}
  esac
  COMPREPLY=()
  if [[ $value == text ]]; then return
  elif [[ $value == job || ( -n $jobs && -z $value && $current != -* ) ]]; then
    # Each with what it is, as long as there are several to choose from.
    local IFS=$'\\n'
    COMPREPLY=($("\${COMP_WORDS[0]}" completion jobs 2>/dev/null | while IFS=$'\\t' read -r id what; do
      [[ $id == "$current"* ]] && printf '%s  (%s)\\n' "$id" "$what"
    done))
    # Menus (COMP_TYPE % and *) put on the line what they show.
    if [[ \${#COMPREPLY[@]} -eq 1 || $COMP_TYPE == 37 || $COMP_TYPE == 42 ]]; then COMPREPLY=("\${COMPREPLY[@]%%  (*}"); fi
    compopt -o nosort 2>/dev/null
  elif [[ $value == directory ]]; then
    compopt -o filenames 2>/dev/null
    local IFS=$'\\n'
    COMPREPLY=($(compgen -d -- "$current"))
  elif [[ -z $value && -z $operand && $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -z $value && -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    compopt -o filenames 2>/dev/null
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
_nextstrain_value() {
  case "$1" in
${values}
  esac
}
complete -F _nextstrain nextstrain
`;
}

function zshScript(commands: readonly CommandWords[]): string {
  const { paths, known, values } = cases(commands);
  return `#compdef nextstrain
# zsh completion of nextstrain
_nextstrain() {
  local current="\${words[CURRENT]}" command_path="" operand="" value="" choices="" options="" jobs="" word next
  local -i i
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    [[ $word == -* ]] && continue
    value=""
    _nextstrain_value "$command_path \${words[i-1]}"
    [[ -n $value ]] && continue
    next="\${command_path:+$command_path }$word"
    case "$next" in
      ${paths}) command_path="$next" ;;
      *) operand=yes ;;
    esac
  done
  value=""
  _nextstrain_value "$command_path \${words[CURRENT-1]}"
  case "$command_path" in
${known.replaceAll(") words=", ") choices=")}
  esac
  if [[ $value == text ]]; then return 1
  elif [[ $value == job || ( -n $jobs && -z $value && $current != -* ) ]]; then
    local -a ids
    ids=("\${(@f)$("\${words[1]}" completion jobs 2>/dev/null)}")
    ids=("\${(@)ids/$'\\t'/:}")
    _describe -V job ids
  elif [[ $value == directory ]]; then _files -/
  elif [[ -z $value && -z $operand && $current == -* ]]; then compadd -- \${=options}
  elif [[ -z $value && -n $choices ]]; then compadd -- \${=choices}
  else _files
  fi
}
_nextstrain_value() {
  case "$1" in
${values}
  esac
}
compdef _nextstrain nextstrain
`;
}

function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ path, subcommands, options, choices, takesJobs }) => {
    const words = path.split(" ").filter((word) => word !== "");
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const names = subcommands.map(({ name }) => name);
    const here =
      words.length === 0
        ? "__fish_use_subcommand"
        : [...seen, ...(names.length > 0 ? [`not __fish_seen_subcommand_from ${names.join(" ")}`] : [])].join(
            "; and ",
          );
    const complete = `complete -c nextstrain -n ${fishQuoted(here)}`;
    return [
      ...subcommands.map(({ name, help }) => `${complete} -f -a ${name} -d ${fishQuoted(help)}`),
      ...choices.map((choice) => `${complete} -f -a ${choice}`),
      // A tab is before what an id is.
      ...(takesJobs ? [`${complete} -f -k -a "(nextstrain completion jobs 2>/dev/null)"`] : []),
      ...options.map(({ long, help, value }) => {
        const takes =
          value === undefined
            ? ""
            : value === "text"
              ? " -x"
              : value === "job"
                ? ' -x -k -a "(nextstrain completion jobs 2>/dev/null)"'
                : value === "file"
                  ? " -r -F"
                  : ' -x -a "(__fish_complete_directories)"';
        return `${complete} -l ${long.slice(2)}${takes} -d ${fishQuoted(help)}`;
      }),
    ];
  });
  return `# fish completion of nextstrain\n${lines.join("\n")}\n`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
