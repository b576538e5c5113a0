import { UsageError } from "../errors.ts";
import { expandBraces } from "./braces.ts";
import { compileGlob, type GlobTest, isLiteral } from "./glob.ts";

/**
 * Whether a path is meant by a list of patterns. The path is relative to the build root, `/`-separated; one that ends
 * with `/` is a directory.
 */
export type PathMatcher = (path: string) => boolean;

/** How far a pattern reaches. */
export interface PatternOptions {
  /**
   * What a pattern that matches a directory does to all that is below. Patterns without wildcards in their last part
   * (`results`, `results/`, `data/tmp`) always cover it. With "all", others (`tmp*`, `data/*`) do too, as in a
   * `.gitignore`; with "literal" they mean only what they match themselves, as in a shell. `!(…)` at the end never
   * covers, since nearly every directory matches it.
   */
  readonly covers?: "literal" | "all";
}

/**
 * Compiles patterns as in `--download`, `--exclude-from-upload` and the like: extended globs relative to the
 * build root.
 *
 * - `*`, `?` and `[…]` don't match `/`; `**` as a whole part matches any number of directories, none included.
 *   Names that begin with a dot are matched like others.
 * - `{a,b}` is expanded first, as in Bash. `@(a|b)`, `?(…)`, `*(…)`, `+(…)`, `!(…)` are Bash's extended globs.
 * - A pattern without `/` (but at its end) matches the base name at any depth; a leading `/` or `./` ties it to the build root.
 * - A `/` at its end: directories only, with all that is below.
 * - A leading `!` negates (`!(` doesn't: that is a group). A path is meant where a pattern matches and no negated one
 *   does, in whatever order they come; with negated ones only, everything else is meant. No pattern means no path.
 * - `\` takes the next character as it is.
 *
 * @throws UsageError for a malformed pattern, and one that leads out of the build root
 */
export function compilePatterns(patterns: readonly string[], options: PatternOptions = {}): PathMatcher {
  const wanted: Pattern[] = [];
  const unwanted: Pattern[] = [];
  for (const pattern of patterns) {
    const [, marks = "", glob = ""] = /^((?:!(?!\())*)(.*)$/s.exec(pattern) ?? [];
    (marks.length % 2 === 1 ? unwanted : wanted).push(...parse(glob, pattern, options.covers ?? "literal"));
  }
  if (patterns.length === 0) return () => false;
  const isWanted = wanted.length > 0 ? anyOf(wanted) : () => true;
  const isUnwanted = anyOf(unwanted);
  return (path) => isWanted(path) && !isUnwanted(path);
}

interface Pattern {
  readonly test: GlobTest;
  /** Tests the base name, not the path. */
  readonly byName: boolean;
  readonly directoriesOnly: boolean;
  readonly coversBelow: boolean;
}

function parse(glob: string, original: string, covers: "literal" | "all"): Pattern[] {
  try {
    if (glob.includes("\0")) throw new SyntaxError("it holds a NUL");
    return expandBraces(glob).map((alternative) => parseOne(alternative, covers));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error;
    throw new UsageError(`“${original}” is not a pattern: ${error.message}.`, {
      hint: "Put \\ before a character that is to stand for itself, and quotes around the pattern.",
      cause: error,
    });
  }
}

function parseOne(glob: string, covers: "literal" | "all"): Pattern {
  const directoriesOnly = glob.endsWith("/");
  const anchored = /^(?:\/|\.\/)/.test(glob);
  const parts = glob.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length === 0) throw new SyntaxError("it is empty");
  if (parts.includes("..")) throw new SyntaxError("it leads out of the build root");
  const last = parts.at(-1) ?? "";
  // `a/**` is what is below a, not a itself
  if (last === "**" && parts.length > 1) parts.push("*");
  return {
    test: compileGlob(parts.join("/")),
    byName: parts.length === 1 && !anchored,
    directoriesOnly,
    coversBelow: directoriesOnly || isLiteral(last) || (covers === "all" && !last.startsWith("!(")),
  };
}

/** Whether one of the patterns matches a path, or covers it from one of the directories above. */
function anyOf(patterns: readonly Pattern[]): PathMatcher {
  const covering = patterns.filter((pattern) => pattern.coversBelow);
  const matches = (pattern: Pattern, path: string, name: string) =>
    pattern.test(pattern.byName ? name : path);

  const covers = (directory: string): boolean => {
    const end = directory.lastIndexOf("/");
    const name = directory.slice(end + 1);
    return (
      covering.some((pattern) => matches(pattern, directory, name)) ||
      (end > 0 && covers(directory.slice(0, end)))
    );
  };
  // Paths come directory by directory, so the answer for the directory of the last one mostly serves again.
  let lastDirectory = "";
  let lastCovered = false;
  const isCovered = (directory: string) => {
    if (directory !== lastDirectory) {
      lastDirectory = directory;
      lastCovered = covers(directory);
    }
    return lastCovered;
  };

  return (path) => {
    const isDirectory = path.endsWith("/");
    const bare = isDirectory ? path.slice(0, -1) : path;
    const end = bare.lastIndexOf("/");
    const name = bare.slice(end + 1);
    return (
      (end > 0 && isCovered(bare.slice(0, end))) ||
      patterns.some((pattern) => (isDirectory || !pattern.directoriesOnly) && matches(pattern, bare, name))
    );
  };
}
