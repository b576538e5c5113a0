// What stands in the way of results here: hostile names, links, directories, names that fall together.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { applyPlan } from "./apply.ts";
import { planResults } from "./plan.ts";
import {
  archiveOf,
  asManifest,
  beginRun,
  bringBack,
  fetchFrom,
  put,
  readTree,
  runId,
  stateOf,
  tempTree,
} from "./test-support.ts";

test("a manifest may name more files that the archive lacks than a call takes arguments", async () => {
  using tree = tempTree({ a: "1" });
  const manifest = asManifest(beginRun(tree.root));
  const state = stateOf(tree.root, "a");
  const ghosts = Array.from({ length: 130_000 }, (_, at) => [`ghost-${at}`, state] as const);
  const began = { ...manifest, uploaded: new Map(ghosts) };
  const plan = await planResults({
    root: tree.root,
    runId,
    entries: [...archiveOf({ a: "1" }).keys()],
    began,
  });
  expect(plan.refused).toHaveLength(130_000);
});

test("names with control characters come back where the file system takes them", async () => {
  using tree = tempTree({ "Icon\r": "before" });
  const began = beginRun(tree.root);
  const files = { "Icon\r": "job's", "new\nline\t": "job's", "esc\u001b[2J/\u202ex": "job's" };
  const { summary } = await bringBack(tree.root, archiveOf(files), began);
  expect(summary.refused).toEqual([]);
  expect(readTree(tree.root)).toEqual(files);
});

test("hostile names are refused by name, in the archive and in the manifest, and nothing is written", async () => {
  using tree = tempTree({ "root/a": "1" });
  const root = join(tree.root, "root");
  const contents = archiveOf({
    a: "1",
    "../out": "x",
    "/tmp/abs-nextstrain": "x",
    "../": "",
  });
  const manifest = asManifest(beginRun(root));
  const uploaded = new Map([...manifest.uploaded, ["ghost", { ...stateOf(root, "a"), path: "ghost" }]]);
  const { summary, asked } = await bringBack(root, contents, { ...manifest, uploaded });
  expect(asked).toEqual([]);
  expect(readTree(tree.root)).toEqual({ "root/a": "1" });
  expect(summary.refused.map(({ path }) => path)).toEqual(["../out", "/tmp/abs-nextstrain", "..", "ghost"]);
});

