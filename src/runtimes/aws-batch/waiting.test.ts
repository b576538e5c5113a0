import { expect, test } from "vitest";
import type { Job } from "../../aws/batch.ts";
import type { Diagnosis } from "../../checks/job/diagnose.ts";
import { makeJob } from "../../checks/job/testing.ts";
import { type ExplainWait, tellWaiting } from "./waiting.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 15, 12);

const because = (says: string): Diagnosis => ({
  id: "job.x",
  mark: "unknown",
  says,
  mend: "Wait.",
  takes: [],
});

/** Looks at a job every ten seconds, as the watch does; what was told at which second, and when it was looked into. */
async function watchFor(
  minutes: number,
  describe: (seconds: number) => Partial<Job>,
  explain: ExplainWait = async ({ statusReason }) => because(statusReason ?? "nothing"),
) {
  let seconds = 0;
  const looks: number[] = [];
  const tell = tellWaiting(
    (job, signal) => {
      looks.push(seconds);
      return explain(job, signal);
    },
    { now: () => seconds * 1000, wallNow: () => START + seconds * 1000 },
  );
  const told: [number, string][] = [];
  for (; seconds <= minutes * 60; seconds += 10) {
    const origin = { queue: "q", definition: "d", command: [], submittedAt: START };
    const job = makeJob({ status: "RUNNABLE", statusReason: undefined, origin, ...describe(seconds) });
    const events = await tell(job, new AbortController().signal);
    for (const { diagnosis } of events) told.push([seconds, diagnosis.says]);
  }
  return { told, looks };
}

test("a job that starts soon has nothing told of it", async () => {
  const { told, looks } = await watchFor(30, (seconds) =>
    seconds < 100 ? {} : { status: seconds < 110 ? "STARTING" : "RUNNING" },
  );
  expect(told).toEqual([]);
  expect(looks).toEqual([]);
});

test("after two minutes it is told why, once; then it is looked at ever more rarely", async () => {
  const { told, looks } = await watchFor(60, () => ({}));
  expect(told).toEqual([[120, "nothing"]]);
  expect(looks).toEqual([120, 240, 480, 960, 1560, 2160, 2760, 3360]);
});

test("a reason that Batch gives is told at once, and another one again", async () => {
  const { told } = await watchFor(10, (seconds) =>
    seconds < 30 ? {} : { statusReason: seconds < 60 ? "first" : "second" },
  );
  expect(told).toEqual([
    [30, "first"],
    [60, "second"],
  ]);
});

test("the same answer to a reason in other words is not told twice", async () => {
  const { told } = await watchFor(
    5,
    (seconds) => ({ statusReason: seconds < 60 ? "first" : "second" }),
    async () => because("too big"),
  );
  expect(told).toEqual([[0, "too big"]]);
});

test("attached to a job that has waited already, it is told at once", async () => {
  const origin = { queue: "q", definition: "d", command: [], submittedAt: START - 10 * MINUTE };
  expect((await watchFor(1, () => ({ origin }))).told).toEqual([[0, "nothing"]]);
});

test("an attempt that has to wait again is told of again", async () => {
  const { told } = await watchFor(6, (seconds) => {
    if (seconds === 130) return { status: "RUNNING" };
    return seconds > 130 ? { attempts: [{ exitCode: 1, reason: undefined, statusReason: "x" }] } : {};
  });
  expect(told).toEqual([
    [120, "nothing"],
    [260, "nothing"],
  ]);
});

test("what can't be explained is passed over, and tried again", async () => {
  const { told, looks } = await watchFor(
    5,
    () => ({}),
    async () => {
      if (looksSoFar++ === 0) throw new Error("throttled");
      return because("nothing");
    },
  );
  expect(looks).toEqual([120, 240]);
  expect(told).toEqual([[240, "nothing"]]);
});
let looksSoFar = 0;

test("an end of the watch goes through", async () => {
  const ending = new AbortController();
  const tell = tellWaiting(
    async (_, signal) => {
      ending.abort(new Error("detached"));
      signal.throwIfAborted();
      return undefined;
    },
    { now: () => 0, wallNow: () => START },
  );
  const job = makeJob({ status: "RUNNABLE", statusReason: "x" });
  await expect(tell(job, ending.signal)).rejects.toThrow("detached");
});
