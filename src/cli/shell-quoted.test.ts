import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellQuoted } from "./shell-quoted.ts";

const words = [
  "plain",
  "",
  "a b",
  "it's",
  '$HOME `x` \\ "',
  "é",
  "-n",
  "tab\t",
  "esc\x1b[31m",
  "cr\r'\\",
  "\u202eexe",
  "line\nbreak",
];

test.each(words)("bash reads %j back as it was", (word) => {
  const quoted = shellQuoted(word);
  expect(execFileSync("bash", ["-c", `printf "%s" ${quoted}`], { encoding: "utf8" })).toBe(word);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
  expect(quoted).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
});
