import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createProgressReader, type Progress } from "./snakemake-log.ts";

/** Written by Snakemake 7.21 (`snakemake --cores 2 --printshellcmds`) for a workflow of five jobs. */
const fixture = (name: string) =>
  readFileSync(new URL(`fixtures/snakemake-7-${name}.log`, import.meta.url), "utf8").split("\n");

function read(lines: readonly string[]): Progress {
  const reader = createProgressReader();
  for (const line of lines) reader.push(line);
  return reader.state();
}
/** The state after the first line that holds a text, and all before it. */
function upTo(lines: readonly string[], text: string): Progress {
  const end = lines.findIndex((line) => line.includes(text));
  expect(end).toBeGreaterThan(-1);
  return read(lines.slice(0, end + 1));
}

test("before the log says so, nothing is known", () => {
  expect(read(["Building DAG of jobs..."])).toEqual({ done: 0, total: undefined, running: [], failed: [] });
});

describe("a run of Snakemake 7 that succeeds", () => {
  const lines = fixture("succeeds");
  test("says at the start how many steps there are", () => {
    expect(upTo(lines, "Select jobs")).toMatchObject({ done: 0, total: 5, running: [] });
  });
  test("has a rule running from its job id on", () => {
    expect(upTo(lines, "rule filter:").running).toEqual([]);
    expect(upTo(lines, "jobid: 3").running).toEqual(["filter"]);
    expect(upTo(lines, "Finished job 3.").running).toEqual([]);
  });
  test("shows a rule's message where it has one", () => {
    expect(upTo(lines, "Job 2:").running).toEqual(["Aligning sequences to results/aligned.fasta"]);
  });
  test("has several rules running at a time, in the order they began", () => {
    expect(upTo(lines, "jobid: 4")).toMatchObject({ done: 2, total: 5, running: ["tree", "report"] });
    expect(upTo(lines, "Finished job 1.").running).toEqual(["report"]);
  });
  test("ends with all steps done", () => {
    expect(read(lines)).toEqual({ done: 5, total: 5, running: [], failed: [] });
  });
});

test("a run of Snakemake 7 that fails names the rule and its log, and counts the steps that were done", () => {
  const lines = fixture("fails");
  expect(upTo(lines, "Error in rule tree:").failed).toEqual([{ rule: "tree", logs: [] }]);
  expect(read(lines)).toEqual({
    done: 3,
    total: 5,
    running: [],
    failed: [{ rule: "tree", logs: ["logs/tree.txt"] }],
  });
});

test("colours, our prefix and line ends don't matter", () => {
  const lines = fixture("fails").map(
    (line) => `[batch] [2026-11-22T15:04:05+00:00] \u001b[33m${line}\u001b[0m\r\n`,
  );
  expect(read(lines)).toEqual(read(fixture("fails")));
});

test("later versions' words are understood", () => {
  const lines = [
    "Job stats:",
    "job      count",
    "-----  -------",
    "tree         1",
    "total        3",
    "",
    "[Sun Nov 22 18:24:23 2026]",
    "localcheckpoint split:",
    "    jobid: 2",
    "    threads: 1",
    "rule tree:",
    "    input: a",
    "    jobid: 1",
    "Finished jobid: 2 (Rule: split)",
    "1 of 3 steps (33%) done",
    "[Sun Nov 22 18:24:24 2026]",
    "Error in rule tree:",
    "    message: None",
    "    jobid: 1",
    "    log: logs/a.txt, logs/b.txt (check log file(s) for error details)",
    "    shell:",
    "        log: not this one",
  ];
  expect(read(lines.slice(0, 13))).toMatchObject({ total: 3, running: ["split", "tree"] });
  expect(read(lines.slice(0, -1))).toEqual({
    done: 1,
    total: 3,
    running: [],
    failed: [{ rule: "tree", logs: ["logs/a.txt", "logs/b.txt"] }],
  });
});

test("a Snakemake that runs within the run doesn't turn progress back", () => {
  const lines = ["Job stats:", "total  7", "2 of 7 steps (29%) done", "1 of 1 steps (100%) done"];
  expect(read(lines)).toMatchObject({ done: 2, total: 7 });
});

test("steps that a checkpoint adds raise the total", () => {
  expect(read(["1 of 3 steps (33%) done", "2 of 9 steps (22%) done"])).toMatchObject({ done: 2, total: 9 });
});

test("a job that is tried again has not failed", () => {
  const failing = ["rule a:", "    jobid: 1", "Error in rule a:", "    jobid: 1", "    log: x"];
  expect(read(failing).failed).toEqual([{ rule: "a", logs: ["x"] }]);
  const again = [...failing, "Trying to restart job 1.", "rule a:", "    jobid: 1"];
  expect(read(again)).toMatchObject({ running: ["a"], failed: [] });
});

test("output of the rules' own programs is passed over", () => {
  const lines = [
    "total 12",
    "  jobid: 9",
    "ERROR: Error in rule x: no",
    "rule of thumb:",
    "1 of 2 files done",
    "Job 3 is fine",
  ];
  expect(read(lines)).toEqual({ done: 0, total: undefined, running: [], failed: [] });
});
