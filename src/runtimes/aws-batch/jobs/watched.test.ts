// Protects the screen of `jobs watch`: a line for each job, progress and time left as Snakemake's log tells them, and nothing that a log could do to a terminal.
import { expect, test } from "vitest";
import { numberedRun, recordOf } from "../../../../test/support/records.ts";
import type { RunRecord } from "../../../runs/types.ts";
import type { KnownJob } from "./known-job.ts";
import { beginWatched, lastWords, screenText } from "./watched.ts";

const now = Date.UTC(2026, 10, 30);
const known = (number: number, more: Partial<RunRecord> = {}): KnownJob => {
  const record = recordOf(numberedRun(number), { startedAt: now - 600_000, endedAt: undefined, ...more });
  return { runId: record.runId, jobId: record.jobId, record };
};

test("tells how far each job has come", () => {
  const running = beginWatched("aaaa", known(1, { status: "RUNNING" }), now - 1_000);
  for (const line of ["10 of 40 steps (25%) done"]) running.progress.push(line);
  running.lastLine = "aligning";
  const waiting = beginWatched("bbbb", known(2, { status: "RUNNABLE" }), now - 65_000);
  const ended = beginWatched("cccc", known(3, { status: "SUCCEEDED", endedAt: now }), now);
  ended.results = "results are here";
  expect(screenText([running, waiting, ended], { now })).toBe(
    [
      "1 RUNNING, 1 RUNNABLE, 1 SUCCEEDED. Control-C leaves them alone.",
      "aaaa  RUNNING for 10m 00s: 10 of 40 steps, about 30m 00s left  aligning",
      "bbbb  RUNNABLE for 1m 05s  /data/zika",
      "cccc  SUCCEEDED after 10m 00s  results are here  /data/zika",
    ].join("\n"),
  );
});

test("of more than fit, those that run are shown", () => {
  const jobs = Array.from({ length: 50 }, (_, index) =>
    beginWatched(`id${index}`, known(index, { status: index === 49 ? "RUNNING" : "RUNNABLE" }), now),
  );
  const lines = screenText(jobs, { now }).split("\n");
  expect(lines[1]).toMatch(/^id49 {2}RUNNING/);
  expect(lines).toHaveLength(22);
  expect(lines.at(-1)).toBe("and 30 more");
});

test("with keys, the chosen job is marked and on the screen, whatever its height", () => {
  const jobs = Array.from({ length: 50 }, (_, index) =>
    beginWatched(`id${index}`, known(index, { status: "RUNNABLE" }), now),
  );
  const text = (chosen: number, rows: number) =>
    screenText(jobs, { now, rows, chosen: jobs[chosen], keys: "the keys" }).split("\n");
  for (const [chosen, rows] of [
    [0, 10],
    [30, 10],
    [49, 4],
    [49, 1000],
  ] as const) {
    const lines = text(chosen, rows);
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(lines.filter((line) => line.startsWith("> "))).toEqual([
      expect.stringMatching(`^> id${chosen} {2}RUNNABLE`),
    ]);
    expect(lines.slice(-2)).toEqual([expect.stringMatching(/^and \d+ more$/), "the keys"]);
  }
});

test.each([
  [["one", "two\n"], "two"],
  [["one", "\x1b[31mred\x1b[0m\ttext", "  "], "red text"],
  [["\x1b[2J"], undefined],
  [[], undefined],
])("the last words of %j", (messages, said) => {
  expect(lastWords(messages)).toBe(said);
});
