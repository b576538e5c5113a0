// Protects how jobs are named: by any beginning of an id that fits one job only, and by ids shown short enough to type.
import { expect, test } from "vitest";
import { findByPrefix, isIdPrefix, isWholeId, shortIds } from "./find.ts";

const a = { runId: "1a2b3c4d-0000-4000-8000-000000000001", jobId: "ffff0000-0000-4000-8000-000000000001" };
const b = { runId: "1a2b3c4d-0000-4000-8000-000000000002", jobId: "ffff1111-0000-4000-8000-000000000001" };
const c = { jobId: "1a2b0000-0000-4000-8000-000000000003" };
const items = [a, b, c];

test.each([
  [a.runId, [a]],
  [b.jobId, [b]],
  ["ffff0", [a]],
  ["FFFF1", [b]],
  ["1a2b3", [a, b]],
  ["1a2b", [a, b, c]],
  ["2", []],
  ["", []],
  ["last", []],
  ["1a2b3c4d.*", []],
])("%s", (text, found) => {
  expect(findByPrefix(items, text)).toEqual(found);
});

test("an id is what it is even where it begins another", () => {
  const parent = { jobId: "aaaaaaaa-0000-4000-8000-000000000001" };
  const child = { jobId: `${parent.jobId}:0` };
  expect(findByPrefix([child, parent], parent.jobId)).toEqual([parent]);
  expect([isIdPrefix(child.jobId), isWholeId(child.jobId), isWholeId("aaaa")]).toEqual([true, true, false]);
});

test("ids are shown with eight characters, or with as many as tell them apart", () => {
  const short = shortIds(items);
  expect(short.get(a.jobId)).toBe("ffff0000");
  expect(short.get(c.jobId)).toBe("1a2b0000");
  expect(short.get(a.runId)).toBe(a.runId);
  for (const id of [a.runId, b.runId, c.jobId]) {
    expect(findByPrefix(items, short.get(id) ?? "")).toHaveLength(1);
  }
});