describe("links", () => {
  test("a link to a file is written through, not replaced", async () => {
    using tree = tempTree({ "data/real.txt": "1" });
    symlinkSync("data/real.txt", join(tree.root, "link.txt"));
    const began = beginRun(tree.root);
    await bringBack(tree.root, archiveOf({ "data/real.txt": "1", "link.txt": "2" }), began);
    expect(lstatSync(join(tree.root, "link.txt")).isSymbolicLink()).toBe(true);
    expect(readTree(tree.root)).toEqual({ "data/real.txt": "2", "link.txt": "2" });
  });

  test("where a file and a link to it come back different, one of them is a conflict", async () => {
    using tree = tempTree({ "data/real.txt": "1" });
    symlinkSync("data/real.txt", join(tree.root, "link.txt"));
    const contents = archiveOf({ "data/real.txt": "2", "link.txt": "3" });
    await bringBack(tree.root, contents, beginRun(tree.root));
    expect(readTree(tree.root)).toMatchObject({
      "data/real.txt": "2",
      "link.from-job-0f8fad5b.txt": "3",
    });
  });

  test("a link out of the directory that was there before the run is written through", async () => {
    using tree = tempTree({ "root/x": "1", "scratch/results/a": "1", "scratch/one": "1" });
    const root = join(tree.root, "root");
    mkdirSync(join(tree.root, "scratch/empty"));
    symlinkSync("../scratch/results", join(root, "results"));
    symlinkSync("../scratch/empty", join(root, "empty"));
    symlinkSync("../scratch/one", join(root, "one"));
    const began = beginRun(root);
    const contents = archiveOf({ "results/a": "2", "results/b/c": "3", "empty/d": "4", one: "5" });
    const { summary } = await bringBack(root, contents, began);
    expect(summary.conflicts).toEqual([]);
    expect(readTree(join(tree.root, "scratch"))).toEqual({
      "results/a": "2",
      "results/b/c": "3",
      "empty/d": "4",
      one: "5",
    });
  });

  test.each(["made during the run", "known by a manifest only", "known by nothing"])(
    "no write passes through a link out of the directory that was %s",
    async (how) => {
      using tree = tempTree({ "root/x": "1", "out/a": "before" });
      const root = join(tree.root, "root");
      const link = () => symlinkSync("../out", join(root, "results"));
      if (how !== "made during the run") link();
      const record = beginRun(root);
      if (how === "made during the run") link();
      const began =
        how === "known by nothing" ? undefined : how === "made during the run" ? record : asManifest(record);
      const { summary } = await bringBack(root, archiveOf({ "results/a": "2", "results/b": "3" }), began);
      expect(readTree(join(tree.root, "out"))).toEqual({ a: "before" });
      expect(readTree(join(root, "results.from-job-0f8fad5b"))).toEqual({ a: "2", b: "3" });
      expect(summary.conflicts[0]?.why).toContain("leads out");
    },
  );

  test("a link that leads nowhere, or into .git, is not followed", async () => {
    using tree = tempTree({ ".git/hooks/sample": "x", "hooks/sample": "x" });
    const began = beginRun(tree.root);
    rmSync(join(tree.root, "hooks"), { recursive: true });
    symlinkSync("gone", join(tree.root, "dangling"));
    symlinkSync(".git/hooks", join(tree.root, "hooks"));
    await bringBack(tree.root, archiveOf({ dangling: "1", "hooks/post-checkout": "2" }), began);
    expect(existsSync(join(tree.root, "gone"))).toBe(false);
    expect(existsSync(join(tree.root, ".git/hooks/post-checkout"))).toBe(false);
    expect(readTree(join(tree.root, "hooks.from-job-0f8fad5b"))).toEqual({ "post-checkout": "2" });
  });

  test("a directory that becomes a link while results arrive is not written into", async () => {
    using tree = tempTree({ "root/d/a": "1", "out/a": "1" });
    const root = join(tree.root, "root");
    const contents = archiveOf({ "d/a": "2", "d/new": "2" });
    const began = beginRun(root);
    const plan = await planResults({ root, runId, entries: [...contents.keys()], began });
    rmSync(join(root, "d"), { recursive: true });
    symlinkSync("../out", join(root, "d"));
    const summary = await applyPlan(plan, {
      root,
      runId,
      fetch: fetchFrom(contents).fetch,
      signal: new AbortController().signal,
      onEvent: () => {},
      now: 0,
    });
    expect(summary.failed.map(({ path }) => path)).toEqual(["d/a", "d/new"]);
    expect(readTree(join(tree.root, "out"))).toEqual({ a: "1" });
  });
});

describe("files and directories", () => {
  test("a file here where the job has a directory: the directory goes beside", async () => {
    using tree = tempTree({ d: "file" });
    const contents = archiveOf({ "d/": "", "d/a/b": "1", "d/c": "2" });
    const { summary } = await bringBack(tree.root, contents, beginRun(tree.root));
    expect(readTree(tree.root)).toEqual({
      d: "file",
      "d.from-job-0f8fad5b/a/b": "1",
      "d.from-job-0f8fad5b/c": "2",
    });
    expect(summary.conflicts.map(({ path }) => path)).toEqual(["d/a/b", "d/c"]);
  });

  test("a directory here where the job has a file: the file goes beside", async () => {
    using tree = tempTree({ "d.x/a": "1" });
    await bringBack(tree.root, archiveOf({ "d.x": "file", "d.x/a": "1" }), beginRun(tree.root));
    expect(readTree(tree.root)).toEqual({ "d.x/a": "1", "d.from-job-0f8fad5b.x": "file" });
  });

  test("an empty directory of the job's where a file is here goes beside", async () => {
    using tree = tempTree({ d: "file" });
    await bringBack(tree.root, archiveOf({ "d/": "" }), beginRun(tree.root));
    expect(readTree(tree.root)).toEqual({ d: "file", "d.from-job-0f8fad5b/": "" });
  });

  test.each([
    [
      { d: "file", "d/a": "1" },
      { d: "file", "d.from-job-0f8fad5b/a": "1" },
    ],
    [
      { "d/a": "1", d: "file" },
      { "d/a": "1", "d.from-job-0f8fad5b": "file" },
    ],
  ])("an archive with a file and a directory of one name loses neither: %j", async (job, expected) => {
    using tree = tempTree();
    await bringBack(tree.root, archiveOf(job), beginRun(tree.root));
    expect(readTree(tree.root)).toEqual(expected);
  });
});

