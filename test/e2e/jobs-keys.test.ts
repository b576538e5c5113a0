// Protects the keys of `nextstrain jobs watch`: what each does, and that the terminal is as before however the program ends.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { runIdOf } from "../support/run-tool.ts";
import { type InTerminal, startInTerminal } from "../support/terminal.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const UP = "\x1b[A";
const DOWN = "\x1b[B";
const needs = ["zip", "unzip", "python3"].every(have);

describe.skipIf(!needs)("jobs watch in a terminal (needs zip, unzip and python3)", () => {
  let place: Workplace;
  let ids: string[];

  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    const start = async (name: string) => {
      const wait = `until [ -e '${join(place.flags, name)}' ]; do sleep 0.1; done`;
      const script = `i=0; while [ $i -lt 99 ]; do i=$((i+1)); echo ${name} $i.; done; ${wait}; echo ${name} > ${name}.txt`;
      return runIdOf(await place.build(script, "--detach", "--aws-batch-cpus", "1")).slice(0, 8);
    };
    ids = [await start("first"), await start("second")];
  });
  afterAll(() => place[Symbol.asyncDispose]());

  const watch = (env: Record<string, string> = {}) =>
    startInTerminal(["jobs", "watch", ...ids], {
      env: { ...place.env, ...env },
      cwd: place.home,
      columns: 120,
    });
  const bothRun = (terminal: InTerminal) => terminal.seen(/2 RUNNING\. [\s\S]*q leaves/);
  const chosen = (index: number) => new RegExp(`> ${ids[index]} {2}RUNNING`);
  const left = "The jobs go on without this program; `nextstrain jobs watch` takes them up again.\r\n";

  test("a job is chosen, and its log read", async () => {
    const terminal = watch();
    await bothRun(terminal);
    terminal.type("j");
    await terminal.seen(chosen(1));
    terminal.type(UP);
    await terminal.seen(chosen(0));
    terminal.type(DOWN);
    await terminal.seen(chosen(1));
    terminal.type("\r");
    await terminal.seen(new RegExp(`Log of ${ids[1]} {2}RUNNING for \\d+s`));
    await terminal.seen(/second 98\.\r\n(\+.*\r\n)*second 99\./);
    terminal.type("k");
    await terminal.seen(/more lines below/);
    terminal.type("\x1b");
    await terminal.seen(chosen(1));
    terminal.type("kl");
    await terminal.seen(/first 99\./);
    terminal.type("q");
    await terminal.seen(chosen(0));
    terminal.type("q");
    const { raw, exitStatus, settingsKept } = await terminal.ended;
    expect([exitStatus, settingsKept]).toEqual([0, true]);
    expect(raw.endsWith(left)).toBe(true);
  });

  test.each([
    ["Control-C", "\x03", 0],
    ["Control-Z", "\x1a", 0],
    ["Control-\\", "\x1c", 131],
  ])("%s leaves, from wherever one is", async (_, key, status) => {
    for (const before of ["", "l", "c"]) {
      const terminal = watch();
      await bothRun(terminal);
      terminal.type(before + key);
      const { raw, exitStatus, settingsKept } = await terminal.ended;
      expect([exitStatus, settingsKept]).toEqual([status, true]);
      expect(raw.endsWith(left)).toBe(status === 0);
    }
  });

  test.skipIf(process.platform !== "linux").each([
    ["SIGINT", 0],
    ["SIGTERM", 143],
    ["SIGQUIT", 131],
    ["SIGTSTP", 0],
  ] as const)("%s leaves the terminal as it was", async (signal, status) => {
    const terminal = watch();
    await bothRun(terminal);
    terminal.kill(signal);
    expect(await terminal.ended).toMatchObject({ exitStatus: status, settingsKept: true });
  });

  test("a crash leaves the terminal as it was", async () => {
    const preload = join(place.home, "crash.cjs");
    const go = join(place.home, "crash");
    const crash = `setInterval(() => { if (require("fs").existsSync(${JSON.stringify(go)})) throw new Error("a crash"); }, 100).unref();`;
    await writeFile(preload, crash);
    const terminal = watch({ NODE_OPTIONS: `--require ${preload}` });
    await bothRun(terminal);
    await writeFile(go, "");
    const { raw, exitStatus, settingsKept } = await terminal.ended;
    expect(raw).toContain("Error: a crash");
    expect([exitStatus, settingsKept]).toEqual([1, true]);
  });

  test("a job is cancelled once that is confirmed; the results of the other come home", async () => {
    const terminal = watch();
    await bothRun(terminal);
    const question = new RegExp(`Cancel job ${ids[0]}\\? y cancels it, any other key doesn't`);
    terminal.type("c");
    await terminal.seen(question);
    terminal.type("n");
    await terminal.seen(/q leaves/);
    terminal.type("c");
    await terminal.seen(question);
    terminal.type("y");
    await terminal.seen(new RegExp(`Cancelling job ${ids[0]}`));
    await terminal.seen(new RegExp(`${ids[0]} {2}FAILED`));
    await writeFile(join(place.flags, "second"), "");
    const { raw, exitStatus, settingsKept } = await terminal.ended;
    expect([exitStatus, settingsKept]).toEqual([1, true]);
    expect(raw).toMatch(new RegExp(`${ids[1]} {2}SUCCEEDED`));
    expect(raw.match(/Cancelling job/g)).toHaveLength(1);
    expect(await place.read("second.txt")).toBe("second\n");
    const { jobs } = JSON.parse((await place.run("jobs", "show", "--json", ids[0] ?? "")).stdout);
    expect(jobs[0]).toMatchObject({ status: "FAILED", statusReason: "Cancelled by the user." });
  });
});
