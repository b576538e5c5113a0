import { expect, test } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import type { Job } from "../../aws/batch.ts";
import type { Context } from "../../cli/context.ts";
import { createRate, showJob, showTransfer } from "./live.ts";

/** A context that shows what its live line would say now; "" where there is none. */
function watched() {
  const context = testContext();
  let render: (() => string) | undefined;
  const live = (next: (() => string) | undefined) => {
    render = next;
  };
  const io: Context["io"] = { ...context.io, live };
  return { context: { ...context, io }, says: () => render?.() ?? "", advance: context.advance };
}

const job = (status: Job["status"], startedAt?: number) => ({ status, startedAt }) as Job;

test("a job's line tells its state's age, and Snakemake's progress off the log", () => {
  const { context, says, advance } = watched();
  using live = showJob(context);
  expect(says()).toBe("");
  live.see({ kind: "status", job: job("RUNNABLE") });
  advance(65_000);
  expect(says()).toBe("RUNNABLE for 1m 05s");
  live.see({ kind: "status", job: job("RUNNING", context.now() - 3_000) });
  const lines = ["rule align:", "    jobid: 3", "", "2 of 8 steps (25%) done"];
  live.see({ kind: "log", stream: "s", lines: lines.map((message) => ({ timestamp: 0, message })) });
  expect(says()).toBe("RUNNING for 3s: 2 of 8 steps, align");
  live.see({ kind: "trouble", reason: "reset" });
  advance(2_000);
  expect(says()).toMatch(/^no connection to AWS for 2s; RUNNING for 5s/);
  live.see({ kind: "recovered", from: "trouble" });
  expect(says()).toMatch(/^RUNNING for 5s/);
  live.see({ kind: "status", job: job("SUCCEEDED") });
  expect(says()).toBe("");
});

test("another attempt begins anew", () => {
  const { context, says } = watched();
  using live = showJob(context);
  live.see({ kind: "status", job: job("RUNNING") });
  live.see({ kind: "log", stream: "s", lines: [{ timestamp: 0, message: "7 of 8 steps (88%) done" }] });
  live.see({ kind: "status", job: job("RUNNABLE") });
  live.see({ kind: "status", job: job("RUNNING") });
  expect(says()).toBe("RUNNING for 0s");
});

test("the last lines of an attempt, which come late, are not taken for the next one's", () => {
  const { context, says } = watched();
  using live = showJob(context);
  const lines = (message: string) => [{ timestamp: 0, message }];
  live.see({ kind: "status", job: job("RUNNING") });
  live.see({ kind: "status", job: job("RUNNABLE") });
  live.see({ kind: "log", stream: "first", lines: lines("7 of 8 steps (88%) done") });
  live.see({ kind: "status", job: job("RUNNING") });
  live.see({ kind: "log", stream: "first", lines: lines("8 of 8 steps (100%) done") });
  live.see({ kind: "log", stream: "second", lines: lines("1 of 8 steps (13%) done") });
  expect(says()).toBe("RUNNING for 0s: 1 of 8 steps");
});

test("a transfer's line goes with it", () => {
  const { context, says, advance } = watched();
  const live = showTransfer(context, "Downloading", 4096);
  advance(2_000);
  live.moved(1024);
  live.moved(1024);
  expect(says()).toBe("Downloading 2.0 KiB of 4.0 KiB (50%), 1.0 KiB/s, 2s left");
  live.reached({ sent: 1024, reused: 2048, total: 8192 });
  expect(says()).toBe("Downloading 3.0 KiB of 8.0 KiB (37%), 512 B/s, 10s left");
  live[Symbol.dispose]();
  expect(says()).toBe("");
});

test("a rate is of the last ten seconds", () => {
  let now = 0;
  const rate = createRate(() => now);
  expect(rate.perSecond(0)).toBeUndefined();
  now = 10_000;
  expect(rate.perSecond(10_000)).toBe(1_000);
  now = 20_000;
  expect(rate.perSecond(10_000)).toBe(0);
});
