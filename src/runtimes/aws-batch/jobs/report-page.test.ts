// Protects the report: all of a job on one page that asks for nothing from elsewhere, that no name can break out of, and that stays small.
import { expect, test } from "vitest";
import { numberedRun, recordOf } from "../../../../test/support/records.ts";
import type { TimedRule } from "../../../workflow/snakemake-timeline.ts";
import { factsOf, ofRecord } from "./known-job.ts";
import { reportPage } from "./report-page.ts";

const start = Date.UTC(2026, 10, 30);
const facts = factsOf(
  ofRecord(
    recordOf(numberedRun(1), {
      ...{ createdAt: start, submittedAt: start, startedAt: start + 60_000, endedAt: start + 3_660_000 },
      ...{ status: "FAILED", exitCode: 1, directory: "/data/<b>zika</b>&\"'" },
      attempts: [{ exitCode: 137, reason: "OutOfMemoryError: <script>alert(1)</script>" }],
    }),
  ),
);
const rule = (number: number, more: Partial<TimedRule> = {}): TimedRule => ({
  ...{ rule: `rule_${number % 40}`, job: String(number), wildcards: `i=${number}`, threads: 1 },
  startedAt: start + 60_000 + Math.floor(number / 8) * 2_000,
  endedAt: start + 60_000 + Math.floor(number / 8) * 2_000 + 1_900,
  failed: false,
  ...more,
});
const page = (rules: readonly TimedRule[], more: object = {}) =>
  reportPage({
    ...{
      facts,
      rules,
      packedFrom: start + 3_600_000,
      why: [],
      withoutLog: undefined,
      now: start + 4_000_000,
    },
    ...more,
  });

test("has a bar for each job, in as many lanes as ran beside each other, and says what failed", () => {
  const failed = rule(9, { rule: "align", failed: true, threads: 4 });
  const made = page([...Array.from({ length: 8 }, (_, number) => rule(number)), failed], {
    why: ["Why the job failed: <x>"],
  });
  expect(made.match(/<rect class="bar /g)).toHaveLength(9);
  expect(new Set([...made.matchAll(/class="bar [^"]*" x="[^"]*" y="(\d+)"/g)].map(([, y]) => y)).size).toBe(
    8,
  );
  expect(made).toContain("(8 at most, by the rules' threads)");
  expect(made).toContain("align (i=9): 1s, failed");
  expect(made).toContain("Why the job failed: &#60;x&#62;");
  for (const state of ["waited 1m 00s", "ran 59m 00s", "packed 1m 00s"]) expect(made).toContain(state);
});

test("10,000 jobs make less than 5 MB, and nothing is asked for from elsewhere", () => {
  const made = page(Array.from({ length: 10_000 }, (_, number) => rule(number)));
  expect(made.match(/<rect class="bar /g)).toHaveLength(10_000);
  expect(Buffer.byteLength(made)).toBeLessThan(5_000_000);
  expect(made).not.toMatch(/\s(?:src|href)=|url\(|https?:|@import/);
  expect(made).toContain("default-src 'none'");
});

test("names and reasons are text, whatever they hold", () => {
  const made = page([rule(1, { rule: '"><script>alert(2)</script>', wildcards: "x=<img>" })]);
  expect(made.match(/<script/g)).toHaveLength(1);
  expect(made).not.toMatch(/<img|<b>zika/);
});

test("a job that never ran, and one whose log is gone, have a page, too", () => {
  const waiting = { ...facts, status: "RUNNABLE" as const, startedAt: undefined, stoppedAt: undefined };
  expect(page([], { facts: waiting, withoutLog: "The job has no log, or not yet." })).toContain(
    "no log, or not yet",
  );
  expect(page([])).toContain("The log tells of no Snakemake jobs.");
});
