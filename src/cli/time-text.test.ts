import { expect, test } from "vitest";
import { spellTime } from "./time-text.ts";

test.each([
  [1, "1 second"],
  [90, "90 seconds"],
  [60, "1 minute"],
  [5400, "90 minutes"],
  [3600, "1 hour"],
  [14_400, "4 hours"],
])("%d seconds are %s", (seconds, text) => {
  expect(spellTime(seconds)).toBe(text);
});
