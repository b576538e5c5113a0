import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import type { UserError } from "../errors.ts";
import { selectFiles } from "./selection.ts";

/** An empty build root for each test of a file. The functions don't need their object. */
export function treeForEachTest() {
  const tree = {
    /** A directory around the root. */
    top: "",
    root: "",
    /** Makes files (content: their own path) and, where a path ends with a slash, directories below the root. */
    make(...paths: string[]): void {
      for (const path of paths) {
        const full = join(tree.root, path);
        mkdirSync(path.endsWith("/") ? full : dirname(full), { recursive: true });
        if (!path.endsWith("/")) writeFileSync(full, path);
      }
    },
    link: (target: string, path: string) => symlinkSync(target, join(tree.root, path)),
    select: (exclude: string[] = [], signal = new AbortController().signal) =>
      selectFiles(tree.root, { exclude, signal }),
  };
  beforeEach(() => {
    tree.top = mkdtempSync(join(tmpdir(), "selection-"));
    tree.root = join(tree.top, "build");
    mkdirSync(tree.root);
  });
  afterEach(() => rmSync(tree.top, { recursive: true, force: true }));
  return tree;
}

/** Paths, those of directories with a slash. */
export const paths = (files: readonly { path: string; kind: string }[]) =>
  files.map(({ path, kind }) => (kind === "directory" ? `${path}/` : path));

export const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable("nothing was wrong"),
    (error: unknown) => error as UserError,
  );
