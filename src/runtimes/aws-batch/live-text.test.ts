import { expect, test } from "vitest";
import { formatAge, jobText, transferText } from "./live-text.ts";

const MIB = 1024 ** 2;

test.each([
  [0, "0s"],
  [999, "0s"],
  [59_999, "59s"],
  [60_000, "1m 00s"],
  [130_000, "2m 10s"],
  [3_720_000, "1h 02m"],
  [86_400_000 * 3 + 3_600_000 * 4, "3d 4h"],
  // A clock that is behind Batch's.
  [-5_000, "0s"],
])("%i ms are %s", (milliseconds, text) => {
  expect(formatAge(milliseconds)).toBe(text);
});

test.each([
  [{ bytes: 0, total: 120 * MIB, rate: undefined }, "Uploading 0 B of 120.0 MiB (0%)"],
  [
    { bytes: 12 * MIB, total: 120 * MIB, rate: 4 * MIB },
    "Uploading 12.0 MiB of 120.0 MiB (10%), 4.0 MiB/s, 27s left",
  ],
  [{ bytes: 12 * MIB, total: 120 * MIB, rate: 0 }, "Uploading 12.0 MiB of 120.0 MiB (10%), 0 B/s"],
  [{ bytes: 120 * MIB, total: 120 * MIB, rate: MIB }, "Uploading 120.0 MiB of 120.0 MiB (100%), 1.0 MiB/s"],
  [{ bytes: 12 * MIB, total: undefined, rate: MIB }, "Uploading 12.0 MiB, 1.0 MiB/s"],
  [{ bytes: 0, total: 0, rate: undefined }, "Uploading 0 B"],
])("%j: %s", (state, text) => {
  expect(transferText({ doing: "Uploading", ...state })).toBe(text);
});

const progress = { done: 0, total: undefined, running: [], failed: [] };

test.each([
  [{ status: "RUNNABLE", progress }, "RUNNABLE for 1m 05s"],
  [{ status: "RUNNING", progress }, "RUNNING for 1m 05s"],
  [
    {
      status: "RUNNING",
      progress: { ...progress, done: 12, total: 40, running: ["align", "tree", "align"] },
    },
    "RUNNING for 1m 05s: 12 of 40 steps, align ×2, tree",
  ],
  // Names come from the workflow.
  [
    { status: "RUNNING", progress: { ...progress, running: ["\x1b[2J\x1b[31mred\nrule"] } },
    "RUNNING for 1m 05s: red rule",
  ],
  // An attempt that ended is no longer running anything.
  [{ status: "RUNNABLE", progress: { ...progress, running: ["align"] } }, "RUNNABLE for 1m 05s"],
  [
    { status: "RUNNING", progress, trouble: { kind: "trouble", age: 3000 } as const },
    "no connection to AWS for 3s; RUNNING for 1m 05s",
  ],
  [
    { status: "RUNNING", progress, trouble: { kind: "locked-out", age: 3000 } as const },
    "no valid credentials for 3s; RUNNING for 1m 05s",
  ],
])("%j: %s", (state, text) => {
  expect(jobText({ age: 65_000, trouble: undefined, ...state })).toBe(text);
});
