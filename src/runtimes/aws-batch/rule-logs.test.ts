import { expect, test } from "vitest";
import { readCentralDirectory } from "../../archive/read.ts";
import type { ArchiveInput, RandomAccess } from "../../archive/types.ts";
import { packSmall } from "../../archive/write.ts";
import { makeJob } from "../../checks/job/testing.ts";
import { readRuleLogs } from "./rule-logs.ts";

const START = Date.UTC(2026, 0, 15, 12);
const signal = new AbortController().signal;

/** An archive in memory that holds these files; a number makes a file that old (minutes before the job's start). */
async function archiveOf(files: Readonly<Record<string, string | readonly [string, number]>>) {
  const inputs = Object.entries(files).map(([path, file]): ArchiveInput => {
    const [text, age] = typeof file === "string" ? ([file, -1] as const) : file;
    const source = Buffer.from(text);
    const mtimeMs = START - age * 60_000;
    return { path, kind: "file", source, size: source.length, mtimeMs, mode: 0o644 };
  });
  const bytes = await packSmall(inputs, { signal });
  const source: RandomAccess = {
    size: bytes.length,
    async *read(offset, length) {
      yield bytes.subarray(offset, offset + length);
    },
  };
  return { source, entries: (await readCentralDirectory(source)).entries };
}

const job = (...command: string[]) =>
  makeJob({
    startedAt: START,
    origin: {
      queue: "q",
      definition: "d",
      command: ["/sbin/entrypoint-aws-batch", "env", "--chdir", "/nextstrain/build", "--", ...command],
      submittedAt: 0,
    },
  });
const failed = (...logs: string[]) => [{ rule: "tree", logs }];
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}`);

test("the last twenty lines of a rule's log are read", async () => {
  const archive = await archiveOf({ "logs/tree.txt": `${numbered(50).join("\n")}\n` });
  expect(await readRuleLogs(archive, job("snakemake"), failed("logs/tree.txt"), signal)).toEqual([
    { rule: "tree", path: "logs/tree.txt", lines: numbered(50).slice(-20) },
  ]);
});

test("of a log of 13 MB the end is read as well", async () => {
  const archive = await archiveOf({ log: numbered(1_000_000).join("\n") });
  const [found] = await readRuleLogs(archive, job("snakemake"), failed("log"), signal);
  expect(found?.lines).toEqual(numbered(1_000_000).slice(-20));
});

test.each([
  ["below the build root", "sub/logs/a", "/nextstrain/build/sub", []],
  ["with --directory", "work/logs/a", "/nextstrain/build", ["--directory", "work"]],
  ["with --directory=", "sub/work/logs/a", "/nextstrain/build/sub", ["--directory=work"]],
])("Snakemake that runs %s has its logs there", async (_, path, chdir, args) => {
  const archive = await archiveOf({ [path]: "here" });
  const run = job("snakemake", ...args);
  const command = run.origin?.command.map((word) => (word === "/nextstrain/build" ? chdir : word)) ?? [];
  const there = makeJob({
    startedAt: START,
    origin: { queue: "q", definition: "d", command, submittedAt: 0 },
  });
  const [found] = await readRuleLogs(archive, there, failed("logs/a"), signal);
  expect(found?.lines).toEqual(["here"]);
});

test("an absolute path in the build root is found", async () => {
  const archive = await archiveOf({ "logs/a": "here" });
  const [found] = await readRuleLogs(archive, job("snakemake"), failed("/nextstrain/build/logs/a"), signal);
  expect(found?.lines).toEqual(["here"]);
});

test.each(["../secret", "logs/../../secret", "/etc/passwd", "", "logs/\u0000a", "logs"])(
  "the path %j shows nothing",
  async (path) => {
    const archive = await archiveOf({ secret: "no", "../secret": "no", "etc/passwd": "no", "logs/x": "no" });
    const [found] = await readRuleLogs(archive, job("snakemake"), failed(path), signal);
    expect(found?.lines).toBeUndefined();
  },
);

test("a log from before the job is not taken for the job's", async () => {
  const archive = await archiveOf({ "logs/a": ["of last week", 10_000] });
  const [found] = await readRuleLogs(archive, job("snakemake"), failed("logs/a"), signal);
  expect(found?.lines).toBeUndefined();
});

test("of many logs, five are shown, each once", async () => {
  const archive = await archiveOf({ a: "a" });
  const rules = Array.from({ length: 50 }, (_, index) => ({ rule: `r${index}`, logs: ["a", `b${index}`] }));
  const found = await readRuleLogs(archive, job("snakemake"), rules, signal);
  expect(found.map(({ path }) => path)).toEqual(["a", "b0", "b1", "b2", "b3"]);
});
