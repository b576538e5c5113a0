/** More than this many alternatives in one pattern is a mistake (or an attack on memory). */
const LIMIT = 10_000;

/**
 * Brace expansion as in Bash: `a{b,c}d` is `abd` and `acd`, `{1..3}` and `{a..c}` are ranges, braces nest. What is no
 * such list (`{a}`, `{}`, an unpaired brace) stays as it is; `\` keeps its character from counting.
 *
 * @throws RangeError where there are more than 10,000 alternatives
 */
export function expandBraces(pattern: string): string[] {
  const group = firstGroup(pattern);
  if (group === undefined) return [pattern];
  const { before, alternatives, after } = group;
  const ends = expandBraces(after);
  const result: string[] = [];
  for (const alternative of alternatives) {
    for (const middle of expandBraces(alternative)) {
      if (result.length + ends.length > LIMIT) throw new RangeError("too many alternatives in braces");
      for (const end of ends) result.push(before + middle + end);
    }
  }
  return result;
}

interface Group {
  readonly before: string;
  readonly alternatives: readonly string[];
  readonly after: string;
}

/** The leftmost brace that opens a list or a range, with its parts. */
function firstGroup(pattern: string): Group | undefined {
  for (let start = 0; start < pattern.length; start++) {
    if (pattern[start] === "\\") start++;
    else if (pattern[start] === "{") {
      const group = groupAt(pattern, start);
      if (group !== undefined) return group;
    }
  }
  return undefined;
}

function groupAt(pattern: string, start: number): Group | undefined {
  const alternatives: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start + 1; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "\\") at++;
    else if (character === "{") depth++;
    else if (character === "," && depth === 0) {
      alternatives.push(pattern.slice(from, at));
      from = at + 1;
    } else if (character === "}" && depth > 0) depth--;
    else if (character === "}") {
      const last = pattern.slice(from, at);
      const all = alternatives.length > 0 ? [...alternatives, last] : range(last);
      return all && { before: pattern.slice(0, start), alternatives: all, after: pattern.slice(at + 1) };
    }
  }
  return undefined;
}

/** The members of `1..9`, `01..10`, `a..e`, or undefined where it is no range. */
function range(text: string): string[] | undefined {
  const numbers = /^(-?[0-9]+)\.\.(-?[0-9]+)$/.exec(text);
  const letters = /^([a-zA-Z])\.\.([a-zA-Z])$/.exec(text);
  const [, first = "", last = ""] = numbers ?? letters ?? [];
  if (first === "") return undefined;
  const value = numbers ? Number : (letter: string) => letter.charCodeAt(0);
  const from = value(first);
  const to = value(last);
  if (Math.abs(to - from) >= LIMIT) throw new RangeError("too many alternatives in braces");
  const padded = numbers && /^-?0[0-9]/.test(first.length >= last.length ? first : last);
  const width = padded ? Math.max(first.length, last.length) : 0;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => {
    const member = from + (to < from ? -index : index);
    return numbers ? String(member).padStart(width, "0") : String.fromCharCode(member);
  });
}
