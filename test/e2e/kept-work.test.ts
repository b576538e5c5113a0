// Protects that no finished work is lost where a build on AWS Batch is stopped: it comes home, nothing half made does, and the next
// build makes exactly what is missing.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testEngine } from "../support/container-engine.ts";
import { have } from "../support/have.ts";
import { testImage } from "../support/image.ts";
import { localClients } from "../support/local-clients.ts";
import { directoryAt } from "../support/rebuild-edits.ts";
import { build, rulesRun, treeOf, wouldRun } from "../support/rebuilds.ts";
import {
  jobIdOf,
  type RunningTool,
  runIdOf,
  runTool,
  startTool,
  type ToolResult,
} from "../support/run-tool.ts";
import { onBatch, waysToRun } from "../support/ways.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** While there is a file `hang`, the rules that begin with `slow` stop half-way, each in a way of its own that SIGTERM alone doesn't end. */
const SNAKEFILE = `
HANG = "while [ -e hang ]; do sleep 0.1; done"
rule all:
    input: expand("quick/{i}.txt", i=range(6)), "shell.txt", "run.txt", "script.txt", "directory", "session.txt", "last.txt"
rule quick:
    output: "quick/{i}.txt"
    shell: "echo {wildcards.i} > {output}"
rule intermediate:
    input: expand("quick/{i}.txt", i=range(6))
    output: temp("intermediate.txt")
    shell: "cat {input} > {output}"
rule after_intermediate:
    input: "intermediate.txt"
    output: "after.txt"
    shell: "cat {input} > {output}"
rule slow_shell:
    input: "after.txt"
    output: "shell.txt"
    retries: 2
    shell: "trap '' TERM; echo half > {output}; {HANG}; cat {input} > {output}"
rule slow_session:
    input: "after.txt"
    output: "session.txt"
    shell: "echo half > {output}; setsid sh -c \\"trap '' TERM; {HANG}; echo late > late.txt\\"; rm -f late.txt; cat {input} > {output}"
rule slow_run:
    input: "after.txt"
    output: "run.txt"
    run:
        import os, time
        open(output[0], "w").write("half")
        while os.path.exists("hang"):
            time.sleep(0.1)
        open(output[0], "w").write("whole")
rule slow_script:
    input: "after.txt"
    output: "script.txt"
    script: "script.py"
rule slow_directory:
    input: "after.txt"
    output: directory("directory")
    shell: "mkdir {output}; echo half > {output}/a; {HANG}; echo whole > {output}/a"
rule last:
    input: "shell.txt", "run.txt", "script.txt", "directory", "session.txt"
    output: "last.txt"
    shell: "cat shell.txt run.txt script.txt > {output}"
`;
const SCRIPT = `import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(snakemake.output[0], "w").write("half")
while os.path.exists("hang"):
    time.sleep(0.1)
open(snakemake.output[0], "w").write("whole")
`;
const QUICK = Array.from({ length: 6 }, (_, index) => `quick/${index}.txt`);
const SLOW = ["slow_directory", "slow_run", "slow_script", "slow_session", "slow_shell"];

const tools = ["zip", "unzip", "snakemake"].every(have) && process.platform === "linux";
const { ways, env: engineEnv } = await waysToRun();
const [image, engine] = await Promise.all([testImage(), testEngine()]);

