import { expect, test } from "vitest";
import { steadyClock } from "./steady-clock.ts";

test("goes with the clock, but neither back nor hours at once", () => {
  let wall = 1_000_000;
  const steady = steadyClock(() => wall);
  const after = (milliseconds: number) => {
    wall += milliseconds;
    return steady();
  };
  expect(after(500)).toBe(500);
  expect(after(8 * 3_600_000)).toBe(90_500);
  expect(after(-24 * 3_600_000)).toBe(90_500);
  expect(after(1_000)).toBe(91_500);
});
