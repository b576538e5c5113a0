/**
 * Just as much of Snakemake's command line as it takes to see whether the user set something themself, read the way
 * Python's argparse reads it.
 *
 * What begins with `-` is an option to argparse wherever it stands, even right after one that takes values (negative
 * numbers aside, and nothing is one after a bare `--`). So it need not be known how many values other options take.
 *
 * Facts from the parsers of Snakemake 7.21 and 9, which differ in nothing that matters here.
 */

/** An option that this program cares about. Each takes a value, `--resources` any number of them. */
export type OptionName = "cores" | "resources" | "profile";

/** Full spelling, what it is, and the shortest abbreviation that argparse takes for nothing else. */
const LONG: readonly (readonly [spelling: string, option: OptionName, shortest: string])[] = [
  ["--cores", "cores", "--cor"],
  // On one computer Snakemake takes --jobs for --cores.
  ["--jobs", "cores", "--jobs"],
  ["--resources", "resources", "--reso"],
  ["--res", "resources", "--res"],
  ["--profile", "profile", "--pro"],
  ["--workflow-profile", "profile", "--wo"],
];
const SHORT: Readonly<Record<string, OptionName>> = { c: "cores", j: "cores" };
/** Short options without a value, which may be joined: `-npj4`. (Snakemake 7 has `-r`, later ones don't.) */
const SHORT_FLAGS = "ntkfFlSDvhrpa";

/** One option as the user gave it. */
export interface GivenOption {
  readonly name: OptionName;
  /** As written, without its values: `-j`, `--cores`, `--res`. */
  readonly spelling: string;
  readonly values: readonly string[];
  /** Index of the argument that holds the option, and of the first after its values. */
  readonly start: number;
  readonly end: number;
}

/** The options in an argument list that this program cares about, in order. */
export function readOptions(args: readonly string[]): GivenOption[] {
  const given: GivenOption[] = [];
  const bare = args.indexOf("--");
  const limit = bare === -1 ? args.length : bare;
  for (let start = 0; start < limit; start++) {
    const option = optionIn(args[start] ?? "");
    if (option === undefined) continue;
    const { name, spelling, value } = option;
    let end = start + 1;
    if (value === undefined) {
      const most = name === "resources" ? limit : Math.min(start + 2, limit);
      while (end < most && !looksLikeOption(args[end] ?? "")) end++;
    }
    const values = value === undefined ? args.slice(start + 1, end) : [value];
    given.push({ name, spelling, values, start, end });
  }
  return given;
}

interface Spelled {
  readonly name: OptionName;
  readonly spelling: string;
  readonly value: string | undefined;
}

/** The option in one argument that this program cares about, be it after short ones that are joined. */
function optionIn(argument: string): Spelled | undefined {
  const [, spelling = argument, value] = /^([^=]*)=(.*)$/s.exec(argument) ?? [];
  if (spelling.startsWith("--")) {
    const found =
      LONG.find(([full]) => full === spelling) ??
      LONG.find(([full, , shortest]) => full.startsWith(spelling) && spelling.length >= shortest.length);
    return found && { name: found[1], spelling, value };
  }
  if (!argument.startsWith("-")) return undefined;
  for (let at = 1; at < argument.length; at++) {
    const letter = argument.charAt(at);
    if (SHORT_FLAGS.includes(letter)) continue;
    const name = SHORT[letter];
    // The rest is its value, be it an option of ours or another.
    const rest = argument.slice(at + 1).replace(/^=/, "");
    return name && { name, spelling: `-${letter}`, value: rest === "" ? undefined : rest };
  }
  return undefined;
}

/** Whether argparse takes an argument for an option rather than for a value (its `_parse_optional`). */
function looksLikeOption(argument: string): boolean {
  if (!argument.startsWith("-") || argument === "-") return false;
  if (/^-(?:[0-9]+|[0-9]*\.[0-9]+)$/.test(argument)) return false;
  if (!argument.includes(" ")) return true;
  // With a blank in it only what begins with a known option is one.
  return /^-[a-zA-Z]/.test(argument) || /^--[^= ]+=/.test(argument);
}