describe.skipIf(!tools)("a build that is stopped (needs zip, unzip, snakemake and Linux)", () => {
  let place: Workplace;
  let whole: Record<string, string>;
  let count = 0;

  beforeAll(async () => {
    place = await workplace();
    Object.assign(place.env, engineEnv);
    await mkdir(place.directory, { recursive: true });
    const directory = await fresh();
    await rm(join(directory, "hang"));
    expect((await build(directory, ["--ambient"], { env: place.env })).exitStatus).toBe(0);
    whole = filesOf(await treeOf(directory));
  });
  afterAll(() => place[Symbol.asyncDispose]());

  async function fresh(): Promise<string> {
    const directory = join(place.directory, `${++count}`);
    await mkdir(directory);
    const { write } = directoryAt(directory);
    write("Snakefile", SNAKEFILE);
    write("script.py", SCRIPT);
    write("hang", "");
    return directory;
  }
  const filesOf = (tree: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(tree).filter(([path]) => !path.startsWith(".snakemake/")));
  const made = async (directory: string) =>
    (await readdir(directory, { recursive: true })).filter((path) => !path.startsWith(".snakemake")).sort();

  /** Starts a build and waits until the slow rules run. */
  async function started(
    directory: string,
    options: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunningTool> {
    const args = ["build", ...options, directory, "--cores=8"];
    const running = startTool(args, { env: { ...place.env, ...env }, cwd: place.directory });
    for (const rule of SLOW) await running.seen(new RegExp(`rule ${rule}:$`, "m"));
    // Until each has written its half.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return running;
  }

  const attach = (id: string, directory: string, ...more: string[]) =>
    runTool(["build", ...onBatch, "--attach", id, ...more, directory], {
      env: place.env,
      cwd: place.directory,
    });

  /** The names in a run's checkpoint, as `unzip` lists them; empty where there is none. */
  async function checkpointed(runId: string): Promise<string> {
    await using clients = await localClients(place.env);
    const object = { Bucket: "nextstrain-jobs", Key: `${runId}.checkpoint.zip` };
    const { Body } = await clients.s3.send(new GetObjectCommand(object)).catch(() => ({ Body: undefined }));
    if (Body === undefined) return "";
    const file = join(place.directory, "checkpoint.zip");
    await writeFile(file, await Body.transformToByteArray());
    return (await promisify(execFile)("unzip", ["-Z1", file])).stdout;
  }

  /** Each ends the job of a running build, and gives what then has brought the results to the directory. */
  const endings: Record<string, (running: RunningTool, directory: string) => Promise<ToolResult>> = {
    async "by Control-C"(running) {
      running.child.kill("SIGINT");
      const result = await running.ended;
      expect(result.exitStatus).toBe(130);
      return result;
    },
    async "by --cancel from another terminal"(running, directory) {
      const other = `${directory}-elsewhere`;
      await mkdir(other);
      const cancelled = await attach(jobIdOf(running.said()), other, "--cancel");
      expect(cancelled.exitStatus, cancelled.stderr).toBe(0);
      expect(await made(other)).toContain("after.txt");
      const result = await running.ended;
      expect(result.exitStatus).toBe(143);
      expect(result.stderr).toContain("It uploaded what it had finished.");
      // They were stopped, too.
      expect(result.stderr).not.toContain("Rules of the workflow that failed");
      return result;
    },
  };

  describe.each(ways)("$name", (way) => {
    test.skipIf(way.skip !== undefined).each(Object.keys(endings))(
      `%s keeps what is finished${way.skip === undefined ? "" : ` (${way.skip})`}`,
      async (name) => {
        const directory = await fresh();
        const running = await started(directory, way.options);
        const result = await endings[name]?.(running, directory);
        expect(result?.stdout).toMatch(
          /^Stopped after [0-9.]+ minutes: 8 of 15 steps are done and here\. The same command goes on from there\.$/m,
        );
        expect(await made(directory)).toEqual(
          ["Snakefile", "after.txt", "hang", "quick", "script.py", ...QUICK].sort(),
        );
        await rm(join(directory, "hang"));
        const missing = [...SLOW, "last"].sort();
        expect((await wouldRun(directory)).rules).toEqual(missing);
        const copy = `${directory}-here`;
        await cp(directory, copy, { recursive: true, preserveTimestamps: true });
        const next = await build(directory, way.options, { env: place.env });
        expect(next.exitStatus, next.stdout + next.stderr).toBe(0);
        expect(rulesRun(next)).toEqual(missing);
        expect(filesOf(await treeOf(directory))).toEqual(whole);
        expect((await wouldRun(directory)).rules).toEqual([]);
      },
    );
  });

  test("by SIGKILL brings back its last checkpoint, and the next one goes on from there", async () => {
    const directory = await fresh();
    const env = { ...place.env, NEXTSTRAIN_AWS_BATCH_CHECKPOINTS: "0.1" };
    // Once the script that the job runs in has uploaded a checkpoint of the quick rules' results, it is killed: the parent of the parent.
    const script = `snakemake --cores=8 &
      archive=../build.checkpoint.zip
      until [ "$(unzip -l $archive | grep -c -e after.txt)$(unzip -l $archive | grep -c intermediate)" = 10 -a \
        $TMPDIR/*/checkpoint -nt $archive ]; do sleep 0.1; done 2> /dev/null
      kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); wait`;
    const killed = await build(directory, [...onBatch, "--exec", "bash"], { args: ["-c", script], env });
    expect(killed.exitStatus, killed.stdout + killed.stderr).toBe(137);
    expect(killed.stdout).toMatch(
      /^The job was killed; its last checkpoint, made [0-9.]+ minutes before its end, is here\./m,
    );
    expect(await made(directory)).toEqual(
      ["Snakefile", "after.txt", "hang", "quick", "script.py", ...QUICK].sort(),
    );
    await rm(join(directory, "hang"));
    const next = await build(directory, onBatch, { env: place.env });
    expect(rulesRun(next)).toEqual([...SLOW, "last"].sort());
    expect(filesOf(await treeOf(directory))).toEqual(whole);
  });

  test.skipIf(typeof image !== "string" || "skip" in engine)(
    `with its container killed brings back its last checkpoint${typeof image === "string" ? "" : ` (${image.skip})`}`,
    async () => {
      if ("skip" in engine) throw new Error(engine.skip);
      const directory = await fresh();
      const options = [...onBatch, "--image", String(image)];
      const running = await started(directory, options, { NEXTSTRAIN_AWS_BATCH_CHECKPOINTS: "0.1" });
      // It must have what was made before the slow rules, but not what is gone by now.
      await expect
        .poll(() => checkpointed(runIdOf(running.said())), { timeout: 120_000 })
        .toEqual(expect.stringMatching(/^after\.txt$(?!.*intermediate)/ms));
      const container = `nextstrain-${jobIdOf(running.said())}-1`;
      const env = { ...process.env, ...engine.env };
      await promisify(execFile)(engine.command, ["kill", "--signal", "KILL", container], { env });
      const killed = await running.ended;
      expect(killed.exitStatus, killed.stdout + killed.stderr).toBe(137);
      expect(killed.stdout).toMatch(/^The job was killed; its last checkpoint, made .* is here\./m);
      expect(await made(directory)).toEqual(
        ["Snakefile", "after.txt", "hang", "quick", "script.py", ...QUICK].sort(),
      );
      expect((await wouldRun(directory)).rules).toEqual([...SLOW, "last"].sort());
    },
  );

  test("is not waited for, and keeps nothing, where graceful-stop is off", async () => {
    const directory = await fresh();
    const env = { ...place.env, NEXTSTRAIN_AWS_BATCH_GRACEFUL_STOP: "off" };
    const running = startTool(
      ["build", ...onBatch, "--exec", "sh", directory, "-c", "echo a > a; sleep 600"],
      {
        env,
        cwd: place.directory,
      },
    );
    await running.seen(/^Job now RUNNING$/m);
    running.child.kill("SIGINT");
    const result = await running.ended;
    expect(result.exitStatus).toBe(130);
    expect(result.stdout).not.toContain("Stopped after");
    expect(await made(directory)).not.toContain("a");
  });

  test("by --no-download leaves its results in the bucket, and says how to get them", async () => {
    const directory = await fresh();
    const flag = join(place.flags, "made");
    const script = `echo a > a; touch ${flag}; sleep 600`;
    const detached = await runTool(
      ["build", ...onBatch, "--detach", "--exec", "sh", directory, "-c", script],
      { env: place.env, cwd: place.directory },
    );
    const id = jobIdOf(detached);
    await expect.poll(() => existsSync(flag)).toBe(true);
    let cancelled = await attach(id, directory, "--cancel", "--no-download");
    expect(cancelled.exitStatus).toBe(0);
    expect(await made(directory)).not.toContain("a");
    expect(cancelled.stdout).toContain(`--attach ${id}`);
    cancelled = await attach(id, directory);
    expect(await made(directory)).toContain("a");
  });

  test.each([
    ["GRACEFUL_STOP", "yes", "is neither on nor off."],
    ["CHECKPOINTS", "often", "is not a number of minutes."],
  ])("NEXTSTRAIN_AWS_BATCH_%s=%s is refused", async (name, value, why) => {
    const variable = `NEXTSTRAIN_AWS_BATCH_${name}`;
    const result = await build(await fresh(), onBatch, { env: { ...place.env, [variable]: value } });
    expect(result.exitStatus).toBe(2);
    expect(result.stderr).toContain(`“${value}” (from ${variable}) ${why}`);
  });
});
