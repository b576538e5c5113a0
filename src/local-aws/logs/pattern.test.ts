import { expect, test } from "vitest";
import { compilePattern } from "./pattern.ts";

test.each([
  ["", "anything", true],
  ["ERROR", "an ERROR here", true],
  ["ERROR", "an error here", false],
  ["one two", "two, then one", true],
  ["one two", "one only", false],
  ['"one two"', "one two", true],
  ['"one two"', "two one", false],
  ["one -two", "one two", false],
  ["one -two", "one", true],
  ['-"rule all"', "rule all:", false],
  ["?one ?two", "two", true],
  ["?one ?two", "three", false],
  ["one ?two", "one", true],
  ['"a \\"quoted\\" word"', 'a "quoted" word', true],
])("pattern %s of %s: %s", (pattern, message, matches) => {
  expect(compilePattern(pattern)(message)).toBe(matches);
});

test.each(["foo-bar", '"unclosed', '"a"b', "-"])("pattern %s is refused", (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(
    expect.objectContaining({ code: "InvalidParameterException" }),
  );
});

test.each(["{ $.level = 1 }", "[a, b]", "%re%"])("pattern %s is said to be missing", (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ status: 501 }));
});
