import { expect, test } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import type { Job } from "../../aws/batch.ts";
import { readRefusal } from "../../aws/refusal.ts";
import { reportJobEvent } from "./stages.ts";
import type { JobEvent } from "./watch.ts";

function told(event: JobEvent) {
  const { io, output } = testContext();
  reportJobEvent(io, event);
  return output;
}

const job = (fields: Partial<Job>) => fields as Job;

test("a state is a line; the last states are told by the end", () => {
  expect(told({ kind: "status", job: job({ status: "STARTING" }) }).out).toEqual(["Job now STARTING"]);
  expect(told({ kind: "status", job: job({ status: "FAILED" }) }).out).toEqual([]);
});

test("a line of the log has its time, and can do nothing to a terminal", () => {
  const line = { timestamp: Date.UTC(2026, 0, 2, 3, 4, 5, 678), message: "a\x1b[2Jb\x1b[31mc\td" };
  const next = { timestamp: Date.UTC(2026, 0, 2, 3, 4, 6), message: "next" };
  expect(told({ kind: "log", stream: "s", lines: [line, next] }).out).toEqual([
    "[batch] [2026-01-02T03:04:05+00:00] abc\td",
    "[batch] [2026-01-02T03:04:06+00:00] next",
  ]);
});

test("lines of any length and number in one message stay whole", () => {
  const message = `${"x".repeat(300_000)}\nsecond\n\nfourth`;
  const { out } = told({ kind: "log", stream: "s", lines: [{ timestamp: 0, message }] });
  expect(out.join("\n")).toBe(`[batch] [1970-01-01T00:00:00+00:00] ${message}`);
});

test("an ordinary end has its duration and exit status, and no reason", () => {
  const ended = job({ status: "SUCCEEDED", startedAt: 0, stoppedAt: 90_000, exitCode: 0 });
  expect(told({ kind: "ended", job: ended }).out).toEqual(["Job SUCCEEDED after 1.5 minutes (exited 0)"]);
  const reason = "Essential container in task exited";
  const failed = job({ status: "FAILED", exitCode: 1, statusReason: reason });
  expect(told({ kind: "ended", job: failed }).out[0]).toBe("Job FAILED (exited 1)");
  expect(told({ kind: "ended", job: failed }).out.join()).not.toContain(reason);
});

test("a failure's reasons are told, each once", () => {
  const reason = "Host EC2 (instance i-1) terminated.";
  const failed = job({ status: "FAILED", reason, statusReason: reason });
  const text = told({ kind: "ended", job: failed }).out.join("\n");
  expect(text.split(reason)).toHaveLength(2);
});

test("why a job waits is told on standard error with the next step, and can do nothing to a terminal", () => {
  const diagnosis = {
    id: "job.x",
    mark: "unknown",
    says: "AWS says \x1b[2Jno.",
    mend: "Wait.",
    takes: [],
  } as const;
  const { out, err } = told({ kind: "waiting", diagnosis });
  expect(out).toEqual([]);
  expect(err).toEqual(["The job waits: AWS says no.", "What to do: Wait."]);
});

test.each<[JobEvent, RegExp]>([
  [{ kind: "trouble", reason: "connect ENOTFOUND" }, /can't be reached.*ENOTFOUND.*still trying/],
  [{ kind: "locked-out", reason: "expired" }, /credentials.*expired.*Renew.*watch/],
  [{ kind: "recovered" }, /reached again/],
  [{ kind: "no-log", why: "denied", refusal: readRefusal("") }, /logs:GetLogEvents/],
  [
    {
      kind: "no-log",
      why: "denied",
      refusal: readRefusal("x with an explicit deny in a VPC endpoint policy"),
    },
    /AWS says: “x with .*”\. A policy denies .*network/,
  ],
  [{ kind: "no-log", why: "lasting trouble" }, /rest of the job's log/],
  [{ kind: "no-log", why: "missing" }, /has no stream of it/],
])("%j is told on standard error", (event, words) => {
  const { out, err } = told(event);
  expect(out).toEqual([]);
  expect(err.join("\n")).toMatch(words);
});
