import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "../errors.ts";
import { findBuildRoot } from "./build-root.ts";

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "build-root-"));
  mkdirSync(join(top, "repo/phylogenetic/nested"), { recursive: true });
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

test("a directory outside any pathogen repository is its own root", async () => {
  const directory = join(top, "repo/phylogenetic");
  expect(await findBuildRoot(directory, "/")).toEqual({ root: directory, directory, subdirectory: "" });
});

test("the nearest parent with nextstrain-pathogen.yaml is the root", async () => {
  writeFileSync(join(top, "nextstrain-pathogen.yaml"), "");
  writeFileSync(join(top, "repo/nextstrain-pathogen.yaml"), "");
  expect(await findBuildRoot(join(top, "repo/phylogenetic/nested"), "/")).toEqual({
    root: join(top, "repo"),
    directory: join(top, "repo/phylogenetic/nested"),
    subdirectory: "phylogenetic/nested",
  });
});

test("the directory itself can be the root", async () => {
  writeFileSync(join(top, "repo/nextstrain-pathogen.yaml"), "");
  expect(await findBuildRoot(join(top, "repo"), "/")).toMatchObject({
    root: join(top, "repo"),
    subdirectory: "",
  });
});

test("a directory called nextstrain-pathogen.yaml doesn't count", async () => {
  mkdirSync(join(top, "nextstrain-pathogen.yaml"));
  expect((await findBuildRoot(join(top, "repo"), "/")).root).toBe(join(top, "repo"));
});

test("a relative path is taken from the working directory, dots and slashes don't matter", async () => {
  expect((await findBuildRoot("./phylogenetic/../phylogenetic/", join(top, "repo"))).directory).toBe(
    join(top, "repo/phylogenetic"),
  );
});

test("a missing directory is the user's mistake, named", async () => {
  const failure = await findBuildRoot(join(top, "nope"), "/").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UserError);
  expect(failure).toMatchObject({ message: `There is no directory ${join(top, "nope")}.` });
});

test("a file in its place is the user's mistake, named", async () => {
  writeFileSync(join(top, "Snakefile"), "");
  const failure = await findBuildRoot(join(top, "Snakefile"), "/").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UserError);
  expect(failure).toMatchObject({ message: `${join(top, "Snakefile")} is not a directory.` });
  expect((failure as UserError).hint).toContain(top);
});
