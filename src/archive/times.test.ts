import { expect, test } from "vitest";
import { fromDosTime, toDosTime, toUnixSeconds } from "./times.ts";

test("MS-DOS times are in UTC, and go up to the next even second", () => {
  const iso = (text: string) => new Date(fromDosTime(toDosTime(Date.parse(text)))).toISOString();
  expect(iso("2026-11-22T15:04:04.999Z")).toBe("2026-11-22T15:04:04.000Z");
  expect(iso("2026-11-22T15:04:05.000Z")).toBe("2026-11-22T15:04:06.000Z");
  expect(iso("2026-12-31T23:59:59.000Z")).toBe("2027-01-01T00:00:00.000Z");
});

test("MS-DOS times before 1980 and after 2107 are the nearest there is", () => {
  expect(toDosTime(Date.UTC(1969, 11, 31, 23, 59, 59))).toBe(0x00210000);
  expect(toDosTime(Date.UTC(2107, 11, 31, 23, 59, 59))).toBe(0xff9fbf7d);
  expect(toDosTime(Date.UTC(2500, 0))).toBe(0xff9fbf7d);
});

test("an MS-DOS date without day and month is read as the first of January", () => {
  expect(fromDosTime(0)).toBe(Date.UTC(1980, 0, 1));
});

test("Unix times are whole seconds, and absent where 32 bits with a sign have no room", () => {
  expect(toUnixSeconds(1999)).toBe(1);
  expect(toUnixSeconds(-1)).toBe(-1);
  expect(toUnixSeconds((2 ** 31 - 1) * 1000)).toBe(2 ** 31 - 1);
  expect(toUnixSeconds(2 ** 31 * 1000)).toBeUndefined();
});
