import { expect, test } from "vitest";
import { childrenByLabels, childrenOf, decodeTable, encodeTable, only } from "./children.ts";
import { splitWords } from "./words.ts";

test.each([
  ["a b  c", ["a", "b", "c"]],
  ["  'a b' \"c d\"\\ e f", ["a b", "c d e", "f"]],
  ["--config 'x=\"y\"' region=asia # and so on", ["--config", 'x="y"', "region=asia"]],
  ["a#b '#c'", ["a#b", "#c"]],
  ["# nothing", []],
  ["", []],
  ['"a\\"b\\c"', ['a"b\\c']],
  ["$'a\\x0ab\\'' $x 5$", ["a\nb'", "$x", "5$"]],
  ["''", [""]],
])("the words of %s", (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

test.each(["'a", '"a', "a\\", "$'a"])("%s is not closed", (line) => {
  expect(splitWords(line)).toBeUndefined();
});

const ODD = [["results/a b.json"], ["--config", "x='y\"z\\"], ["é\u0007\n#"], ["-n", "$HOME"]];

test("children are read back from their table, and from their labels", () => {
  const children = childrenOf(ODD);
  expect(children.map(({ args }) => args)).toEqual(ODD);
  expect(decodeTable(encodeTable(children))).toEqual(children);
  expect(childrenByLabels(children.map(({ label }) => label))).toEqual(children);
});

test("a table is a line of base64 for each child", () => {
  expect(Buffer.from(encodeTable(childrenOf([["a"], ["-n", "b"]]))).toString()).toBe("YQ==\nLW4= Yg==\n");
});

test.each(["", "a b", "YQ==", "YQ==\n\n", "Y\u00e9\n"])("%j is no table", (text) => {
  expect(decodeTable(Buffer.from(text))).toBeUndefined();
});

test("some children of a run are an array of their own", () => {
  const children = childrenOf([["a"], ["b"], ["c"]]);
  expect(only(children, new Set([0, 2]))).toEqual([
    { index: 0, label: "a", args: ["a"] },
    { index: 1, label: "c", args: ["c"] },
  ]);
});

test.each([
  [[["a"]], /at least 2 children/],
  [[["a"], ["b"], ["a"]], /the same: 'a'/],
  [Array.from({ length: 10_001 }, (_, index) => [String(index)]), /at most 10000/],
])("children that are no fan-out", (all, message) => {
  expect(() => childrenOf(all)).toThrow(message);
});
