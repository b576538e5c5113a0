// Protects when the report says that Snakemake's jobs ran: by the logs of Snakemake 7 to 9, each try by itself.
import { expect, test } from "vitest";
import { createTimelineReader } from "./snakemake-timeline.ts";

function read(text: string) {
  const reader = createTimelineReader();
  for (const [index, line] of text.split("\n").entries()) reader.push(line, index);
  return reader
    .rules()
    .map(({ rule, job, startedAt, endedAt, failed }) => [rule, job, startedAt, endedAt, failed]);
}

test("jobs that run beside each other, one with a message, one that the log leaves running", () => {
  expect(
    read(
      `rule align:
    input: a
    jobid: 1
    wildcards: i=0
    threads: 4

[Sun Nov 29 06:34:03 2026]
Job 2: Building the tree
Reason: missing
[batch] [2026-11-29T06:34:03+00:00] Finished job 1.
1 of 3 steps (33%) done
localrule all:
    jobid: 0
Finished jobid: 2 (Rule: tree)`,
    ),
  ).toEqual([
    ["align", "1", 0, 9, false],
    ["Building the tree", "2", 7, 13, false],
    ["all", "0", 11, undefined, false],
  ]);
});

test("a job that fails and is tried again is there twice", () => {
  const start = "rule make:\n    jobid: 5\n";
  expect(
    read(`${start}Error in rule make:\n    jobid: 5\nTrying to restart job 5.\n${start}Finished job 5.`),
  ).toEqual([
    ["make", "5", 0, 3, true],
    ["make", "5", 5, 7, false],
  ]);
});

test("threads and wildcards come with it", () => {
  const reader = createTimelineReader();
  for (const line of ["rule a:", "    jobid: 1", "    wildcards: x=1, y=2", "    threads: 8"])
    reader.push(line, 1);
  expect(reader.rules()).toMatchObject([{ wildcards: "x=1, y=2", threads: 8 }]);
});
