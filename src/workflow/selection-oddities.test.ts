import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { have } from "../../test/support/have.ts";
import { UserError } from "../errors.ts";
import { selectFiles } from "./selection.ts";
import { failure, paths, treeForEachTest } from "./testing-selection.ts";

const tree = treeForEachTest();
const { link, make, select } = tree;

describe("links", () => {
  test("to files and directories are followed", async () => {
    mkdirSync(join(tree.top, "elsewhere"));
    writeFileSync(join(tree.top, "elsewhere/far"), "12345");
    make("real/a");
    link("real/a", "file");
    link("../elsewhere", "linked");
    const { files, warnings } = await select();
    expect(paths(files)).toEqual(["file", "linked/far", "real/a"]);
    expect(files[1]).toMatchObject({ size: 5, source: join(tree.root, "linked/far") });
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
    // No further up: what else lies beside the test's own directory is none of its business, and may be much.
    link("..", "up");
    expect((await select(["dangling", "up"])).warnings).toEqual([]);
    expect((await select()).warnings).toHaveLength(2);
  });
});

describe("what is no file", () => {
  test.skipIf(!have("mkfifo"))(
    "FIFOs and links to them are skipped, with a warning (needs mkfifo)",
    async () => {
      execFileSync("mkfifo", [join(tree.root, "pipe")]);
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
    await new Promise<void>((resolve) => server.listen(join(tree.root, "socket"), resolve));
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
      writeFileSync(Buffer.concat([Buffer.from(`${tree.root}/data/`), bad]), "");
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

test.skipIf(process.platform !== "linux")(
  "links to the kernel's own files, which may never end, are skipped with a warning (needs Linux)",
  async () => {
    make("a");
    symlinkSync("/proc/self", join(tree.root, "process"));
    symlinkSync("/proc/version", join(tree.root, "version"));
    const { files, warnings } = await select();
    expect(paths(files)).toEqual(["a"]);
    expect([...warnings].sort()).toEqual([
      "Skipped the link process: it leads to the kernel's own files.",
      "Skipped the link version: it leads to the kernel's own files.",
    ]);
  },
);

describe("what cannot be read", () => {
  const isRoot = process.geteuid?.() === 0;
  /** Runs as a user whom permissions bind. */
  async function unprivileged<T>(run: () => Promise<T>): Promise<T> {
    if (!isRoot) return await run();
    chmodSync(tree.top, 0o755);
    process.seteuid?.(65534);
    try {
      return await run();
    } finally {
      process.seteuid?.(0);
    }
  }
  afterEach(() => {
    for (const path of ["closed", "a"])
      if (existsSync(join(tree.root, path))) chmodSync(join(tree.root, path), 0o700);
  });

  test("a directory is an error that names it", async () => {
    make("closed/x");
    chmodSync(join(tree.root, "closed"), 0o000);
    const error = await failure(unprivileged(() => select()));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe("Cannot read the directory closed: permission denied.");
    expect(error.hint).toContain("--exclude-from-upload 'closed/'");
  });

  test("an excluded directory doesn't matter", async () => {
    make("closed/x", "a");
    chmodSync(join(tree.root, "closed"), 0o000);
    expect(paths((await unprivileged(() => select(["closed/"]))).files)).toEqual(["a"]);
  });

  test("a file is an error that names it, before anything is sent", async () => {
    make("a", "b");
    chmodSync(join(tree.root, "a"), 0o000);
    const error = await failure(unprivileged(() => select()));
    expect(error.message).toBe("Cannot read the file a: permission denied.");
    expect(paths((await unprivileged(() => select(["a"]))).excluded)).toEqual(["a"]);
  });

  test("a directory that may be listed but not entered is an error that names a file in it", async () => {
    make("closed/x");
    chmodSync(join(tree.root, "closed"), 0o444);
    const error = await failure(unprivileged(() => select()));
    expect(error.message).toBe("Cannot read the file closed/x: permission denied.");
  });

  test("a missing root is an error that names it", async () => {
    const gone = join(tree.top, "gone");
    const error = await failure(selectFiles(gone, { exclude: [], signal: new AbortController().signal }));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toContain(gone);
  });
});

test("names with control characters are refused, all at once, where they are not left out", async () => {
  make("fine é \u202e", "tab\t.txt", "d/Icon\r", "d/e\n/x", "out\t/x");
  const error = await failure(select(["out?/"]));
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).toBe(
    '3 names hold control characters, which jobs don\'t get: "d/Icon\\r", "d/e\\n/x", "tab\\t.txt".',
  );
  const { files, excluded } = await select(["*\t*", "out?/", "Icon?", "d/e?/"]);
  expect(paths(files)).toEqual(["d/", "fine é \u202e"]);
  expect(excluded).toHaveLength(4);
});
