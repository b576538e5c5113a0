import { expect, test } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import type { Job, JobAttempt } from "../../aws/batch.ts";
import { readRefusal } from "../../aws/refusal.ts";
import { createReport } from "./stages.ts";
import type { JobEvent } from "./watch.ts";

function told(...events: readonly JobEvent[]) {
  const { io, output } = testContext();
  const report = createReport(io, false);
  for (const event of events) report(event);
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

test.each<[Partial<JobAttempt>, string]>([
  [
    { statusReason: "Host EC2 (instance i-1) terminated." },
    ", after a Spot reclaim: “Host EC2 (instance i-1) terminated”",
  ],
  [
    { statusReason: "Your Spot Task was interrupted." },
    ", after a Spot reclaim: “Your Spot Task was interrupted”",
  ],
  [
    { reason: "OutOfMemoryError: Container killed", statusReason: "Essential container in task exited" },
    ", after “OutOfMemoryError: Container killed”",
  ],
  [{ exitCode: 3, statusReason: "Essential container in task exited" }, ", after exit status 3"],
  [{}, ", after one that failed"],
])("another attempt says how the one before ended: %j", (after, words) => {
  const nothing = { exitCode: undefined, reason: undefined, statusReason: undefined };
  const event = { kind: "attempt", number: 2, of: 3, after: { ...nothing, ...after } } as const;
  expect(told(event).out).toEqual([`Attempt 2 of 3${words}`]);
});

test("files that are still being counted as the job ends are told of before its end", () => {
  const lines = ["+ zip -u /nextstrain/build.zip -r .", "  adding: a", "  adding: b"];
  const log = {
    kind: "log",
    stream: "s",
    lines: lines.map((message) => ({ timestamp: 0, message })),
  } as const;
  expect(told(log, { kind: "ended", job: job({ status: "SUCCEEDED" }) }).out).toEqual([
    "[batch] [1970-01-01T00:00:00+00:00] + zip -u /nextstrain/build.zip -r .",
    "[batch] [1970-01-01T00:00:00+00:00]   (2 files and directories packed)",
    "Job SUCCEEDED",
  ]);
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
  [{ kind: "recovered", from: "trouble" }, /reached again/],
  [
    { kind: "no-log", why: "denied", group: "/lab", refusal: readRefusal("") },
    /logs:GetLogEvents on the log group \/lab\)/,
  ],
  [
    {
      kind: "no-log",
      why: "denied",
      group: "/lab",
      refusal: readRefusal("x with an explicit deny in a VPC endpoint policy"),
    },
    /AWS says: “x with .*”\. A policy denies .*network/,
  ],
  [{ kind: "no-log", why: "lasting trouble" }, /rest of the job's log/],
  [{ kind: "no-log", why: "missing", group: "/lab" }, /has no stream of it in the log group \/lab\./],
  [{ kind: "no-log", why: "elsewhere", where: "the log driver splunk" }, /sends it to the log driver splunk/],
  [
    { kind: "no-log", why: "refused", reason: "it is full" },
    /can't be shown: it is full\. The watch goes on/,
  ],
  [{ kind: "unlisted" }, /does not list the job/],
  [{ kind: "recovered", from: "unlisted" }, /lists the job again/],
])("%j is told on standard error", (event, words) => {
  const { out, err } = told(event);
  expect(out).toEqual([]);
  expect(err.join("\n")).toMatch(words);
});
