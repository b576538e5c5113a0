import { expect, test } from "vitest";
import { collectHeaders, headerOf } from "./canonical.ts";

test.each([
  ["ASCII", Buffer.from("a b"), "a b"],
  ["UTF-8", Buffer.from("Zürich ✓"), "Zürich ✓"],
  ["Latin-1, which is no UTF-8", Buffer.from("Zürich", "latin1"), "Zürich"],
])("a header's value is read as %s", (_, bytes, text) => {
  // As Node has it: each byte a character.
  const headers = collectHeaders(["X-Amz-Meta-A", bytes.toString("latin1")]);
  expect(headerOf(headers, "x-amz-meta-a")).toBe(text);
});
