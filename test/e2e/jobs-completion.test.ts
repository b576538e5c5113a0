// Protects that shells offer the real ids of jobs, with what each is of beside it, wherever a command takes one.
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { keepRecords, numberedRun, recordOf } from "../support/records.ts";
import { cleanEnvironment, program, runTool } from "../support/run-tool.ts";
import { type TempDir, tempDir } from "../support/temp-dir.ts";

let place: TempDir;
let env: Record<string, string>;
beforeAll(async () => {
  place = await tempDir();
  env = cleanEnvironment(place.path);
  await keepRecords(place.path, [
    recordOf(numberedRun(1, "1a1a1a1a"), {
      createdAt: Date.now() - 60_000,
      directory: join(place.path, "zika"),
    }),
    recordOf(numberedRun(2, "1b1b1b1b"), { createdAt: Date.now() - 7_200_000, status: "FAILED" }),
    recordOf(numberedRun(3, "2c2c2c2c"), { createdAt: Date.now() - 90_000_000 }),
  ]);
  for (const shell of ["bash", "zsh", "fish"]) {
    const { stdout } = await runTool(["completion", shell], { env, cwd: place.path });
    await writeFile(join(place.path, `completion.${shell}`), stdout);
  }
});
afterAll(() => place[Symbol.asyncDispose]());

/** Lets a shell run a script; `nextstrain` is the built program. */
function run(shell: string, script: string): string[] {
  const define = { fish: `function nextstrain; '${process.execPath}' '${program}' $argv; end` }[shell];
  const nextstrain = define ?? `nextstrain() { '${process.execPath}' '${program}' "$@"; }`;
  const printed = execFileSync(shell, ["-c", `${nextstrain}\n${script}`], {
    encoding: "utf8",
    env,
    cwd: place.path,
  });
  return printed.split("\n").filter((line) => line !== "");
}

const inBash = (...words: string[]) =>
  run(
    "bash",
    `source ./completion.bash; COMP_WORDS=(nextstrain ${words.join(" ")} ${words.at(-1) === "" ? '""' : ""}); COMP_CWORD=${words.length}
     _nextstrain; printf '%s\\n' "\${COMPREPLY[@]}"`,
  );

test.skipIf(!have("bash"))("in bash (needs bash)", () => {
  expect(inBash("jobs", "show", "1")).toEqual([
    expect.stringMatching(/^1a1a1a1a {2}\(SUCCEEDED, .* ago, ~\/zika\)$/),
    expect.stringMatching(/^1b1b1b1b {2}\(FAILED, .* ago, \/data\/zika\)$/),
  ]);
  expect(inBash("jobs", "logs", "-f", "2")).toEqual(["2c2c2c2c"]);
  expect(inBash("jobs", "download", "1a1a1a1a", "2")).toEqual(["2c2c2c2c"]);
  expect(inBash("build", "--aws-batch", "--attach", "la")).toEqual(["last"]);
  expect(inBash("jobs", "download", "--in")).toEqual(["--into"]);
  expect(inBash("jobs", "sh")).toEqual(["show"]);
});

test.skipIf(!have("zsh"))("in zsh (needs zsh)", () => {
  const offered = (...words: string[]) =>
    run(
      "zsh",
      `compdef() { }; _describe() { print -rl -- "\${(@P)3}"; }; compadd() { print -rl -- "$@"; }; _files() { print files; }
       source ./completion.zsh; words=(nextstrain ${words.map((word) => word || "''").join(" ")}); CURRENT=${words.length + 1}; _nextstrain`,
    );
  const ids = [
    /^1a1a1a1a:SUCCEEDED, .*~\/zika$/,
    /^1b1b1b1b:FAILED, /,
    /^2c2c2c2c:/,
    /^last:1a1a1a1a: SUCCEEDED/,
  ];
  expect(offered("jobs", "show", "")).toEqual(ids.map((pattern) => expect.stringMatching(pattern)));
  expect(offered("build", "--attach", "")).toHaveLength(4);
  expect(offered("jobs", "")).toContain("watch");
});

test.skipIf(!have("fish"))("in fish (needs fish)", () => {
  const offered = (line: string) => run("fish", `source ./completion.fish; complete -C '${line}'`);
  expect(offered("nextstrain jobs show 1")).toEqual([
    expect.stringMatching(/^1a1a1a1a\tSUCCEEDED, .*~\/zika$/),
    expect.stringMatching(/^1b1b1b1b\tFAILED, /),
  ]);
  expect(offered("nextstrain build --attach l")).toEqual([expect.stringMatching(/^last\t/)]);
});

test("where nothing was built, nothing is offered", async () => {
  await using empty = await tempDir();
  const { stdout, exitStatus } = await runTool(["completion", "jobs"], {
    env: cleanEnvironment(empty.path),
    cwd: empty.path,
  });
  expect([stdout, exitStatus]).toEqual(["", 0]);
});
