import picomatch from "picomatch";

/** One glob, without braces and leading `!`, as a test of a path or of a base name. */
export type GlobTest = (text: string) => boolean;

/**
 * Compiles one extended glob (`*`, `**`, `?`, `[…]`, `@(…)`, `?(…)`, `*(…)`, `+(…)`, `!(…)`; `\` takes the next
 * character as it is). A `*` or `?` never matches `/`; names that begin with a dot are matched like any other.
 *
 * @throws SyntaxError where the pattern is malformed: an open `[` or `(`, a range that runs backwards, a `\` at its end
 */
export function compileGlob(glob: string): GlobTest {
  const tokens = tokenize(glob);
  const required = toTest(tokens.map((token) => (token.negated ? "@(*)" : token.text)).join(""));
  const forbidden = tokens.flatMap((negated, index) =>
    negated.negated
      ? [
          toTest(
            tokens
              .map((token, other) =>
                other === index ? `@${token.text.slice(1)}` : token.negated ? "@(*)" : token.text,
              )
              .join(""),
          ),
        ]
      : [],
  );
  if (forbidden.length === 0) return required;
  return (text) => required(text) && !forbidden.some((test) => test(text));
}

/** Whether a text holds nothing that compileGlob would take for more than itself. */
export function isLiteral(glob: string): boolean {
  return !/[*?[]|[@+!]\(/.test(glob.replace(/\\./gs, ""));
}

interface Token {
  /** What picomatch is given: a piece of the pattern in which whatever isn't special is escaped. */
  readonly text: string;
  /** Whether it is a `!(…)`, and not within another group. */
  readonly negated: boolean;
}

/**
 * Cuts a pattern into pieces, and escapes what picomatch would take for a regular expression's syntax or for quotes.
 *
 * Each `!(…)` is a piece of its own, since picomatch reads `!(a).txt` as “doesn't begin with a”. compileGlob says
 * “`*` fits there, and what is in the parentheses doesn't” instead.
 */
function tokenize(glob: string): Token[] {
  const tokens: Token[] = [];
  let text = "";
  let negated = false;
  let depth = 0;
  const cut = (nextNegated: boolean) => {
    if (text !== "") tokens.push({ text, negated });
    text = "";
    negated = nextNegated;
  };
  for (let at = 0; at < glob.length; at++) {
    const character = glob.charAt(at);
    if (character === "\\") {
      if (++at === glob.length) throw new SyntaxError("it ends with a backslash");
      text += `\\${glob.charAt(at)}`;
    } else if (character === "[") {
      const bracket = bracketAt(glob, at);
      text += bracket;
      at += bracket.length - 1;
    } else if (/[@+!?*]/.test(character) && glob[at + 1] === "(") {
      if (depth === 0) cut(character === "!");
      text += `${character}(`;
      depth++;
      at++;
    } else if (character === ")" && depth > 0) {
      text += character;
      if (--depth === 0) cut(false);
    } else if (/[*?/]/.test(character) || (character === "|" && depth > 0)) text += character;
    else text += /[\s\w.-]|[^\0-\x7f]/.test(character) ? character : `\\${character}`;
  }
  if (depth > 0) throw new SyntaxError("a ( is not closed");
  cut(false);
  return tokens;
}

/** The `[…]` that begins there. A `]` right after `[`, `[!` or `[^` belongs to the set, and so do classes. */
function bracketAt(glob: string, start: number): string {
  const bracket = /\[[!^]?\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*\]/sy;
  bracket.lastIndex = start;
  const found = bracket.exec(glob);
  if (!found || /^\[[!^]?\]$/.test(found[0])) throw new SyntaxError("a [ is not closed");
  return found[0];
}

function toTest(glob: string): GlobTest {
  const regex = picomatch.makeRe(glob, {
    dot: true,
    nonegate: true,
    nobrace: true,
    posix: true,
    literalBrackets: false,
    windows: false,
  });
  // picomatch's way to say that the regular expression didn't compile
  if (regex.source === "$^") throw new SyntaxError("it can match nothing");
  return (text) => regex.test(text);
}
