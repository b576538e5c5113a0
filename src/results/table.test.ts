// The table of results, row by row: what the job did, what happened here since the run began, what becomes of it.
import { chmodSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  archiveOf,
  asManifest,
  beginRun,
  bringBack,
  entryOf,
  jobTime,
  put,
  readTree,
  tempTree,
} from "./test-support.ts";
import type { RunFiles } from "./types.ts";

const knowledge: [string, (began: RunFiles) => RunFiles][] = [
  ["the record", (began) => began],
  ["only the manifest, on another computer", asManifest],
];

describe.each(knowledge)("with %s", (_name, known) => {
  test("what the job did not change is left alone, edited, deleted or not", async () => {
    using tree = tempTree({ kept: "1", edited: "1", deleted: "1" });
    const began = known(beginRun(tree.root));
    put(tree.root, "edited", "mine");
    put(tree.root, "new", "mine");
    rmSync(join(tree.root, "deleted"));
    const { summary, asked } = await bringBack(
      tree.root,
      archiveOf({ kept: "1", edited: "1", deleted: "1" }),
      began,
    );
    expect(readTree(tree.root)).toEqual({ kept: "1", edited: "mine", new: "mine" });
    expect(asked).toEqual([]);
    expect(summary).toMatchObject({ left: 3, written: 0, replaced: 0, conflicts: [] });
  });

  test("what the job changed replaces the file that was uploaded and is unchanged here", async () => {
    using tree = tempTree({ a: "before", "d/b.txt": "same size" });
    const began = known(beginRun(tree.root));
    const { summary } = await bringBack(
      tree.root,
      archiveOf({ a: "after!!", "d/b.txt": "SAME SIZE" }),
      began,
    );
    expect(readTree(tree.root)).toEqual({ a: "after!!", "d/b.txt": "SAME SIZE" });
    expect(summary).toMatchObject({ replaced: 2, written: 0, bytes: 16 });
  });

  test("a file that was only touched here counts as unchanged, by its content", async () => {
    using tree = tempTree({ a: "before" });
    const began = known(beginRun(tree.root));
    utimesSync(join(tree.root, "a"), 1, 1);
    await bringBack(tree.root, archiveOf({ a: "after" }), began);
    expect(readTree(tree.root)).toEqual({ a: "after" });
  });

  test("what the job made is written, with its directories", async () => {
    using tree = tempTree({ a: "1" });
    const began = known(beginRun(tree.root));
    const contents = archiveOf({
      a: "1",
      "results/": "",
      "results/x/": "",
      "results/x/tree.json": "{}",
      "e/": "",
    });
    const { summary } = await bringBack(tree.root, contents, began);
    expect(readTree(tree.root)).toEqual({ a: "1", "results/x/tree.json": "{}", "e/": "" });
    expect(summary).toMatchObject({ written: 1, directories: 3 });
  });

  test("what the job changed and the user deleted is written", async () => {
    using tree = tempTree({ "d/a": "1" });
    const began = known(beginRun(tree.root));
    rmSync(join(tree.root, "d"), { recursive: true });
    await bringBack(tree.root, archiveOf({ "d/a": "2" }), began);
    expect(readTree(tree.root)).toEqual({ "d/a": "2" });
  });

  test("a file that has the job's content already is left, its time set", async () => {
    using tree = tempTree({ a: "before" });
    const began = known(beginRun(tree.root));
    put(tree.root, "a", "after");
    put(tree.root, "new", "made");
    const { asked, summary } = await bringBack(tree.root, archiveOf({ a: "after", new: "made" }), began);
    expect(asked).toEqual([]);
    expect(summary).toMatchObject({ timesSet: 2, conflicts: [] });
    expect(statSync(join(tree.root, "a")).mtimeMs).toBe(jobTime);
    expect(statSync(join(tree.root, "new")).mtimeMs).toBe(jobTime);
  });

  test("what both changed, or made, differently is a conflict: ours stays, the job's goes beside", async () => {
    using tree = tempTree({ "d/a.txt": "before" });
    const began = known(beginRun(tree.root));
    put(tree.root, "d/a.txt", "mine!!");
    put(tree.root, "new.tar.gz", "mine");
    const contents = archiveOf({ "d/a.txt": "theirs", "new.tar.gz": "its" });
    const { summary, events } = await bringBack(tree.root, contents, began);
    expect(readTree(tree.root)).toEqual({
      "d/a.txt": "mine!!",
      "d/a.from-job-0f8fad5b.txt": "theirs",
      "new.tar.gz": "mine",
      "new.tar.from-job-0f8fad5b.gz": "its",
    });
    expect(summary.conflicts.map(({ path, beside }) => [path, beside])).toEqual([
      ["d/a.txt", "d/a.from-job-0f8fad5b.txt"],
      ["new.tar.gz", "new.tar.from-job-0f8fad5b.gz"],
    ]);
    expect(events.filter(({ kind }) => kind === "conflict")).toHaveLength(2);
  });

  test("brought back a second time, nothing is fetched and nothing is written", async () => {
    using tree = tempTree({ a: "1", b: "1", c: "1" });
    const began = known(beginRun(tree.root));
    put(tree.root, "b", "mine");
    const contents = archiveOf({ a: "2", b: "2", c: "1", new: "2", empty: "" });
    await bringBack(tree.root, contents, began);
    const before = readTree(tree.root);
    const { asked, summary } = await bringBack(tree.root, contents, began);
    expect(asked).toEqual([]);
    expect(summary).toMatchObject({ written: 0, replaced: 0, timesSet: 0 });
    expect(summary.conflicts).toHaveLength(1);
    expect(readTree(tree.root)).toEqual(before);
  });

  test("Snakemake's state is always replaced, also where it is read-only; nothing else of .snakemake comes", async () => {
    using tree = tempTree({ "phylo/.snakemake/metadata/x": "old" });
    const began = { ...known(beginRun(tree.root)), uploaded: new Map(), excluded: new Map() };
    chmodSync(join(tree.root, "phylo/.snakemake/metadata/x"), 0o444);
    const contents = archiveOf({
      "phylo/.snakemake/metadata/x": "new",
      ".snakemake/log/1.log": "log",
      ".snakemake/locks/0": "lock",
      "phylo/.snakemake/conda/e/f": "conda",
    });
    const { summary } = await bringBack(tree.root, contents, began);
    expect(readTree(tree.root)).toEqual({
      "phylo/.snakemake/metadata/x": "new",
      ".snakemake/log/1.log": "log",
    });
    expect(summary.conflicts).toEqual([]);
  });
});

