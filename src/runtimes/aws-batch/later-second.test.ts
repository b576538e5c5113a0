// Protects that no job begins in the second in which one of its files was changed.
import { expect, test } from "vitest";
import { leftOfSecond, untilLaterSecond } from "./later-second.ts";

test.each([
  ["changed just now", 10_300, 10_400, 650],
  ["changed at the end of the second before", 9_999, 10_000, 50],
  ["changed earlier", 8_999, 10_400, 0],
  ["from the future", 99_000, 10_400, 650],
])("what is left of the second of a file %s", (_name, time, now, left) => {
  expect(leftOfSecond(time, now)).toBe(left);
});

test("a later second is waited for, unless a signal ends it", async () => {
  const stop = new AbortController();
  const newest = Date.now();
  await untilLaterSecond(newest, { now: Date.now, signal: stop.signal });
  expect(Math.floor(Date.now() / 1000)).toBeGreaterThan(Math.floor(newest / 1000));
  const waited = untilLaterSecond(Date.now(), { now: () => newest, signal: stop.signal });
  const failed = expect(waited).rejects.toThrow("stopped");
  stop.abort(new Error("stopped"));
  await failed;
});
