// Protects that Snakemake's notes come home with the files that they are on, and never with others.
import { rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { notePath } from "../workflow/snakemake-notes.ts";
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

const noteOn = (output: string, workdir = "") => notePath({ kind: "metadata", workdir, output });
const markerOn = (output: string, workdir = "") => notePath({ kind: "incomplete", workdir, output });

test("a note comes with the file that the job made, or changed", async () => {
  using tree = tempTree({ a: "1", [noteOn("a")]: "old" });
  const began = beginRun(tree.root);
  await bringBack(tree.root, archiveOf({ a: "2", [noteOn("a")]: "new", b: "1", [noteOn("b")]: "b" }), began);
  expect(readTree(tree.root)).toEqual({ a: "2", [noteOn("a")]: "new", b: "1", [noteOn("b")]: "b" });
});

test.each([
  ["with the record", (began: ReturnType<typeof beginRun>) => began],
  ["with the manifest", asManifest],
  ["with nothing", () => undefined],
])("where the user's edit stays, its note stays, too (%s)", async (_name, known) => {
  using tree = tempTree({ a: "before", [noteOn("a")]: "old" });
  const began = known(beginRun(tree.root));
  put(tree.root, "a", "mine");
  put(tree.root, "made", "mine");
  const contents = archiveOf({ a: "the job's", [noteOn("a")]: "new", made: "its", [noteOn("made")]: "new" });
  const { summary } = await bringBack(tree.root, contents, began);
  expect(summary.conflicts).toHaveLength(2);
  const { [noteOn("a")]: note, [noteOn("made")]: other, a } = readTree(tree.root);
  expect([a, note, other]).toEqual(["mine", "old", undefined]);
});

test("a file that was edited after the plan was made keeps its note", async () => {
  using tree = tempTree({ a: "before", [noteOn("a")]: "old" });
  const began = beginRun(tree.root);
  const { summary } = await bringBack(tree.root, archiveOf({ a: "after", [noteOn("a")]: "new" }), began, {
    async *fetch(entries) {
      put(tree.root, "a", "mine");
      for (const entry of entries) yield { entry, data: once(entry.path === "a" ? "after" : "new") };
    },
  });
  expect(summary.conflicts.map(({ path }) => path)).toEqual(["a"]);
  expect(readTree(tree.root)[noteOn("a")]).toBe("old");
});

async function* once(text: string) {
  yield Buffer.from(text);
}

test("a download that stops in the middle leaves no note of a file that has not come", async () => {
  using tree = tempTree({ a: "1" });
  const began = beginRun(tree.root);
  const files = { x: "x", y: "y", [noteOn("x")]: "note", [noteOn("y")]: "note" };
  const broken = bringBack(tree.root, archiveOf(files), began, {
    async *fetch(entries) {
      for (const entry of entries) {
        if (entry.path === "y") throw new Error("the network is gone");
        yield { entry, data: once(files[entry.path] ?? "") };
      }
    },
  });
  await expect(broken).rejects.toThrow("the network is gone");
  expect(Object.keys(readTree(tree.root)).filter((path) => path.includes("metadata"))).toEqual([]);
  await bringBack(tree.root, archiveOf(files), began);
  expect(readTree(tree.root)).toEqual({ a: "1", ...files });
});

test("a note on a directory() comes where all of it does", async () => {
  using tree = tempTree({ "mine/x": "before" });
  const began = beginRun(tree.root);
  put(tree.root, "mine/x", "mine");
  const files = {
    "all/x": "1",
    "all/y": "2",
    [noteOn("all")]: "note",
    "mine/x": "3",
    "mine/y": "4",
    [noteOn("mine")]: "note",
  };
  await bringBack(tree.root, archiveOf(files), began);
  const tree_ = readTree(tree.root);
  expect([tree_[noteOn("all")], tree_[noteOn("mine")]]).toEqual(["note", undefined]);
});

test("of a file that patterns leave there no note comes, and with one that they want it does", async () => {
  using tree = tempTree({ in: "1" });
  const began = beginRun(tree.root);
  const files = { a: "1", [noteOn("a")]: "note", b: "1", [noteOn("b")]: "note" };
  await bringBack(tree.root, archiveOf(files), began, { wanted: (path) => path === "a" });
  expect(readTree(tree.root)).toEqual({ in: "1", a: "1", [noteOn("a")]: "note" });
});

test("of what the job deleted (temp()) the note comes, unless something is here of that name", async () => {
  using tree = tempTree({ here: "mine" });
  const began = { ...beginRun(tree.root), uploaded: new Map() };
  await bringBack(tree.root, archiveOf({ [noteOn("temp")]: "note", [noteOn("here")]: "note" }), began);
  expect(readTree(tree.root)).toEqual({ here: "mine", [noteOn("temp")]: "note" });
});

test("what the job made anew, byte for byte, gets its new time and note; an edit of it keeps both", async () => {
  using tree = tempTree({ same: "1", edited: "1", [noteOn("same")]: "old", [noteOn("edited")]: "old" });
  for (const path of ["same", "edited"]) utimesSync(join(tree.root, path), 1000, 1000);
  const began = beginRun(tree.root);
  put(tree.root, "edited", "mine");
  const files = { same: "1", edited: "1", [noteOn("same")]: "new", [noteOn("edited")]: "new" };
  const { summary, asked } = await bringBack(tree.root, archiveOf(files), began);
  expect(readTree(tree.root)).toEqual({
    same: "1",
    edited: "mine",
    [noteOn("same")]: "new",
    [noteOn("edited")]: "old",
  });
  expect(statSync(join(tree.root, "same")).mtimeMs).toBe(jobTime);
  expect(asked).toEqual([noteOn("same")]);
  expect(summary).toMatchObject({ timesSet: 1, conflicts: [] });
});

test("what the job did not make again keeps its time, deleted files stay deleted", async () => {
  using tree = tempTree({ kept: "1", deleted: "1" });
  const began = beginRun(tree.root);
  utimesSync(join(tree.root, "kept"), 5, 5);
  rmSync(join(tree.root, "deleted"));
  const entries = new Map([
    [entryOf("kept", "1", { mtimeMs: 1000 }), "1"],
    [entryOf("deleted", "1"), "1"],
  ]);
  await bringBack(tree.root, entries, began);
  expect(readTree(tree.root)).toEqual({ kept: "1" });
  expect(statSync(join(tree.root, "kept")).mtimeMs).toBe(5000);
});

test("the marker of an incomplete output goes where the job has made it, and stays with an edit or a newer run's", async () => {
  const outputs = ["made", "edited", "again", "left"];
  using tree = tempTree(
    Object.fromEntries(
      outputs.flatMap((path) => [
        [path, "half"],
        [markerOn(path), "{}"],
      ]),
    ),
  );
  const began = beginRun(tree.root);
  put(tree.root, "edited", "mine");
  utimesSync(join(tree.root, markerOn("again")), 7, 7);
  const made = ["made", "edited", "again"].flatMap((path) => [
    [path, "whole"],
    [noteOn(path), "note"],
  ]);
  await bringBack(tree.root, archiveOf({ ...Object.fromEntries(made), left: "half" }), began);
  const markers = Object.keys(readTree(tree.root)).filter((path) => path.includes("incomplete"));
  expect(markers.sort()).toEqual([markerOn("edited"), markerOn("again"), markerOn("left")].sort());
});

test("what a killed job was making is marked as incomplete, as Snakemake would have", async () => {
  using tree = tempTree({ in: "1", "phylo/old": "1", [noteOn("phylo/old", "phylo/")]: "old" });
  const began = beginRun(tree.root);
  const files = {
    "phylo/done": "1",
    [noteOn("phylo/done", "phylo/")]: "note",
    "phylo/old": "half",
    [noteOn("phylo/old", "phylo/")]: "old",
    "phylo/dir/x": "half",
    "phylo/.snakemake/log/1": "log",
  };
  const marked = async (killed: boolean) => {
    await bringBack(tree.root, archiveOf(files), began, { killed });
    return Object.keys(readTree(tree.root)).filter((path) => path.includes("incomplete"));
  };
  expect(await marked(false)).toEqual([]);
  expect((await marked(true)).sort()).toEqual(
    ["phylo/old", "phylo/dir", "phylo/dir/x"].map((path) => markerOn(path, "phylo/")).sort(),
  );
});

test("unsafe notes are not written", async () => {
  using tree = tempTree({ in: "1" });
  const began = beginRun(tree.root);
  const files = { "../x/.snakemake/metadata/YQ==": "note", ".git/.snakemake/metadata/YQ==": "note" };
  await bringBack(tree.root, archiveOf(files), began);
  expect(readTree(tree.root)).toEqual({ in: "1" });
});