test("an excluded file that is unchanged here is replaced by what the job made", async () => {
  using tree = tempTree({ "environment.yaml": "before", same: "1" });
  const began = beginRun(tree.root, ["environment.yaml", "same"]);
  utimesSync(join(tree.root, "same"), jobTime / 1000, jobTime / 1000);
  const { asked } = await bringBack(tree.root, archiveOf({ "environment.yaml": "after", same: "1" }), began);
  expect(readTree(tree.root)).toEqual({ "environment.yaml": "after", same: "1" });
  expect(asked).toEqual(["environment.yaml"]);
});

test("an excluded file that was edited here is a conflict", async () => {
  using tree = tempTree({ "environment.yaml": "before" });
  const began = beginRun(tree.root, ["environment.yaml"]);
  put(tree.root, "environment.yaml", "mine");
  await bringBack(tree.root, archiveOf({ "environment.yaml": "after" }), began);
  expect(readTree(tree.root)).toEqual({
    "environment.yaml": "mine",
    "environment.from-job-0f8fad5b.yaml": "after",
  });
});

test("by the manifest alone nobody knows that an excluded file is unchanged: a conflict", async () => {
  using tree = tempTree({ "environment.yaml": "before" });
  const began = asManifest(beginRun(tree.root, ["environment.yaml"]));
  await bringBack(tree.root, archiveOf({ "environment.yaml": "after" }), began);
  expect(readTree(tree.root)).toEqual({
    "environment.yaml": "before",
    "environment.from-job-0f8fad5b.yaml": "after",
  });
});

test("by the manifest alone an edit made since is kept, even where the manifest calls it unchanged", async () => {
  using tree = tempTree({ a: "before" });
  const record = beginRun(tree.root);
  put(tree.root, "a", "edited");
  const { mtimeMs } = statSync(join(tree.root, "a"));
  const forged = asManifest(beginRun(tree.root));
  const kept = { a: "edited", "a.from-job-0f8fad5b": "theirs" };
  await bringBack(tree.root, archiveOf({ a: "theirs" }), { ...forged, beganAt: mtimeMs - 1 });
  expect(readTree(tree.root)).toEqual(kept);
  // Where nobody tells when the run began, by its own time.
  const state = forged.uploaded.get("a");
  if (state === undefined) throw new Error("not recorded");
  const uploaded = new Map([["a", { ...state, mtimeMs: record.uploaded.get("a")?.mtimeMs ?? 0 }]]);
  await bringBack(tree.root, archiveOf({ a: "theirs" }), { ...forged, uploaded, beganAt: undefined });
  expect(readTree(tree.root)).toEqual(kept);
});

test("a record of another directory is believed by contents, whenever they came here", async () => {
  using tree = tempTree({ a: "before" });
  const began: RunFiles = { ...beginRun(tree.root), source: "other record", beganAt: 1 };
  await bringBack(tree.root, archiveOf({ a: "after" }), began);
  expect(readTree(tree.root)).toEqual({ a: "after" });
});

