// Protects how times are given: as an age or as a date, and nothing that could be taken for either.
import { expect, test } from "vitest";
import { parseAge, parseSince } from "./since.ts";

const now = Date.UTC(2026, 10, 30, 12);

test.each([
  ["90s", 90_000],
  ["90m", 5_400_000],
  ["1.5h", 5_400_000],
  ["7d", 604_800_000],
  ["2W", 1_209_600_000],
])("%s is an age", (text, age) => {
  expect(parseAge(text)).toBe(age);
  expect(parseSince(text, now)).toBe(now - age);
});

test.each([
  ["2026-11-29", new Date(2026, 10, 29).getTime()],
  ["2026-11-29T10:00:00Z", Date.UTC(2026, 10, 29, 10)],
  ["2026-11-29 10:00", new Date(2026, 10, 29, 10).getTime()],
])("%s is a date", (text, time) => {
  expect(parseSince(text, now)).toBe(time);
});

test.each(["", "7", "d", "yesterday", "2026-13-01", "-1d", "1y"])("%j is neither", (text) => {
  expect(() => parseSince(text, now)).toThrow(/Give an amount of time/);
});
