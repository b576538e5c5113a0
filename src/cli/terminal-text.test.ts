import { expect, test } from "vitest";
import { fitColumns } from "./terminal-text.ts";

test.each([
  ["short", 10, "short"],
  ["exactly", 7, "exactly"],
  ["one too long", 11, "one too lo…"],
  ["anything", 1, "…"],
  ["anything", 0, ""],
  // Two columns each.
  ["結果の木", 8, "結果の木"],
  ["結果の木", 7, "結果の…"],
  ["結果の木", 6, "結果…"],
  ["🧬🧬🧬", 5, "🧬🧬…"],
  // One column: a letter and its accent, and a family that is joined of many.
  ["e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"],
  ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
  ["👩‍👩‍👧x", 3, "👩‍👩‍👧x"],
])("%s in %i columns is %s", (text, columns, expected) => {
  expect(fitColumns(text, columns)).toBe(expected);
});