test("an edit that leaves size and times as they were, right after the record, is seen", async () => {
  using tree = tempTree({ a: "before" });
  const began = beginRun(tree.root);
  put(tree.root, "a", "edited");
  const { mtimeMs, ctimeMs } = statSync(join(tree.root, "a"));
  const state = began.uploaded.get("a");
  if (state === undefined) throw new Error("not recorded");
  const racy: RunFiles = {
    ...began,
    uploaded: new Map([["a", { ...state, mtimeMs, ctimeMs }]]),
    beganAt: ctimeMs,
  };
  await bringBack(tree.root, archiveOf({ a: "theirs" }), racy);
  expect(readTree(tree.root)).toEqual({ a: "edited", "a.from-job-0f8fad5b": "theirs" });
});

describe("without record and manifest", () => {
  test("only what the container's zip wrote, and differs, counts as changed", async () => {
    using tree = tempTree({ same: "1", ours: "edited", theirs: "mine" });
    const contents = new Map([
      ...archiveOf({ same: "1", theirs: "2", new: "3" }),
      ...archiveOf({ ours: "uploaded", gone: "uploaded" }, { madeByInfoZip: false }),
    ]);
    const { asked } = await bringBack(tree.root, contents, undefined);
    expect(readTree(tree.root)).toEqual({
      same: "1",
      ours: "edited",
      theirs: "mine",
      "theirs.from-job-0f8fad5b": "2",
      new: "3",
    });
    expect(asked.sort()).toEqual(["new", "theirs"]);
  });
});

test("what was not asked for stays away", async () => {
  using tree = tempTree();
  const contents = archiveOf({ "a.json": "{}", "b.fasta": ">b", "e/": "" });
  await bringBack(tree.root, contents, beginRun(tree.root), { wanted: (path) => path.endsWith(".json") });
  expect(readTree(tree.root)).toEqual({ "a.json": "{}" });
});

test.each([0o022, 0o027, 0o077, 0o002])(
  "the umask %o takes from permission bits what it would from a local build's",
  async (umask) => {
    using tree = tempTree({ old: "1", "large-old": "1" });
    const began = beginRun(tree.root);
    const large = "2".repeat(300_000);
    const contents = new Map([
      ...archiveOf({ script: "#!", "large-script": large }, { mode: 0o100777 }),
      ...archiveOf({ old: "2", "large-old": large }, { mode: 0o100666 }),
      ...archiveOf({ "read-only": "2", "large-read-only": large }, { mode: 0o100444 }),
    ]);
    const before = process.umask(umask);
    try {
      await bringBack(tree.root, contents, began);
    } finally {
      process.umask(before);
    }
    for (const { path, mode = 0 } of contents.keys()) {
      expect(statSync(join(tree.root, path)).mode & 0o7777).toBe(mode & 0o777 & ~umask);
    }
  },
);

test("times and permission bits are the job's; set-user-id bits never come", async () => {
  using tree = tempTree({ old: "1" });
  const began = beginRun(tree.root);
  const contents = new Map([
    ...archiveOf({ script: "#!" }, { mode: 0o106755 }),
    ...archiveOf({ old: "2" }, { mode: 0o100600 }),
  ]);
  await bringBack(tree.root, contents, began);
  const modeOf = (path: string) => statSync(join(tree.root, path)).mode & 0o7777;
  expect([modeOf("script"), modeOf("old")]).toEqual([0o755, 0o600]);
  expect(statSync(join(tree.root, "script")).mtimeMs).toBe(jobTime);
});

test("a read-only file is a conflict", async () => {
  using tree = tempTree({ a: "1" });
  chmodSync(join(tree.root, "a"), 0o444);
  await bringBack(tree.root, archiveOf({ a: "2" }), beginRun(tree.root));
  expect(readTree(tree.root)).toEqual({ a: "1", "a.from-job-0f8fad5b": "2" });
});

test("of two entries of one name the later counts", async () => {
  using tree = tempTree({ é: "1" });
  const contents = new Map([...archiveOf({ é: "1" }), ...archiveOf({ é: "2" })]);
  await bringBack(tree.root, contents, beginRun(tree.root));
  expect(readTree(tree.root)).toEqual({ é: "2" });
});

test("for entries that the job did not change nothing here is looked at", async () => {
  const entries = Array.from({ length: 1000 }, (_, index) => entryOf(`d/${index}`, `${index}`));
  const began: RunFiles = {
    source: "record",
    uploaded: new Map(entries.map((entry) => [entry.path, { ...entry, sha256: "", mode: 0 }])),
    excluded: new Map(),
    directories: new Set(),
  };
  // Would fail, were it looked at.
  const { summary } = await bringBack("/nowhere\0", new Map(entries.map((entry) => [entry, ""])), began);
  expect(summary.left).toBe(1000);
});
