import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildEntrypoint } from "../testing/build-entrypoint.ts";
import { temporaryDirectory } from "../testing/fakes.ts";
import type { ContainerEnd, Executor, RunningContainer } from "./executor.ts";
import { createProcessExecutor } from "./process-executor.ts";
import { isAlive } from "./processes.ts";
import { chooseSandbox, mappedSandbox } from "./sandbox.ts";

const path = process.env.PATH ?? "";
const directory = await temporaryDirectory();
const best = await chooseSandbox({ scratch: join(directory.path, "trial"), path });
const sandboxes = best.kind === "namespace" ? [best, mappedSandbox] : [mappedSandbox];
let entrypoint: string;
let runs = 0;

beforeAll(async () => {
  entrypoint = await buildEntrypoint(directory.path);
});
afterAll(() => directory[Symbol.asyncDispose]());

/** How many processes of a job are alive. Its own process ids say nothing here: it may count them in a namespace of its own. */
async function livingOf(jobId: string): Promise<number> {
  const ids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  const environments = ids.map((id) => readFile(`/proc/${id}/environ`, "latin1").catch(() => ""));
  const mark = `AWS_BATCH_JOB_ID=${jobId}`;
  return (await Promise.all(environments)).filter((one) => one.split("\0").includes(mark)).length;
}

test.skipIf(best.kind !== "namespace")("a mount namespace can be had (needs unshare)", () => {
  expect(best.kind).toBe("namespace");
  expect(existsSync("/nextstrain")).toBe(false);
});

