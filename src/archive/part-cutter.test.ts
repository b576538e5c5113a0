import { expect, test } from "vitest";
import { createPartCutter } from "./part-cutter.ts";

test("gives parts of one size, and the rest when ended", () => {
  const cutter = createPartCutter(4, 7);
  cutter.write(Buffer.from("abcdefghij"));
  const text = () => cutter.take().map(({ index, data }) => `${index} ${Buffer.from(data)}`);
  expect(text()).toEqual(["7 abcd", "8 efgh"]);
  expect(text()).toEqual([]);
  cutter.end();
  expect(text()).toEqual(["9 ij"]);
});

test("holds back every part that a gap lies in until it is filled, and no other", () => {
  const cutter = createPartCutter(4);
  cutter.write(Buffer.from("ab"));
  const fill = cutter.reserve(7);
  cutter.write(Buffer.from("cdefghi"));
  expect(cutter.position()).toBe(16);
  const text = () => cutter.take().map(({ index, data }) => `${index} ${Buffer.from(data)}`);
  expect(text()).toEqual(["3 fghi"]);
  fill(Buffer.from("1234567"));
  expect(text()).toEqual(["0 ab12", "1 3456", "2 7cde"]);
});

test("takes no more and no fewer bytes for a gap than it has", () => {
  expect(() => createPartCutter(4).reserve(3)(Buffer.from("ab"))).toThrow("gap of 3 bytes");
});

test("a part that is given back, even twice, becomes the memory of one later part", () => {
  const cutter = createPartCutter(2);
  cutter.write(Buffer.from("ab"));
  const [first] = cutter.take();
  first?.release?.();
  first?.release?.();
  cutter.write(Buffer.from("cdef"));
  const [second, third] = cutter.take();
  expect(second?.data.buffer).toBe(first?.data.buffer);
  expect([second, third].map((part) => String(part?.data))).toEqual(["cd", "ef"]);
});
