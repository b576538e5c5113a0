import { chmodSync, mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { UsageError, UserError } from "../errors.ts";
import { selectFiles } from "./selection.ts";
import { temporaryName } from "./temporary.ts";
import { failure, paths, treeForEachTest } from "./testing-selection.ts";

const tree = treeForEachTest();
const { make, select } = tree;

describe("what is selected", () => {
  test("files at any depth with what the file system says of them, dotfiles and editors' backups too", async () => {
    make("Snakefile", "Snakefile~", ".hidden", "data/.x/a.fasta");
    chmodSync(join(tree.root, "Snakefile"), 0o754);
    utimesSync(join(tree.root, "Snakefile"), 1_000_000_000, 1_000_000_000.25);
    const { files, excluded, warnings } = await select();
    expect(paths(files)).toEqual([".hidden", "Snakefile", "Snakefile~", "data/.x/a.fasta"]);
    const stats = statSync(join(tree.root, "Snakefile"));
    expect(files[1]).toEqual({
      path: "Snakefile",
      source: join(tree.root, "Snakefile"),
      kind: "file",
      size: 9,
      mtimeMs: 1_000_000_000_250,
      ctimeMs: stats.ctimeMs,
      mode: 0o754,
      ino: stats.ino,
      dev: stats.dev,
    });
    expect([excluded, warnings]).toEqual([[], []]);
  });

  test("an empty directory gives nothing", async () => {
    expect((await select()).files).toEqual([]);
  });

  test("a directory only where nothing below it is selected, and of nested ones the innermost", async () => {
    make("results/", "a/b/c/", "full/x", "full/empty/", "cache/__pycache__/m.pyc");
    expect(paths((await select()).files)).toEqual(["a/b/c/", "cache/", "full/empty/", "full/x", "results/"]);
  });

  test("paths are sorted in the byte order of UTF-8", async () => {
    make("a/b", "a-b", "a.b", "ab", "B", "é", "\uffee", "\u{1f600}");
    const { files } = await select();
    const bytes = paths(files).map((path) => Buffer.from(path));
    expect(bytes).toEqual(bytes.toSorted(Buffer.compare));
    expect(paths(files)).toEqual(["B", "a-b", "a.b", "a/b", "ab", "é", "\uffee", "\u{1f600}"]);
  });

  test("many files in one directory, and other work gets its turn meanwhile", async () => {
    for (let index = 0; index < 600; index++) writeFileSync(join(tree.root, `f${index}`), "");
    let turns = 0;
    const immediate = () => {
      turns++;
      pending = setImmediate(immediate);
    };
    let pending = setImmediate(immediate);
    expect((await select()).files).toHaveLength(600);
    clearImmediate(pending);
    expect(turns).toBeGreaterThan(0);
  });
});

describe("what is never uploaded", () => {
  test("version control, Snakemake's state and byte code at any depth, in neither list", async () => {
    make(
      ".git/config",
      "sub/.git/config",
      ".snakemake/log/x",
      "sub/.snakemake/x",
      "s/__pycache__/a.py",
      "s/a.pyc",
      "s/a.py",
    );
    const { files, excluded } = await select();
    expect([paths(files), excluded]).toEqual([["s/a.py", "sub/"], []]);
  });

  test("a file called .git (of a worktree) is no such directory", async () => {
    make(".git", "gitignore/.gitignore");
    expect(paths((await select()).files)).toEqual([".git", "gitignore/.gitignore"]);
  });

  test("environment* at the tree.top, but not Snakemake's own environment files further down", async () => {
    make("environment.yml", "environment/bin/python", "envs/environment.yml", "my-environment");
    const { files, excluded } = await select();
    expect(paths(files)).toEqual(["envs/environment.yml", "my-environment"]);
    expect(paths(excluded)).toEqual(["environment.yml", "environment/bin/python"]);
  });

  test("our own temporary files", async () => {
    make("a", `x/${temporaryName("b")}`);
    expect(paths((await select()).files)).toEqual(["a", "x/"]);
  });
});

describe("the user's patterns", () => {
  test("exclude files, which are listed apart, with all below a directory that matches", async () => {
    make("results/a", "results/x/b", "results/empty/", "tmp1/a", "data/a.log", "data/a");
    const { files, excluded } = await select(["results", "tmp*", "*.log"]);
    expect(paths(files)).toEqual(["data/a"]);
    expect(paths(excluded)).toEqual(["data/a.log", "results/a", "results/x/b", "tmp1/a"]);
  });

  test("can take something back out of an excluded directory", async () => {
    make("results/a", "results/keep/b");
    const { files, excluded } = await select(["results/", "!results/keep"]);
    expect([paths(files), paths(excluded)]).toEqual([["results/keep/b"], ["results/a"]]);
  });

  test("leave the directory whose content they exclude", async () => {
    make("results/a", "data/b");
    expect(paths((await select(["results/*", "data/"])).files)).toEqual(["results/"]);
  });

  test("are refused where they are malformed", async () => {
    expect(await failure(select(["a["]))).toBeInstanceOf(UsageError);
  });
});

describe("overlays", () => {
  const overlay = () => join(tree.top, "my-augur");
  beforeEach(() => {
    mkdirSync(join(overlay(), "augur/__pycache__"), { recursive: true });
    writeFileSync(join(overlay(), "augur/tree.py"), "");
    writeFileSync(join(overlay(), "environment.yml"), "");
    make("Snakefile");
  });
  const selectWith = (directory: string, exclude: string[] = []) =>
    selectFiles(tree.root, {
      exclude,
      overlays: [{ name: "augur", directory }],
      signal: new AbortController().signal,
    });

  test("are beside the build tree.root, with an entry for the directory itself; patterns don't reach them", async () => {
    const { files, excluded } = await selectWith(overlay(), ["*.py"]);
    expect(paths(files)).toEqual(["../augur/", "../augur/augur/tree.py", "Snakefile"]);
    expect(files[1]).toMatchObject({ source: join(overlay(), "augur/tree.py") });
    expect(excluded).toEqual([]);
  });

  test("that don't exist are the user's mistake, naming the option", async () => {
    const error = await failure(selectWith(join(tree.top, "nope")));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe(`There is no directory ${join(tree.top, "nope")} (--augur).`);
  });
});

test("an aborted signal stops the walk with its reason", async () => {
  make("a");
  expect(await failure(select([], AbortSignal.abort(new Error("stopped"))))).toMatchObject({
    message: "stopped",
  });
});
