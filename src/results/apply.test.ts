import { readdirSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ArchiveError } from "../archive/errors.ts";
import type { ArchiveEntry } from "../archive/types.ts";
import { UserError } from "../errors.ts";
import { ownTemporaryName } from "../runs/temporaries.ts";
import { temporaryName } from "../workflow/temporary.ts";
import { applyPlan, type FetchEntries } from "./apply.ts";
import { batches } from "./batches.ts";
import { planResults } from "./plan.ts";
import {
  archiveOf,
  beginRun,
  bringBack,
  entryOf,
  fetchFrom,
  jobTime,
  put,
  readTree,
  runId,
  tempTree,
} from "./test-support.ts";

const apart = { runId, onEvent: () => {}, signal: new AbortController().signal, now: 0 };

async function planFor(root: string, contents: ReadonlyMap<ArchiveEntry, string>) {
  return planResults({ root, runId, entries: [...contents.keys()], began: beginRun(root) });
}

test("an edit made while results arrive is kept: a conflict", async () => {
  using tree = tempTree({ "d/a.txt": "before", "d/deleted": "before" });
  const contents = archiveOf({ "d/a.txt": "theirs", "d/deleted": "theirs", "d/new": "theirs" });
  const plan = await planFor(tree.root, contents);
  const { fetch } = fetchFrom(contents, (entry) => {
    if (entry.path === "d/deleted") rmSync(join(tree.root, entry.path));
    else put(tree.root, entry.path, "edited");
  });
  const summary = await applyPlan(plan, { root: tree.root, ...apart, fetch });
  expect(readTree(tree.root)).toEqual({
    "d/a.txt": "edited",
    "d/a.from-job-0f8fad5b.txt": "theirs",
    "d/deleted.from-job-0f8fad5b": "theirs",
    "d/new": "edited",
    "d/new.from-job-0f8fad5b": "theirs",
  });
  expect(summary.conflicts.map(({ beside }) => beside).sort()).toEqual([
    "d/a.from-job-0f8fad5b.txt",
    "d/deleted.from-job-0f8fad5b",
    "d/new.from-job-0f8fad5b",
  ]);
});

test("of several programs that bring the same results back each finds those of the others", async () => {
  const theirs = { "d/a.txt": "theirs", "d/deleted": "theirs", "d/new": "theirs", "d/mine": "theirs" };
  using tree = tempTree({ "d/a.txt": "before", "d/deleted": "before", "d/mine": "before" });
  const contents = archiveOf(theirs);
  const began = beginRun(tree.root);
  put(tree.root, "d/mine", "edited");
  const entries = [...contents.keys()];
  const plans = [];
  for (let at = 0; at < 3; at++) plans.push(await planResults({ root: tree.root, runId, entries, began }));
  // One is done before the others have written anything; those two go side by side.
  const [first, ...others] = plans.map(
    (plan) => async () => applyPlan(plan, { root: tree.root, ...apart, fetch: fetchFrom(contents).fetch }),
  );
  const summaries = [await first?.(), ...(await Promise.all(others.map((apply) => apply())))];
  expect(readTree(tree.root)).toEqual({
    ...theirs,
    "d/mine": "edited",
    "d/mine.from-job-0f8fad5b": "theirs",
  });
  for (const summary of summaries) {
    expect(summary?.conflicts.map(({ beside }) => beside)).toEqual(["d/mine.from-job-0f8fad5b"]);
    expect(summary?.failed).toEqual([]);
  }
});

test("what the file system refuses fails alone; the rest arrives, and nothing half-written stays", async () => {
  using tree = tempTree({ a: "1" });
  const contents = archiveOf({ a: "2", "d/x": "1", "e/y": "3" });
  const plan = await planFor(tree.root, contents);
  put(tree.root, "d", "now a file");
  const summary = await applyPlan(plan, { root: tree.root, ...apart, fetch: fetchFrom(contents).fetch });
  expect(summary.failed.map(({ path }) => path)).toEqual(["d/x"]);
  expect(readTree(tree.root)).toEqual({ a: "2", d: "now a file", "e/y": "3" });
});

