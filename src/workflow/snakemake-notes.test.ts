// Protects how Snakemake's notes are told from other files, and read.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { notePath, parseNotePath, readNote } from "./snakemake-notes.ts";

/** Debian's. */
const MODULES = "/usr/lib/python3/dist-packages/snakemake";
const named = (id: string) => Buffer.from(id).toString("base64").replaceAll("+", "-").replaceAll("/", "_");

describe("the path of a note", () => {
  test("names the output, relative to the build root", () => {
    expect(parseNotePath(".snakemake/metadata/b3V0LzcudHh0")).toEqual({
      kind: "metadata",
      workdir: "",
      output: "out/7.txt",
    });
    expect(parseNotePath(`a/b/.snakemake/incomplete/${named("../é.txt")}`)).toEqual({
      kind: "incomplete",
      workdir: "a/b/",
      output: "a/é.txt",
    });
    expect(parseNotePath(`.snakemake/metadata/${named("results/dir/")}`)?.output).toBe("results/dir");
    expect(parseNotePath(`.snakemake/metadata/${named("/nextstrain/build/x/y")}`)?.output).toBe("x/y");
  });

  test.skipIf(!existsSync(MODULES))(
    "is as Snakemake makes it, a long one too (needs Debian's snakemake)",
    () => {
      const id = `${"directory-with-a-long-name/".repeat(25)}é.txt`;
      const script = `
import sys
from types import SimpleNamespace
from snakemake.persistence import Persistence
place = SimpleNamespace(_b64id=lambda s: Persistence._b64id(None, s), _fetch_max_len=lambda subject: 255)
print(Persistence._record_path(place, ".snakemake/metadata", sys.argv[1]))`;
      const path = execFileSync("/usr/bin/python3", ["-c", script, id], { encoding: "utf8" }).trim();
      expect(path).toContain("/@");
      const name = { kind: "metadata", workdir: "", output: id } as const;
      expect(parseNotePath(path)).toEqual(name);
      expect(notePath(name)).toBe(path);
      const outside = { kind: "incomplete", workdir: "a/", output: "b/é" } as const;
      expect(notePath(outside)).toBe(`a/.snakemake/incomplete/${named("../b/é")}`);
      expect(parseNotePath(notePath(outside))).toEqual(outside);
    },
  );

  test.each([
    [".snakemake/metadata/notes.txt", "a file that a workflow put there"],
    [".snakemake/metadata/tmpk3j2.b3V0Lzcu", "a temporary file of Snakemake's"],
    [".snakemake/metadata/abcde", "no base64"],
    [".snakemake/metadata/_w==", "not UTF-8"],
    [".snakemake/metadata/dir/b3V0LzcudHh0", "a directory without @"],
    [".snakemake/log/b3V0LzcudHh0", "a log"],
    [`.snakemake/metadata/${named("../outside.txt")}`, "an output outside of the build root"],
    [`.snakemake/metadata/${named("/etc/passwd")}`, "an absolute path elsewhere"],
    [`.snakemake/metadata/${named("/nextstrain/build/../x")}`, "an absolute path that leads out"],
    [`.snakemake/metadata/${named(".")}`, "the build root"],
    ["metadata/b3V0LzcudHh0", "another directory"],
  ])("%s is none: %s", (path) => {
    expect(parseNotePath(path)).toBeUndefined();
  });
});

test("a note's inputs and logs are relative to the build root; a damaged one has none", () => {
  const directory = mkdtempSync(join(tmpdir(), "notes-"));
  const name = { kind: "metadata", workdir: "phylo/", output: "phylo/c.txt" } as const;
  const file = join(directory, "note");
  try {
    const note = { input: ["a.txt", "../shared/b.txt", "/etc/hosts", 7], log: ["logs/c.log"], rule: "c" };
    writeFileSync(file, JSON.stringify(note));
    expect(readNote(file, name)).toEqual({
      inputs: ["phylo/a.txt", "shared/b.txt"],
      logs: ["phylo/logs/c.log"],
    });
    writeFileSync(file, "{");
    expect(readNote(file, name)).toEqual({ inputs: [], logs: [] });
    expect(readNote(join(directory, "none"), name)).toEqual({ inputs: [], logs: [] });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
