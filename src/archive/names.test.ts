import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { decodeName, safeEntryPath } from "./names.ts";

/** An Info-ZIP Unicode path field. */
function unicodePath(text: string, crc: number): Buffer {
  const name = Buffer.from(text);
  const field = Buffer.alloc(9);
  field.writeUInt16LE(0x7075, 0);
  field.writeUInt16LE(5 + name.length, 2);
  field.writeUInt8(1, 4);
  field.writeUInt32LE(crc, 5);
  return Buffer.concat([field, name]);
}

const latin = Buffer.from("caf\xe9", "latin1");

test("a name that is valid UTF-8 is read as that", () => {
  expect(decodeName(Buffer.from("données/é.tsv"), unicodePath("other", 0))).toBe("données/é.tsv");
});

test("a name that isn't UTF-8 is taken from the Unicode path field made for it", () => {
  expect(decodeName(latin, unicodePath("kahvila", crc32(latin)))).toBe("kahvila");
});

test("a Unicode path field made for another name is ignored", () => {
  expect(decodeName(latin, unicodePath("kahvila", 1))).toBe("café");
});

test.each(["a", "a/b.c", "…/..a/a..", "a\\b", "C:/x", "-rf", "a b\nc"])("%j may be written", (path) => {
  expect(safeEntryPath(path)).toBe(path);
});

test.each([
  "",
  "/",
  "/etc/passwd",
  "..",
  "../x",
  "a/../b",
  "a/..",
  "a//b",
  "a/",
  ".",
  "./a",
  "a/./b",
  "a\0b",
])("%j may not be written", (path) => {
  expect(safeEntryPath(path)).toBeUndefined();
});
