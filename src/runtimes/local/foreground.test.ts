import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { runInForeground } from "./foreground.ts";

const env = { PATH: process.env.PATH };
const sh = (script: string, ...rest: string[]) => ({
  program: "sh",
  args: ["-c", script, "sh", ...rest],
  env,
});

test.each([
  ["exit 0", 0],
  ["exit 7", 7],
  ["kill -TERM $$", 143],
  ["kill -KILL $$", 137],
])("%s gives %i", async (script, status) => {
  expect(await runInForeground(testContext(), sh(script))).toBe(status);
});

test("a program that is not there, or not executable, is said, with a shell's exit status", async () => {
  await using place = await tempDir();
  const context = testContext();
  const missing = { program: join(place.path, "none"), args: [], env };
  expect(await runInForeground(context, missing)).toBe(127);
  await writeFile(join(place.path, "text"), "");
  expect(await runInForeground(context, { ...missing, program: join(place.path, "text") })).toBe(126);
  expect(context.output.err.join("\n")).toMatch(/there is no such program[\s\S]*not executable/);
});

test("it runs in the directory and with the environment given, and none of this process's", async () => {
  await using place = await tempDir();
  await mkdir(join(place.path, "here"));
  const command = sh('pwd > "$1"; echo "$ONLY-$HOME" >> "$1"', join(place.path, "out"));
  const status = await runInForeground(testContext(), {
    ...command,
    env: { ...env, ONLY: "this" },
    cwd: join(place.path, "here"),
  });
  expect(status).toBe(0);
  expect(await readFile(join(place.path, "out"), "utf8")).toBe(`${place.path}/here\nthis-\n`);
});

/** Resolves once the program has written to the file that it is ready. */
async function untilReady(file: string): Promise<void> {
  while ((await readFile(file, "utf8").catch(() => "")) === "") {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test.each(["SIGTERM", "SIGHUP"] as const)(
  "%s is passed on, and its status is the program's",
  async (name) => {
    await using place = await tempDir();
    const ready = join(place.path, "ready");
    const context = testContext();
    const trap = `trap 'exit 3' ${name.slice(3)}; echo 1 > "$1"; while :; do sleep 0.02; done`;
    const status = runInForeground(context, sh(trap, ready));
    await untilReady(ready);
    context.send(name);
    expect(await status).toBe(3);
  },
);

test("what ends the program ends what it runs", async () => {
  await using place = await tempDir();
  const ready = join(place.path, "ready");
  const ending = new AbortController();
  const context = testContext({ signal: ending.signal });
  const status = runInForeground(context, sh('echo 1 > "$1"; exec sleep 1000', ready));
  await untilReady(ready);
  ending.abort(new Error("the end"));
  expect(await status).toBe(143);
  await expect(runInForeground(context, sh("exit 0"))).rejects.toThrow("the end");
});
