// Protects what is told of a job that several tell of: this computer's record, the queue's list, and Batch itself.
import { expect, test } from "vitest";
import { numberedRun, recordOf } from "../../../../test/support/records.ts";
import type { Job } from "../../../aws/batch.ts";
import type { ListedJob } from "../../../aws/jobs.ts";
import type { RunRecord } from "../../../runs/types.ts";
import { merge } from "./collect.ts";
import { factsOf, hasResultsLeft, ofListed, ofRecord } from "./known-job.ts";

const runId = numberedRun(1);
const record = (more: Partial<RunRecord> = {}) => recordOf(runId, { createdAt: 1_000, ...more });
const listed = (more: Partial<ListedJob> = {}): ListedJob => ({
  id: record().jobId as ListedJob["id"],
  name: runId,
  status: "RUNNING",
  createdAt: 2_000,
  ...{
    startedAt: 3_000,
    stoppedAt: undefined,
    statusReason: undefined,
    reason: undefined,
    exitCode: undefined,
  },
  ...more,
});

test("a record's job in the list is one job, and those of others stand beside it, the newest first", () => {
  const other = listed({ id: "other" as ListedJob["id"], name: numberedRun(9), createdAt: 9_000 });
  const jobs = merge([ofRecord(record({ status: "RUNNABLE" }))], [other, listed()].map(ofListed));
  expect(jobs.map(factsOf)).toMatchObject([
    { runId: other.name, status: "RUNNING", directory: undefined },
    { runId, status: "RUNNING", directory: "/data/zika", createdAt: 2_000 },
  ]);
});

test("a job whose submission got no answer is found by its name", () => {
  const { jobId: _, ...rest } = record({ status: undefined });
  const jobs = merge([ofRecord(rest)], [ofListed(listed())]);
  expect(jobs.map(factsOf)).toMatchObject([
    { runId, jobId: listed().id, status: "RUNNING", directory: "/data/zika" },
  ]);
});

test("an end that is recorded is not undone by an older list", () => {
  expect(factsOf({ ...ofRecord(record()), listed: listed() }).status).toBe("SUCCEEDED");
});

test.each<[string, Partial<RunRecord>, object, string]>([
  ["submitted", { status: undefined }, {}, "SUBMITTED"],
  ["not yet submitted", { status: undefined, jobId: undefined }, {}, "UNSUBMITTED"],
  ["forgotten before its end was seen", { status: "RUNNING" }, { isForgotten: true }, "UNKNOWN"],
  ["forgotten", {}, { isForgotten: true }, "SUCCEEDED"],
])("a job that is %s", (_, change, more, status) => {
  const { jobId, ...rest } = { ...record(), ...change };
  expect(factsOf({ runId: rest.runId, jobId, record: { ...rest, jobId }, ...more }).status).toBe(status);
});

test("results are left until they are brought home or deleted, but where the job never ran", () => {
  const day = 86_400_000;
  const left = (change: Partial<RunRecord>, now = 600_000) =>
    hasResultsLeft(factsOf(ofRecord(record(change))), now);
  expect(left({})).toBe(true);
  expect(left({ downloadedAt: 1 })).toBe(false);
  expect(left({ startedAt: undefined })).toBe(false);
  expect(left({ status: "RUNNING" })).toBe(false);
  // The rule's days are counted from when the job wrote its results.
  const expiresAt = 1_000 + 30 * day;
  expect(left({ expiresAt, endedAt: 1_000 + day }, 31 * day)).toBe(true);
  expect(left({ expiresAt, endedAt: 1_000 + day }, 31 * day + 1_001)).toBe(false);
});

test("what Batch says now counts more than what was recorded", () => {
  const job = {
    ...{ id: record().jobId, name: runId, status: "FAILED", exitCode: 137, startedAt: 5, stoppedAt: 9 },
    ...{ logStreams: ["s"], environment: new Map(), maxAttempts: 1 },
  } as unknown as Job;
  expect(factsOf({ ...ofRecord(record()), job })).toMatchObject({
    status: "FAILED",
    exitCode: 137,
    stoppedAt: 9,
    logStreams: ["s"],
  });
});
