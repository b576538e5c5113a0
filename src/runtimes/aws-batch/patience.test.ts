import { expect, test } from "vitest";
import { UsageError } from "../../errors.ts";
import { parsePatience } from "./patience.ts";

test.each([
  ["15", 900_000],
  ["0.5", 30_000],
])("%s minutes", (value, milliseconds) => {
  expect(parsePatience({ value, source: "the default" })).toBe(milliseconds);
});

test.each(["", "0", "-3", "soon", "1e3", "15m"])("refuses %j and says where it is from", (value) => {
  const parse = () => parsePatience({ value, source: "NEXTSTRAIN_AWS_BATCH_PATIENCE" });
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow("from NEXTSTRAIN_AWS_BATCH_PATIENCE");
});
