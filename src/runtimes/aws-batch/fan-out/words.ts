/**
 * The words of a line as a POSIX shell splits it by blanks, quotes and backslashes (2.2 Quoting, and `$'…'` for bytes by `\xHH`); nothing
 * is expanded. What follows a word that begins with `#` is a comment. Undefined where a quote is not closed.
 */
export function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let rest = line.trimStart();
  while (rest !== "" && !rest.startsWith("#")) {
    let word = "";
    while (rest !== "" && !/^\s/.test(rest)) {
      const [part, value] = nextPart(rest) ?? [];
      if (part === undefined || value === undefined) return undefined;
      word += value;
      rest = rest.slice(part.length);
    }
    words.push(word);
    rest = rest.trimStart();
  }
  return words;
}

/** What the rest of a line begins with, as it is written and as it is meant. */
function nextPart(rest: string): readonly [written: string, meant: string] | undefined {
  const ansi = /^\$'((?:[^'\\]|\\.)*)'/s.exec(rest);
  if (ansi) return [ansi[0], fromAnsiC(ansi[1] ?? "")];
  const single = /^'([^']*)'/.exec(rest);
  if (single) return [single[0], single[1] ?? ""];
  const double = /^"((?:[^"\\]|\\.)*)"/s.exec(rest);
  if (double) return [double[0], (double[1] ?? "").replace(/\\([$`"\\])/g, "$1")];
  const escaped = /^\\(.)/su.exec(rest);
  if (escaped) return [escaped[0], escaped[1] ?? ""];
  const plain = /^[^\s'"\\]+?(?=$|[\s'"\\]|\$')/.exec(rest);
  return plain ? [plain[0], plain[0]] : undefined;
}

function fromAnsiC(text: string): string {
  const bytes = [...text.matchAll(/\\x([0-9a-f]{2})|\\(.)|([^\\])/gisu)].map(
    ([, byte, escaped, other = ""]) =>
      byte === undefined ? Buffer.from(escaped ?? other) : Buffer.from([Number.parseInt(byte, 16)]),
  );
  return Buffer.concat(bytes).toString("utf8");
}
