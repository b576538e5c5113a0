import { expect, test } from "vitest";
import { isTemporaryName, temporaryName } from "./temporary.ts";

test("a temporary name is recognised, and no ordinary name is", () => {
  expect(isTemporaryName(temporaryName("tree.json"))).toBe(true);
  for (const name of ["tree.json", ".nextstrain", "nextstrain-tmp-x", "x.nextstrain-tmp-1"]) {
    expect(isTemporaryName(name)).toBe(false);
  }
});

test("two temporary names for one file differ", () => {
  expect(temporaryName("a")).not.toBe(temporaryName("a"));
});

test("a name as long as file systems allow still gets a temporary name that they allow", () => {
  const name = temporaryName("é".repeat(127));
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  expect(name.endsWith("é".repeat(60))).toBe(true);
});