test("after a file that could not be written, the next one's bytes are its own", async () => {
  using tree = tempTree();
  const contents = archiveOf({ "d/x": "first", e: "second" });
  const plan = await planFor(tree.root, contents);
  put(tree.root, "d", "now a file");
  // All in one stream, as they come from the archive.
  const fetch: FetchEntries = async function* (entries) {
    const stream = entries.flatMap((entry) =>
      [...(contents.get(entry) ?? "")].map((byte) => Buffer.from(byte)),
    );
    const take = async function* (count: number) {
      for (let taken = 0; taken < count; taken++) yield stream.shift() ?? Buffer.of();
    };
    for (const entry of entries) yield { entry, data: take(entry.size) };
  };
  await applyPlan(plan, { root: tree.root, ...apart, fetch });
  expect(readTree(tree.root)).toEqual({ d: "now a file", e: "second" });
});

test("nothing half-written stays where the conflict's own place has gone, too", async () => {
  using tree = tempTree({ "root/data/real": "1", "root/sub/x": "1", "out/x": "1" });
  const root = join(tree.root, "root");
  symlinkSync("../data/real", join(root, "sub/link"));
  const contents = archiveOf({ "data/real": "1", "sub/x": "1", "sub/link": "2" });
  const plan = await planFor(root, contents);
  const { fetch } = fetchFrom(contents, () => {
    put(root, "data/real", "edited");
    rmSync(join(root, "sub"), { recursive: true });
    symlinkSync("../out", join(root, "sub"));
  });
  const summary = await applyPlan(plan, { root, ...apart, fetch });
  expect(summary.failed.map(({ path }) => path)).toEqual(["sub/link"]);
  expect(readTree(tree.root)).toEqual({ "root/data/real": "edited", "root/sub/x": "1", "out/x": "1" });
});

test.each([
  ["early", 10, 9],
  ["late", 10, 11],
  ["early, of a large file", 300_000, 1],
  ["late, of a large file", 300_000, 300_001],
])("bytes that end %s are not taken for the file", async (_when, announced, sent) => {
  using tree = tempTree({ a: "1" });
  const contents = archiveOf({ a: "2".repeat(announced) });
  const plan = await planFor(tree.root, contents);
  for (const entry of contents.keys()) contents.set(entry, "2".repeat(sent));
  const summary = await applyPlan(plan, { root: tree.root, ...apart, fetch: fetchFrom(contents).fetch });
  expect(summary.failed).toHaveLength(1);
  expect(readTree(tree.root)).toEqual({ a: "1" });
});

test("what fetch throws ends it, with nothing half-written left", async () => {
  using tree = tempTree({ a: "1" });
  const contents = archiveOf({ a: "22", b: "33" });
  const plan = await planFor(tree.root, contents);
  const fetch: FetchEntries = async function* (entries) {
    for (const entry of entries) {
      yield {
        entry,
        data: (async function* () {
          yield Buffer.from("2");
          throw new UserError("gone");
        })(),
      };
    }
  };
  await expect(applyPlan(plan, { root: tree.root, ...apart, fetch })).rejects.toThrow("gone");
  expect(readTree(tree.root)).toEqual({ a: "1" });
});

test("an entry that is damaged is named and costs no other, and what is here of it stays", async () => {
  using tree = tempTree({ a: "1", b: "1" });
  const noteOn = (path: string) => `.snakemake/metadata/${Buffer.from(path).toString("base64")}`;
  const contents = archiveOf({
    ...{ a: "22", b: "33", "d/large": "4".repeat(600_000), e: "55" },
    ...{ [noteOn("a")]: "note on a", [noteOn("b")]: "note on b", [noteOn("d")]: "note on d" },
  });
  const plan = await planFor(tree.root, contents);
  const isDamaged = (path: string) => path === "a" || path === "d/large";
  const fetch: FetchEntries = async function* (entries) {
    for (const entry of entries) {
      yield {
        entry,
        data: (async function* () {
          const bytes = Buffer.from(contents.get(entry) ?? "");
          yield bytes.subarray(0, 1);
          if (isDamaged(entry.path)) throw new ArchiveError("wrong-crc", `${entry.path} is damaged`);
          yield bytes.subarray(1);
        })(),
      };
    }
  };
  const events: string[] = [];
  const summary = await applyPlan(plan, {
    root: tree.root,
    ...apart,
    fetch,
    onEvent: (event) => event.kind === "damaged" && events.push(event.path),
  });
  expect(events).toEqual(["a", "d/large"]);
  expect(summary.damaged).toEqual([
    { path: "a", why: "a is damaged" },
    { path: "d/large", why: "d/large is damaged" },
  ]);
  expect(summary.failed).toEqual([]);
  const rest = { a: "1", b: "33", "d/": "", e: "55", [noteOn("b")]: "note on b" };
  expect(readTree(tree.root)).toEqual(rest);
});

