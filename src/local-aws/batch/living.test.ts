// Protects the scheduler from going through whole arrays: it sees the first children that may run, and no more.
import { expect, test } from "vitest";
import { spawnChildren } from "./arrays.ts";
import { createLiving } from "./living.ts";
import type { Job } from "./types.ts";

const runnable = (jobId: string) => ({ jobId, status: "RUNNABLE" }) as Job;

test("of each array the first children are shown, and of other jobs all", () => {
  const living = createLiving();
  const arrays = ["a", "b"].map((jobId) => spawnChildren({ ...runnable(jobId), arraySize: 5 }));
  for (const job of [runnable("x"), runnable("y"), ...arrays.flat()]) {
    living.note(Object.assign(job, { status: "RUNNABLE" }));
  }
  const shown = () => living.runnable(2).map(({ jobId }) => jobId);
  expect(shown()).toEqual(["x", "y", "a:0", "a:1", "b:0", "b:1"]);
  const [first, second] = arrays[0] as [Job, Job];
  living.note(Object.assign(first, { status: "STARTING", current: {} }));
  living.remove(second);
  expect(shown()).toEqual(["x", "y", "a:2", "a:3", "b:0", "b:1"]);
  expect(living.running()).toEqual([first]);
  expect(living.all()).toHaveLength(11);
});
