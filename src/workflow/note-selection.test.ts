// Protects which of Snakemake's notes are uploaded: those that decide about what is, and nothing else of .snakemake.
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { notePath } from "./snakemake-notes.ts";
import { paths, treeForEachTest } from "./testing-selection.ts";

const tree = treeForEachTest();
const { make, select } = tree;

function note(output: string, input: string[] = [], workdir = ""): string {
  const path = notePath({ kind: "metadata", workdir, output });
  return put(path, JSON.stringify({ input, rule: "r" }));
}
const marker = (output: string, workdir = "") => put(notePath({ kind: "incomplete", workdir, output }), "{}");
function put(path: string, content: string): string {
  mkdirSync(dirname(join(tree.root, path)), { recursive: true });
  writeFileSync(join(tree.root, path), content, { mode: 0o600 });
  return path;
}
/** What is selected of `.snakemake/`. */
const notes = async (exclude: string[] = []) =>
  paths((await select(exclude)).files).filter((path) => path.includes(".snakemake/"));

describe("notes are selected", () => {
  test("of outputs that are, with markers of incomplete ones", async () => {
    make("a.txt", "results/b.txt", "é ü.txt");
    const expected = [note("a.txt"), note("results/b.txt"), note("é ü.txt"), marker("a.txt")];
    expect(await notes()).toEqual(expected.sort());
  });

  test("of a directory() with something in it, and of an empty one", async () => {
    make("full/x", "empty/");
    const expected = [note("full"), note("empty"), ".snakemake/incomplete/"];
    expect(await notes()).toEqual(expected.sort());
  });

  test("of a long output, whose note is in directories of its own", async () => {
    const long = `${"directory-with-a-long-name/".repeat(20)}x`;
    make(long);
    const path = note(long);
    expect(path).toContain("/@");
    expect(await notes()).toEqual([".snakemake/incomplete/", path].sort());
  });

  test("in every directory that Snakemake ran in, for outputs outside of it, too", async () => {
    make("phylo/a.txt", "shared/b.txt");
    const expected = [note("phylo/a.txt", [], "phylo/"), note("shared/b.txt", [], "phylo/")];
    expect(await notes()).toEqual([...expected, "phylo/.snakemake/incomplete/"].sort());
  });

  test("not of outputs that are deleted or excluded, nor markers of these", async () => {
    make("a.txt", "excluded.txt");
    const expected = note("a.txt");
    for (const output of ["excluded.txt", "gone.txt", "../outside.txt"]) {
      note(output);
      marker(output);
    }
    expect(await notes(["excluded.txt"])).toEqual([".snakemake/incomplete/", expected]);
  });

  test("of deleted and excluded outputs that an uploaded one was made from, over several steps", async () => {
    make("c.txt", "excluded.txt");
    const expected = [note("c.txt", ["temp.txt"]), note("temp.txt", ["excluded.txt"]), note("excluded.txt")];
    note("unrelated.txt");
    expect(await notes(["excluded.txt"])).toEqual([".snakemake/incomplete/", ...expected].sort());
  });

  test("and nothing else of .snakemake, whoever put it there", async () => {
    make("a.txt", "x/y.txt");
    make(
      ...[
        ".snakemake/locks/0.input.lock",
        ".snakemake/log/1.log",
        ".snakemake/conda/x",
        ".snakemake/scripts/s.py",
      ],
      ...[
        ".snakemake/metadata/mine.txt",
        ".snakemake/metadata/tmp12.YS50eHQ",
        ".snakemake/mine",
        ".snakemake/storage/s3/x",
      ],
      ...[".snakemake/metadata/directory/YS50eHQ=", "x/.snakemake/metadata/YS50eHQ="],
    );
    symlinkSync(
      join(tree.root, "a.txt"),
      join(tree.root, notePath({ kind: "metadata", workdir: "", output: "x/y.txt" })),
    );
    expect(await notes()).toEqual([]);
  });

  test("not where a pattern excludes them, by the build root or by the directory that Snakemake ran in", async () => {
    make("a.txt", "phylo/b.txt");
    const [one, other] = [note("a.txt"), note("phylo/b.txt", [], "phylo/")];
    expect(await notes([".snakemake/**"])).toEqual([]);
    expect(await notes(["phylo/.snakemake"])).toEqual([".snakemake/incomplete/", one]);
    expect(await notes(["/.snakemake/metadata/*"])).toEqual([]);
    expect(await notes()).toContain(other);
  });

  test.skipIf(process.getuid?.() === 0)(
    "but for those that can't be read, with a warning (needs a user who isn't root)",
    async () => {
      make("a.txt");
      chmodSync(join(tree.root, note("a.txt")), 0);
      const { files, warnings } = await select();
      expect(paths(files)).toEqual(["a.txt"]);
      expect(warnings.join()).toContain("1 of Snakemake's notes that cannot be read");
    },
  );
});

test("with notes come the directories that hold no output, with their times: a rule may have one as its input", async () => {
  make("a.txt", "data/raw/x", "results/b.txt", "made/x");
  expect(paths((await select()).files)).not.toContain("data/");
  for (const output of ["a.txt", "results/b.txt", "made"]) note(output);
  utimesSync(join(tree.root, "data"), 1_000_000_000, 1_000_000_000);
  const { files } = await select();
  expect(paths(files).filter((path) => path.endsWith("/"))).toEqual([
    ".snakemake/incomplete/",
    "data/",
    "data/raw/",
  ]);
  expect(files.find(({ path }) => path === "data")?.mtimeMs).toBe(1_000_000_000_000);
});
