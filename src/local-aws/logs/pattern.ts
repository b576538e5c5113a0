import { AwsError, notImplemented } from "../http.ts";

/**
 * A filter pattern of FilterLogEvents, as a test of messages: terms that must all be there, `-terms` that must not, `?terms` of
 * which one must; quoted where they hold more than letters, digits and `_`. Case counts. Empty means all events.
 *
 * @throws AwsError InvalidParameterException where the pattern is malformed; 501 for JSON, column and regex patterns.
 */
export function compilePattern(pattern: string): (message: string) => boolean {
  const text = pattern.trim();
  if (/^[{[]/.test(text)) throw notImplemented("FilterLogEvents with a JSON or column pattern");
  if (/^[-?]?%/.test(text)) throw notImplemented("FilterLogEvents with a regular expression");
  const required: string[] = [];
  const excluded: string[] = [];
  const optional: string[] = [];
  const term = /([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)\s*/y;
  while (term.lastIndex < text.length) {
    const match = term.exec(text);
    const [, sign, quoted, bare] = match ?? [];
    if (bare !== undefined && !/^[\p{L}\p{N}_]+$/u.test(bare)) {
      throw new AwsError("InvalidParameterException", `Invalid character(s) in term '${bare}'`);
    }
    const words = quoted?.replace(/\\(.)/g, "$1") ?? bare;
    if (!words) throw new AwsError("InvalidParameterException", "Invalid filter pattern");
    (sign === "-" ? excluded : sign === "?" ? optional : required).push(words);
  }
  // As on AWS, `?` means nothing beside terms of the other kinds.
  const alternatives = required.length + excluded.length > 0 ? [] : optional;
  return (message) =>
    required.every((words) => message.includes(words)) &&
    !excluded.some((words) => message.includes(words)) &&
    (alternatives.length === 0 || alternatives.some((words) => message.includes(words)));
}
