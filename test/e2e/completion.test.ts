import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { cleanEnvironment, runTool } from "../support/run-tool.ts";
import { type TempDir, tempDir } from "../support/temp-dir.ts";

let place: TempDir;
beforeAll(async () => {
  place = await tempDir();
  await mkdir(join(place.path, "a directory"));
  await writeFile(join(place.path, "file.json"), "");
});
afterAll(() => place[Symbol.asyncDispose]());

async function scriptFor(shell: string): Promise<string> {
  const result = await runTool(["completion", shell], { env: cleanEnvironment(place.path), cwd: place.path });
  expect(result.stderr).toBe("");
  expect(result.exitStatus).toBe(0);
  const file = join(place.path, `completion.${shell}`);
  await writeFile(file, result.stdout);
  return file;
}

describe.skipIf(!have("bash"))("in bash (needs bash)", () => {
  let script: string;
  beforeAll(async () => {
    script = await scriptFor("bash");
  });

  /** What bash offers for the last of these words. */
  function completionsOf(...words: string[]): string[] {
    const driver = `
      source "$1"; shift
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      $(complete -p nextstrain | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const printed = execFileSync("bash", ["-c", driver, "bash", script, "nextstrain", ...words], {
      encoding: "utf8",
      cwd: place.path,
    });
    return printed.split("\n").filter((line) => line !== "");
  }

  test("the script has no syntax errors", () => {
    execFileSync("bash", ["-n", script]);
  });

  test.each<[string[], string[]]>([
    [["bu"], ["build"]],
    [
      ["local-aws", "st"],
      ["start", "stop", "status"],
    ],
    [
      ["build", "--det"],
      ["--detach", "--detach-on-interrupt"],
    ],
    [["build", "--aws-batch", "--aws-batch-q"], ["--aws-batch-queue"]],
    [["build", "--aws-batch-sh"], ["--aws-batch-share"]],
    [["local-aws", "start", "--p"], ["--port"]],
    [["completion", "z"], ["zsh"]],
    [["build", "--envdir", "a"], ["a directory"]],
    [["build", "--envdir", "=", "a"], ["a directory"]],
    [["build", "--job-info", "fi"], ["file.json"]],
    [["build", "--aws-batch-queue", "fi"], []],
    [["build", "--aws-batch-queue", "name", "--cp"], ["--cpus"]],
    [["build", "--aws-batch-queue", "=", "name", "--cp"], ["--cpus"]],
    [["build", "a"], ["a directory"]],
    [["build", "directory", "fi"], ["file.json"]],
    [["build", "directory", "--cp"], []],
  ])("%j is completed to %j", (words, expected) => {
    expect(completionsOf(...words).sort()).toEqual(expected.toSorted());
  });
});

for (const [shell, check] of [
  ["zsh", "-n"],
  ["fish", "--no-execute"],
] as const) {
  test.skipIf(!have(shell))(`the script for ${shell} has no syntax errors (needs ${shell})`, async () => {
    execFileSync(shell, [check, await scriptFor(shell)]);
  });
}

test.each(["zsh", "fish"])("the script for %s knows every option of nextstrain build", async (shell) => {
  const env = cleanEnvironment(place.path);
  const script = await runTool(["completion", shell], { env, cwd: place.path });
  const help = await runTool(["build", "--help-all"], { env, cwd: place.path });
  const hidden = ["native", "help-all"];
  const options = [...help.stdout.matchAll(/^ {2}(?:-\w, )?--([a-z0-9-]+)/gm)]
    .map(([, option = ""]) => option)
    .filter((option) => !hidden.includes(option));
  expect(options.length).toBeGreaterThan(25);
  const known = (option = "") => script.stdout.includes(shell === "fish" ? ` -l ${option} ` : `--${option}`);
  expect(options.filter((option) => !known(option))).toEqual([]);
});

test("another shell is refused, and the ones known are named", async () => {
  const result = await runTool(["completion", "tcsh"], {
    env: cleanEnvironment(place.path),
    cwd: place.path,
  });
  expect(result.exitStatus).toBe(2);
  expect(result.stderr).toMatch(/bash, zsh, fish/);
});
