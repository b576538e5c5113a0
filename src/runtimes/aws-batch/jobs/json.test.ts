// Protects what programs read of jobs: the form that docs/jobs.md and its schema promise, whatever is known or not.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { breaches } from "../../../../test/support/json-schema.ts";
import { numberedRun, recordOf } from "../../../../test/support/records.ts";
import { toJobId } from "../../../runs/ids.ts";
import type { RunRecord } from "../../../runs/types.ts";
import { jobJson } from "./json.ts";
import { factsOf, type KnownJob, ofRecord } from "./known-job.ts";

const now = Date.UTC(2026, 10, 30);
const known: Record<string, KnownJob> = {
  "a recorded job": ofRecord(
    recordOf(numberedRun(1), {
      ...{ attempts: [{ exitCode: 1, reason: "OutOfMemory" }, {}], vcpus: 4, memoryMib: 7400, sentBytes: 5 },
      ...{ broughtBytes: 7, downloadedAt: now, expiresAt: now, logStreams: ["s"] },
    }),
  ),
  "a job of which nothing but its id is known": { runId: undefined, jobId: toJobId("x") },
  "a run whose archive alone is left": {
    ...{ runId: recordOf(numberedRun(2)).runId, jobId: undefined, isForgotten: true },
    archive: { bucket: "b", key: "k.zip" },
  },
  "a record with times that are none": ofRecord(
    recordOf(numberedRun(3), { startedAt: 1e300, endedAt: -1e300 }),
  ),
};

test.each(Object.keys(known))("%s has the form that is documented", (name) => {
  const json = JSON.parse(JSON.stringify(jobJson(factsOf(known[name] as KnownJob), now)));
  expect(breaches(json, "job")).toEqual([]);
});

test("the schema says what it doesn't allow", () => {
  const { status, ...rest } = jobJson(factsOf(known["a recorded job"] as KnownJob), now);
  expect(breaches({ ...rest, status: "LOST" }, "job")).toEqual([".status: LOST is not listed"]);
  expect(breaches({ ...rest, extra: 1 }, "job")).toEqual([".status: missing", ".extra: not documented"]);
  expect(breaches({ ...rest, status, exitCode: "1" }, "job")).toEqual([
    ".exitCode: string is none of number, null",
  ]);
});

test("docs/jobs.md tells of each field", () => {
  const page = readFileSync(new URL("../../../../docs/jobs.md", import.meta.url), "utf8");
  const fields = Object.keys(jobJson(factsOf(known["a recorded job"] as KnownJob), now)).filter(
    (name) => name !== "urls",
  );
  expect(fields.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

// Its values are all from this computer: a record is written by this program, and read by any version of it.
test("a record from before there were sizes and attempts is complete", () => {
  const { attempts: _, vcpus: __, sentBytes: ___, ...old } = recordOf(numberedRun(4)) as RunRecord;
  expect(breaches(JSON.parse(JSON.stringify(jobJson(factsOf(ofRecord(old)), now))), "job")).toEqual([]);
});