test("what fetch leaves out is an error", async () => {
  using tree = tempTree();
  const plan = await planFor(tree.root, archiveOf({ a: "1" }));
  const fetch: FetchEntries = async function* () {};
  await expect(applyPlan(plan, { root: tree.root, ...apart, fetch })).rejects.toThrow("not fetched: a");
});

test("the signal ends it between two pieces, with nothing half-written left", async () => {
  using tree = tempTree({ a: "1" });
  const contents = archiveOf({ a: "22", b: "33" });
  const plan = await planFor(tree.root, contents);
  const stop = new AbortController();
  const result = applyPlan(plan, {
    root: tree.root,
    ...apart,
    fetch: fetchFrom(contents).fetch,
    signal: stop.signal,
    onEvent: ({ kind }) => kind === "progress" && stop.abort(new Error("stopped")),
  });
  await expect(result).rejects.toThrow("stopped");
  expect(readTree(tree.root)).toEqual({ a: "1" });
});

test("leftovers of a program that has ended are swept, those of a living one are not", async () => {
  using tree = tempTree({ "d/a": "1" });
  const own = ownTemporaryName();
  const dead = own.replace(/-p\d+$/, "-p4194999");
  const foreign = temporaryName("x");
  const began = beginRun(tree.root);
  for (const name of [own, dead, foreign]) put(tree.root, `d/${name}`, "half");
  await bringBack(tree.root, archiveOf({ "d/a": "2" }), began, { now: Date.now() });
  expect(readdirSync(join(tree.root, "d")).sort()).toEqual([own, foreign, "a"].sort());
  await bringBack(tree.root, archiveOf({ "d/a": "3", "d/b": "1" }), began, {
    now: Date.now() + 25 * 3600_000,
  });
  expect(readdirSync(join(tree.root, "d"))).not.toContain(foreign);
});

test.each([
  ["has the job's content and time", jobTime],
  ["has the job's content and another time", jobTime + 60_000],
])("leftovers are swept also where a file %s, so that nothing is written", async (_, mtimeMs) => {
  using tree = tempTree({ "d/a": "1" });
  const began = beginRun(tree.root);
  put(tree.root, `d/${ownTemporaryName().replace(/-p\d+$/, "-p4194999")}`, "half");
  put(tree.root, "d/a", "2");
  utimesSync(join(tree.root, "d/a"), mtimeMs / 1000, mtimeMs / 1000);
  await bringBack(tree.root, archiveOf({ "d/a": "2" }), began);
  expect(readdirSync(join(tree.root, "d"))).toEqual(["a"]);
});

test("leftovers are swept also where the job's version lies beside a file already", async () => {
  using tree = tempTree({ a: "1" });
  const began = beginRun(tree.root);
  put(tree.root, "a", "mine");
  await bringBack(tree.root, archiveOf({ a: "2" }), began);
  put(tree.root, ownTemporaryName().replace(/-p\d+$/, "-p4194999"), "half");
  await bringBack(tree.root, archiveOf({ a: "2" }), began);
  expect(readdirSync(tree.root).sort()).toEqual(["a", `a.from-job-${runId.slice(0, 8)}`]);
});

test("the bits of a new file without known permissions are the usual ones", async () => {
  using tree = tempTree({ like: "this" });
  await bringBack(tree.root, archiveOf({ a: "1" }, { mode: undefined }), beginRun(tree.root));
  expect(statSync(join(tree.root, "a")).mode).toBe(statSync(join(tree.root, "like")).mode);
});

test("entries are fetched in batches of neighbours", () => {
  const mib = 1024 * 1024;
  const at = (offset: number, compressedSize: number) =>
    entryOf(`${offset}`, "", { localHeaderOffset: offset, compressedSize });
  const found = batches([at(9, 1), at(1, 6 * mib), at(2, 2 * mib), at(3, 100 * mib), at(0, 0)]);
  expect(found.map((batch) => batch.map(({ path }) => path))).toEqual([["0", "1", "2"], ["3"], ["9"]]);
  expect(batches([])).toEqual([]);
});
