import { expect, test } from "vitest";
import { createGauge } from "./gauge.ts";

/**
 * A second of an upload by one sender, in steps of 10 ms: `input` (bytes a millisecond) is taken up, and the sender waits for
 * parts for `waits` of the time while it sends at `link` (bytes a millisecond) for the rest.
 */
function simulate() {
  let time = 0;
  const gauge = createGauge(() => time, 1);
  return ({ input, link, waits }: { input: number; link: number; waits: number }) => {
    let level = gauge.level();
    for (let step = 0; step < 100; step++) {
      gauge.activity("waiting", 1, 0);
      time += 10 * waits;
      gauge.activity("waiting", -1, 0);
      gauge.activity("sending", 1, 0);
      time += 10 * (1 - waits);
      gauge.activity("sending", -1, link * 10 * (1 - waits));
      gauge.taken(input * 10);
      level = gauge.level();
    }
    return level;
  };
}

test("compresses well as long as the link is what holds things up", () => {
  expect(simulate()({ input: 100, link: 10, waits: 0 })).toBe(6);
});

test("stores where the link outruns the compressor", () => {
  expect(simulate()({ input: 50, link: 500, waits: 0.9 })).toBe(0);
});

test("compresses on where the link waits, but would take longer for the bytes as they are", () => {
  expect(simulate()({ input: 150, link: 100, waits: 0.6 })).toBe(6);
});

test("compresses again where the link becomes slow, and not before", () => {
  const second = simulate();
  second({ input: 50, link: 500, waits: 0.9 });
  expect(second({ input: 400, link: 400, waits: 0 })).toBe(0);
  expect(second({ input: 10, link: 10, waits: 0 })).toBe(6);
});
