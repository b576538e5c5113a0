import { expect, test } from "vitest";
import { expandBraces } from "./braces.ts";

test.each([
  ["plain", ["plain"]],
  ["a{b,c}d", ["abd", "acd"]],
  ["{a,b}/{c,d}", ["a/c", "a/d", "b/c", "b/d"]],
  ["{a,b{c,d}}", ["a", "bc", "bd"]],
  ["a{,b}", ["a", "ab"]],
  ["{1..3}", ["1", "2", "3"]],
  ["{3..1}", ["3", "2", "1"]],
  ["{08..10}", ["08", "09", "10"]],
  ["{a..c}x", ["ax", "bx", "cx"]],
  ["{a}", ["{a}"]],
  ["{}", ["{}"]],
  ["{a,b", ["{a,b"]],
  ["{x}{a,b}", ["{x}a", "{x}b"]],
  ["a}{b,c}", ["a}b", "a}c"]],
  ["\\{a,b}", ["\\{a,b}"]],
  ["{a\\,b,c}", ["a\\,b", "c"]],
])("%s expands as in Bash", (pattern, expected) => {
  expect(expandBraces(pattern)).toEqual(expected);
});

test("a pattern that would expand without bound is refused", () => {
  expect(() => expandBraces("{1..9}".repeat(6))).toThrow(RangeError);
  expect(() => expandBraces("{1..99999999}")).toThrow(RangeError);
});
