import { expect, test } from "vitest";
import { createQuickly } from "./quickly.ts";

test("what answers at once is done here; after several slow answers, a number of times elsewhere", async () => {
  let time = 0;
  const quickly = createQuickly(() => time);
  const where = (milliseconds: number) =>
    quickly(
      () => {
        time += milliseconds;
        return "here";
      },
      async () => "elsewhere",
    );
  expect([50, 50, 1, 50, 50, 1].map(where)).toEqual(Array(6).fill("here"));
  expect([50, 50, 50].map(where)).toEqual(Array(3).fill("here"));
  const next = await Promise.all(Array.from({ length: 65 }, () => where(0)));
  expect(next.filter((place) => place === "elsewhere")).toHaveLength(64);
  expect(next.at(-1)).toBe("here");
});

test("a failure here is thrown, and a slow one counts", async () => {
  let time = 0;
  const quickly = createQuickly(() => time);
  const fail = () => {
    time += 50;
    throw new Error("gone");
  };
  for (let round = 0; round < 3; round++) expect(() => quickly(fail, async () => "")).toThrow("gone");
  expect(await quickly(fail, async () => "elsewhere")).toBe("elsewhere");
});