describe.each(sandboxes.map((sandbox) => [sandbox.kind, sandbox] as const))(
  "in a %s sandbox",
  (_kind, sandbox) => {
    function start(
      command: readonly string[],
      {
        environment = {},
        stopTimeoutMs = 20,
      }: { environment?: Record<string, string>; stopTimeoutMs?: number } = {},
    ) {
      const executor: Executor = createProcessExecutor({
        scratch: join(directory.path, "trial"),
        entrypoint,
        path,
        stopTimeoutMs,
        sandbox,
        now: () => 1_800_000_000_000,
        log: (message) => lines.push(`executor: ${message}`),
      });
      const jobId = `job-${++runs}-${process.pid}`;
      const lines: string[] = [];
      const waiting: (() => void)[] = [];
      const container: RunningContainer = executor.run({
        jobId,
        number: 1,
        directory: join(directory.path, jobId, "1"),
        image: "nextstrain/base",
        size: { vcpus: 1, memoryMiB: 64 },
        command,
        environment: { TZ: "UTC", ...environment, AWS_BATCH_JOB_ID: jobId },
        append: async (events) => {
          lines.push(...events.map(({ message }) => message));
          for (const wake of waiting.splice(0)) wake();
        },
      });
      /** Resolves once the job has written the line. */
      const line = async (wanted: string) => {
        while (!lines.includes(wanted)) await new Promise<void>((resolve) => waiting.push(resolve));
      };
      return { executor, jobId, lines, container, line };
    }
    async function run(
      ...args: Parameters<typeof start>
    ): Promise<ContainerEnd & { lines: readonly string[] }> {
      const { container, lines } = start(...args);
      return { ...(await container.ended), lines };
    }

    test("a command's output comes line by line, and its exit status", async () => {
      const script = "echo one; echo two >&2; printf '\\nthr\\303\\251e'; exit 7";
      expect(await run(["sh", "-c", script])).toEqual({ exitCode: 7, lines: ["one", "two", "thrée"] });
    });

    test("the environment is the container's and nothing else", async () => {
      const { lines } = await run(["env"], { environment: { GREETING: "hi" } });
      const names = lines.map((line) => line.split("=")[0]).sort();
      expect(names).toEqual(["AWS_BATCH_JOB_ID", "GREETING", "HOME", "PATH", "PWD", "TMPDIR", "TZ"]);
      expect(lines).toContain("GREETING=hi");
    });

    test("the job starts in /nextstrain/build, can write there, and nothing of it is left", async () => {
      const { lines, exitCode } = await run([
        "sh",
        "-c",
        'pwd; echo x > file; cat file; ls "$HOME"; echo y > "$TMPDIR/z"',
      ]);
      expect(exitCode).toBe(0);
      expect(lines[0]).toMatch(/\/nextstrain\/build$/);
      expect(lines.slice(1)).toEqual(["x", "build", "env.d"]);
      expect(await readdir(join(directory.path, `job-${runs}-${process.pid}`))).toEqual([]);
    });

    test("env --chdir to a directory of the container works", async () => {
      const { lines } = await run(["env", "--chdir", "/nextstrain", "--", "pwd"]);
      expect(lines).toEqual([expect.stringMatching(/\/nextstrain$/)]);
    });

    test("/dev/stderr can be opened", async () => {
      expect(await run(["sh", "-c", "echo a | tee /dev/stderr"])).toEqual({ exitCode: 0, lines: ["a", "a"] });
    });

    test("a program that is missing is a start failure", async () => {
      expect(await run(["no-such-program"])).toMatchObject({
        exitCode: 127,
        reason: expect.stringMatching(/^CannotStartContainerError: .*"no-such-program"/),
      });
    });

    test("death by a signal is 128 and its number", async () => {
      expect((await run(["sh", "-c", "kill -USR1 $$"])).exitCode).toBe(128 + 10);
    });

    test("stop lets a program that handles SIGTERM end by itself", async () => {
      const script = "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done";
      const { container, lines, line } = start(["sh", "-c", script], { stopTimeoutMs: 600_000 });
      await line("ready");
      container.stop();
      expect(await container.ended).toEqual({ exitCode: 5 });
      expect(lines).toEqual(["ready", "bye"]);
    });

    test("stop kills all that is left after the stop timeout", async () => {
      const own = "setsid sh -c 'echo ready; exec sleep 1000' & wait";
      const { container, jobId, line } = start(["sh", "-c", `trap '' TERM; sleep 1001 & ${own}`]);
      await line("ready");
      expect(await livingOf(jobId)).toBeGreaterThanOrEqual(3);
      container.stop();
      expect(await container.ended).toEqual({ exitCode: 137 });
      await expect.poll(() => livingOf(jobId)).toBe(0);
    });

    test("what a command leaves running ends with it", async () => {
      const { container, jobId } = start(["sh", "-c", "sleep 1000 &"]);
      expect(await container.ended).toEqual({ exitCode: 0 });
      await expect.poll(() => livingOf(jobId)).toBe(0);
    });

    test("a job stopped before it has a process never gets one", async () => {
      const { container } = start(["sh", "-c", "echo never"]);
      container.stop();
      expect(await container.started).toBeUndefined();
      expect(await container.ended).toEqual({ exitCode: 137 });
    });

    test("cleaning up after a daemon that died kills the job's processes and removes its directory", async () => {
      const { container, executor, jobId, line } = start(["sh", "-c", "echo ready; sleep 1000"]);
      const left = { jobId, directory: join(directory.path, jobId, "1"), process: await container.started };
      await line("ready");
      await executor.cleanUp(left);
      expect((await container.ended).exitCode).toBe(137);
      expect(existsSync(left.directory)).toBe(false);
    });

    test("cleaning up leaves a process alone that only has the same id", async () => {
      const { executor, jobId } = start(["true"]);
      const other = start(["sh", "-c", "echo ready; sleep 1000"]);
      const process = await other.container.started;
      await other.line("ready");
      if (process === undefined) throw new Error("not started");
      await executor.cleanUp({
        jobId,
        directory: join(directory.path, "none"),
        process: { pid: process.pid, startTime: "earlier" },
      });
      expect(await isAlive(process)).toBe(true);
      other.container.kill();
      expect((await other.container.ended).exitCode).toBe(137);
    });
  },
);

test("a process that can't be made is a job that could not start, and no end of local AWS", async () => {
  const said: string[] = [];
  const executor = createProcessExecutor({
    scratch: join(directory.path, "trial"),
    entrypoint,
    path,
    stopTimeoutMs: 20,
    // As where the system has no more processes to give: the error comes after the call.
    sandbox: { ...mappedSandbox, wrap: () => [join(directory.path, "none")] },
    now: Date.now,
    log: (message) => said.push(message),
  });
  const lost: unknown[] = [];
  const note = (error: unknown) => lost.push(error);
  process.on("unhandledRejection", note);
  const container = executor.run({
    jobId: "job-none",
    number: 1,
    directory: join(directory.path, "job-none"),
    image: "nextstrain/base",
    size: { vcpus: 1, memoryMiB: 64 },
    command: ["true"],
    environment: {},
    append: async () => {},
  });
  expect(await container.started).toBeUndefined();
  expect(await container.ended).toMatchObject({
    reason: expect.stringMatching(/^CannotStartContainerError: .*ENOENT/),
  });
  process.off("unhandledRejection", note);
  expect(lost).toEqual([]);
  expect(said.join()).toMatch(/job-none could not be run/);
});
