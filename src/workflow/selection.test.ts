import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { have } from "../../test/support/have.ts";
import { UsageError, UserError } from "../errors.ts";
import { selectFiles } from "./selection.ts";
import { temporaryName } from "./temporary.ts";
import { walk } from "./walk.ts";

let top: string;
let root: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "selection-"));
  root = join(top, "build");
  mkdirSync(root);
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

/** Makes files (content: their own path) and, where a path ends with a slash, directories below the root. */
function make(...paths: string[]): void {
  for (const path of paths) {
    const full = join(root, path);
    mkdirSync(path.endsWith("/") ? full : dirname(full), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(full, path);
  }
}

const link = (target: string, path: string) => symlinkSync(target, join(root, path));
const select = (exclude: string[] = [], signal = new AbortController().signal) =>
  selectFiles(root, { exclude, signal });
/** Paths, those of directories with a slash. */
const paths = (files: readonly { path: string; kind: string }[]) =>
  files.map(({ path, kind }) => (kind === "directory" ? `${path}/` : path));
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable("nothing was wrong"),
    (error: unknown) => error as UserError,
  );

describe("what is selected", () => {
  test("files at any depth with what the file system says of them, dotfiles and editors' backups too", async () => {
    make("Snakefile", "Snakefile~", ".hidden", "data/.x/a.fasta");
    chmodSync(join(root, "Snakefile"), 0o754);
    utimesSync(join(root, "Snakefile"), 1_000_000_000, 1_000_000_000.25);
    const { files, excluded, warnings } = await select();
    expect(paths(files)).toEqual([".hidden", "Snakefile", "Snakefile~", "data/.x/a.fasta"]);
    const stats = statSync(join(root, "Snakefile"));
    expect(files[1]).toEqual({
      path: "Snakefile",
      source: join(root, "Snakefile"),
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
    for (let index = 0; index < 600; index++) writeFileSync(join(root, `f${index}`), "");
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

  test("environment* at the top, but not Snakemake's own environment files further down", async () => {
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

describe("links", () => {
  test("to files and directories are followed", async () => {
    mkdirSync(join(top, "elsewhere"));
    writeFileSync(join(top, "elsewhere/far"), "12345");
    make("real/a");
    link("real/a", "file");
    link("../elsewhere", "linked");
    const { files, warnings } = await select();
    expect(paths(files)).toEqual(["file", "linked/far", "real/a"]);
    expect(files[1]).toMatchObject({ size: 5, source: join(root, "linked/far") });
    expect(files[0]?.ino).toBe(files[2]?.ino);
    expect(warnings).toEqual([]);
  });

  test("in a cycle are cut once, with a warning", async () => {
    make("a/x", "b/y");
    link(".", "self");
    link("../..", "a/up");
    link("../b", "a/b");
    link("../a", "b/a");
    const { files, warnings } = await select();
    expect(paths(files)).toEqual(["a/b/y", "a/up/", "a/x", "b/a/up/", "b/a/x", "b/y"]);
    expect(warnings).toContain("Skipped self: it leads back to the directory it is in.");
    expect(warnings).toContain("Skipped a/b/a: it leads back to a.");
    expect(warnings).toContain("Skipped a/up/build: it leads back to the directory it is in.");
  });

  test("that lead nowhere or to themselves are skipped, with a warning that names them", async () => {
    make("a/x");
    link("gone", "a/dangling");
    link("loop", "loop");
    link("x/y", "a/through-a-file");
    const { files, warnings } = await select();
    expect(paths(files)).toEqual(["a/x"]);
    expect(warnings.toSorted()).toEqual([
      "Skipped the link a/dangling: what it leads to does not exist.",
      "Skipped the link a/through-a-file: what it leads to does not exist.",
      "Skipped the link loop: it leads round in a circle.",
    ]);
  });

  test("that are excluded raise no warning", async () => {
    link("gone", "dangling");
    link("..", "up");
    expect((await select(["dangling", "up"])).warnings).toEqual([]);
  });

  test("may lead to where a directory vanishes meanwhile", async () => {
    mkdirSync(join(top, "elsewhere/gone"), { recursive: true });
    link("../elsewhere", "linked");
    const found: string[] = [];
    await walk(root, {
      judge(path) {
        if (path === "linked/gone") rmSync(join(top, "elsewhere/gone"), { recursive: true });
        return "take";
      },
      take: ({ path }) => void found.push(path),
      keepBack: () => {},
      warn: (message) => void found.push(message),
      signal: new AbortController().signal,
    });
    expect(found).toEqual(["linked"]);
  });
});

describe("what is no file", () => {
  test.skipIf(!have("mkfifo"))(
    "FIFOs and links to them are skipped, with a warning (needs mkfifo)",
    async () => {
      execFileSync("mkfifo", [join(root, "pipe")]);
      link("pipe", "link");
      const { files, warnings } = await select();
      expect(files).toEqual([]);
      expect(warnings.toSorted()).toEqual([
        "Skipped link: it leads to a FIFO.",
        "Skipped pipe: it is a FIFO.",
      ]);
    },
  );

  test("sockets and devices are skipped, with a warning", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, "socket"), resolve));
    link("/dev/null", "null");
    const { files, warnings } = await select();
    await new Promise((resolve) => server.close(resolve));
    expect(files).toEqual([]);
    expect(warnings.toSorted()).toEqual([
      "Skipped null: it leads to a device.",
      "Skipped socket: it is a socket.",
    ]);
  });
});

describe("names that are not UTF-8", () => {
  const bad = Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x2e, 0x74, 0x78, 0x74]);
  const supported = (() => {
    const probe = mkdtempSync(join(tmpdir(), "bytes-"));
    try {
      writeFileSync(Buffer.concat([Buffer.from(`${probe}/`), bad]), "");
      return readdirSync(probe, { encoding: "buffer" })[0]?.equals(bad) === true;
    } catch {
      return false;
    } finally {
      rmSync(probe, { recursive: true, force: true });
    }
  })();

  describe.skipIf(!supported)("(needs a file system that takes them)", () => {
    beforeEach(() => {
      make("data/good");
      writeFileSync(Buffer.concat([Buffer.from(`${root}/data/`), bad]), "");
    });
    test("are an error that names them", async () => {
      const error = await failure(select());
      expect(error).toBeInstanceOf(UserError);
      expect(error.message).toBe("The name of data/caf\\xe9.txt is not UTF-8.");
    });
    test("don't matter where they are excluded", async () => {
      expect(paths((await select(["caf?.txt"])).files)).toEqual(["data/good"]);
    });
  });

  test("a true U+FFFD in a name is a character like others", async () => {
    make("a\ufffdb");
    expect(paths((await select()).files)).toEqual(["a\ufffdb"]);
  });
});

describe("what cannot be read", () => {
  const isRoot = process.geteuid?.() === 0;
  /** Runs as a user whom permissions bind. */
  async function unprivileged<T>(run: () => Promise<T>): Promise<T> {
    if (!isRoot) return await run();
    chmodSync(top, 0o755);
    process.seteuid?.(65534);
    try {
      return await run();
    } finally {
      process.seteuid?.(0);
    }
  }
  afterEach(() => {
    for (const path of ["closed", "a"]) if (existsSync(join(root, path))) chmodSync(join(root, path), 0o700);
  });

  test("a directory is an error that names it", async () => {
    make("closed/x");
    chmodSync(join(root, "closed"), 0o000);
    const error = await failure(unprivileged(() => select()));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe("Cannot read the directory closed: permission denied.");
    expect(error.hint).toContain("--exclude-from-upload 'closed/'");
  });

  test("an excluded directory doesn't matter", async () => {
    make("closed/x", "a");
    chmodSync(join(root, "closed"), 0o000);
    expect(paths((await unprivileged(() => select(["closed/"]))).files)).toEqual(["a"]);
  });

  test("a file is an error that names it, before anything is sent", async () => {
    make("a", "b");
    chmodSync(join(root, "a"), 0o000);
    const error = await failure(unprivileged(() => select()));
    expect(error.message).toBe("Cannot read the file a: permission denied.");
    expect(paths((await unprivileged(() => select(["a"]))).excluded)).toEqual(["a"]);
  });

  test("a directory that may be listed but not entered is an error that names a file in it", async () => {
    make("closed/x");
    chmodSync(join(root, "closed"), 0o444);
    const error = await failure(unprivileged(() => select()));
    expect(error.message).toBe("Cannot read the file closed/x: permission denied.");
  });

  test("a missing root is an error that names it", async () => {
    const gone = join(top, "gone");
    const error = await failure(selectFiles(gone, { exclude: [], signal: new AbortController().signal }));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toContain(gone);
  });
});

describe("overlays", () => {
  const overlay = () => join(top, "my-augur");
  beforeEach(() => {
    mkdirSync(join(overlay(), "augur/__pycache__"), { recursive: true });
    writeFileSync(join(overlay(), "augur/tree.py"), "");
    writeFileSync(join(overlay(), "environment.yml"), "");
    make("Snakefile");
  });
  const selectWith = (directory: string, exclude: string[] = []) =>
    selectFiles(root, {
      exclude,
      overlays: [{ name: "augur", directory }],
      signal: new AbortController().signal,
    });

  test("are beside the build root, with an entry for the directory itself; patterns don't reach them", async () => {
    const { files, excluded } = await selectWith(overlay(), ["*.py"]);
    expect(paths(files)).toEqual(["../augur/", "../augur/augur/tree.py", "Snakefile"]);
    expect(files[1]).toMatchObject({ source: join(overlay(), "augur/tree.py") });
    expect(excluded).toEqual([]);
  });

  test("that don't exist are the user's mistake, naming the option", async () => {
    const error = await failure(selectWith(join(top, "nope")));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe(`There is no directory ${join(top, "nope")} (--augur).`);
  });
});

test("an aborted signal stops the walk with its reason", async () => {
  make("a");
  expect(await failure(select([], AbortSignal.abort(new Error("stopped"))))).toMatchObject({
    message: "stopped",
  });
});