describe("names beside", () => {
  test("one that is taken by other content is numbered, one with the job's content is left", async () => {
    using tree = tempTree({ a: "1", b: "1" });
    const began = beginRun(tree.root);
    put(tree.root, "a", "mine");
    put(tree.root, "b", "mine");
    put(tree.root, "a.from-job-0f8fad5b", "edited");
    put(tree.root, "b.from-job-0f8fad5b", "theirs");
    const { summary, asked } = await bringBack(tree.root, archiveOf({ a: "theirs", b: "theirs" }), began);
    expect(asked).toEqual(["a"]);
    expect(summary.conflicts.map(({ beside }) => beside).sort()).toEqual([
      "a.from-job-0f8fad5b-2",
      "b.from-job-0f8fad5b",
    ]);
    expect(readTree(tree.root)).toMatchObject({
      "a.from-job-0f8fad5b": "edited",
      "a.from-job-0f8fad5b-2": "theirs",
    });
  });

  test("a link of that name is not taken for an earlier copy", async () => {
    using tree = tempTree({ a: "1", other: "theirs" });
    const began = beginRun(tree.root);
    put(tree.root, "a", "mine");
    symlinkSync("other", join(tree.root, "a.from-job-0f8fad5b"));
    await bringBack(tree.root, archiveOf({ a: "theirs" }), began);
    expect(readTree(tree.root)).toMatchObject({ "a.from-job-0f8fad5b-2": "theirs" });
  });

  test("a name that the job's own files have is not given away", async () => {
    using tree = tempTree({ a: "1" });
    const began = beginRun(tree.root);
    put(tree.root, "a", "mine");
    const contents = archiveOf({ "a.from-job-0f8fad5b": "its own", a: "theirs" });
    await bringBack(tree.root, contents, began);
    expect(readTree(tree.root)).toEqual({
      a: "mine",
      "a.from-job-0f8fad5b": "its own",
      "a.from-job-0f8fad5b-2": "theirs",
    });
  });
});

describe("names that fall together", () => {
  const job = { "A.txt": "1", "a.txt": "2", "\u00e9": "1", "e\u0301": "1" };

  test("are two files where the file system keeps them apart", async () => {
    using tree = tempTree();
    await bringBack(tree.root, archiveOf(job), beginRun(tree.root), { foldsNames: async () => false });
    expect(readTree(tree.root)).toEqual(job);
  });

  test("are a conflict where it doesn't, unless their content is the same", async () => {
    using tree = tempTree();
    const { summary } = await bringBack(tree.root, archiveOf(job), beginRun(tree.root), {
      foldsNames: async () => true,
    });
    expect(summary.conflicts.map(({ path, beside }) => [path, beside])).toEqual([
      ["a.txt", "a.from-job-0f8fad5b.txt"],
    ]);
    expect(readTree(tree.root)).toEqual({ "A.txt": "1", "a.from-job-0f8fad5b.txt": "2", "\u00e9": "1" });
  });

  test("are asked about only where there are any", async () => {
    using tree = tempTree();
    const foldsNames = () => Promise.reject(new Error("asked"));
    await bringBack(tree.root, archiveOf({ a: "1", b: "2" }), beginRun(tree.root), { foldsNames });
    expect(readTree(tree.root)).toEqual({ a: "1", b: "2" });
  });

  test("the probe leaves nothing behind", async () => {
    using tree = tempTree();
    await bringBack(tree.root, archiveOf({ x: "1", X: "2" }), beginRun(tree.root));
    expect(Object.values(readTree(tree.root)).sort()).toEqual(["1", "2"]);
  });
});

test("what only its owner may read is not readable by others while it is written", async () => {
  using tree = tempTree({ secret: "1" });
  chmodSync(join(tree.root, "secret"), 0o600);
  const began = beginRun(tree.root);
  let during: number | undefined;
  await bringBack(tree.root, archiveOf({ secret: "2".repeat(300_000) }, { mode: 0o100600 }), began, {
    onEvent: ({ kind }) => {
      const name = readdirSync(tree.root).find((each) => each.startsWith(".nextstrain-tmp-"));
      if (kind === "progress" && name !== undefined) during ??= statSync(join(tree.root, name)).mode & 0o777;
    },
  });
  expect(during).toBe(0o600);
});
