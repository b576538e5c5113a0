import { expect, test } from "vitest";
import { createPace } from "./pace.ts";

function paced() {
  let time = 1_000;
  const pace = createPace({ first: 100, last: 500, growth: 2 }, () => time);
  const waits = (answers: readonly boolean[]) =>
    answers.map((news) => {
      pace.next(news);
      const wait = pace.wait();
      time += wait;
      return wait;
    });
  return { pace, waits };
}

test("is due at once, and then not until the wait is over", () => {
  const { pace } = paced();
  expect(pace.isDue()).toBe(true);
  pace.next(false);
  expect(pace.isDue()).toBe(false);
});

test("slows down without news, to a limit, and is quick again after some", () => {
  const { waits } = paced();
  expect(waits([false, false, false, false, false])).toEqual([100, 200, 400, 500, 500]);
  expect(waits([true, false, false])).toEqual([100, 100, 200]);
});

test("hurries on request", () => {
  const { pace, waits } = paced();
  waits([false, false, false]);
  pace.next(false);
  pace.hurry();
  expect(pace.isDue()).toBe(true);
  expect(waits([false])).toEqual([100]);
});
