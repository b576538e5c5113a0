import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeContainersOf, runInContainer } from "../../src/local-aws/batch/executor/container-executor.ts";
import { type Engine, findEngine } from "../../src/local-aws/batch/executor/engine.ts";
import type { Attempt, ContainerEnd, RunningContainer } from "../../src/local-aws/batch/executor/executor.ts";
import { testEngine } from "../support/container-engine.ts";
import { testImage } from "../support/image.ts";
import { tempDir } from "../support/temp-dir.ts";

const image = await testImage();
const skip = typeof image === "string" ? undefined : image.skip;
const directory = await tempDir();
afterAll(() => directory[Symbol.asyncDispose]());

const found = await testEngine();
const environment = { ...process.env, ...("env" in found ? found.env : {}) };

describe.skipIf(skip)(`in a container${skip ? ` (${skip})` : ""}`, () => {
  let engine: Engine;
  beforeAll(async () => {
    const usable = await findEngine(environment);
    if ("why" in usable) throw new Error(usable.why);
    engine = usable;
  });

  let runs = 0;
  function start(command: readonly string[], changes: Partial<Attempt> & { stopTimeoutMs?: number } = {}) {
    const jobId = `job-${process.pid}-${++runs}`;
    const lines: string[] = [];
    const waiting: (() => void)[] = [];
    const { stopTimeoutMs = 1_000, environment: variables, ...rest } = changes;
    const attempt: Attempt = {
      jobId,
      number: 1,
      directory: join(directory.path, jobId),
      image: image as string,
      size: { vcpus: 1, memoryMiB: 256 },
      command,
      environment: { LANG: "C.UTF-8", ...variables, AWS_BATCH_JOB_ID: jobId },
      append: async (events) => {
        lines.push(...events.map(({ message }) => message));
        for (const wake of waiting.splice(0)) wake();
      },
      ...rest,
    };
    const options = {
      mayPull: true,
      stopTimeoutMs,
      now: Date.now,
      log: (message: string) => lines.push(`log: ${message}`),
    };
    const container: RunningContainer = runInContainer(engine, attempt, options);
    const line = async (wanted: string) => {
      while (!lines.includes(wanted)) await new Promise<void>((resolve) => waiting.push(resolve));
    };
    return { jobId, lines, container, line };
  }
  async function run(
    ...args: Parameters<typeof start>
  ): Promise<ContainerEnd & { lines: readonly string[] }> {
    const { container, lines } = start(...args);
    return { ...(await container.ended), lines };
  }

  test("a job has the image's user, home, directory and time zone", async () => {
    const script = "id -un; echo $HOME; pwd; date +%Z; cat /nextstrain/augur/origin; exit 3";
    expect(await run(["sh", "-c", script])).toEqual({
      exitCode: 3,
      lines: ["nextstrain", "/nextstrain", "/nextstrain/build", "UTC", "the image's"],
    });
  });

  test("variables arrive as they are, whether or not the engine has them itself", async () => {
    const given = {
      SIMPLE: "a b",
      LINES: "one\ntwo",
      QUOTED: `"'$HOME`,
      EMPTY: "",
      // The engine's program has these, too, and must keep its own.
      PATH: "/usr/local/bin:/usr/bin:/bin:/job",
      DOCKER_HOST: "tcp://nowhere:1",
      CONTAINERS_CONF: "/job/containers.conf",
    };
    const names = Object.keys(given).join(" ");
    const script = `for name in ${names}; do printf '%s=%s\\n' $name "$(printenv $name)"; done`;
    const { lines } = await run(["bash", "-c", script], { environment: given });
    expect(lines.join("\n")).toBe(
      Object.entries(given)
        .map(([name, value]) => `${name}=${value}`)
        .join("\n"),
    );
  });

  test("no variable's value is on a command line of the engine's", async () => {
    const secret = `secret-${process.pid}`;
    const { container, line } = start(["sh", "-c", "echo ready; sleep 60"], {
      environment: { TOKEN: secret },
    });
    await line("ready");
    const { stdout } = await promisify(execFile)("ps", ["-eo", "args"]);
    container.kill();
    await container.ended;
    expect(stdout).toContain("start --attach nextstrain-job");
    expect(stdout).not.toContain(secret);
  });

  test("CPUs and memory are limited to what the job asked for", async () => {
    const script =
      "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu.max " +
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null";
    const { lines } = await run(["sh", "-c", script], { size: { vcpus: 1, memoryMiB: 128 } });
    expect(lines[0]).toBe(String(128 * 2 ** 20));
    expect(lines[1]).toMatch(/^100000( 100000)?$/);
  });

  test("where a part of a job takes too much memory, the job's end says so", async () => {
    const script = "python3 -c 'bytearray(2000 << 20)'; sleep 3; exit 5";
    expect(await run(["sh", "-c", script])).toMatchObject({
      exitCode: 5,
      reason: "OutOfMemoryError: Container killed due to memory usage",
      statusReason: "Essential container in task exited",
    });
    // Podman's monitor notes it in a file, which is not to be found where local AWS was started.
    expect(existsSync("oom")).toBe(false);
  });

  test("a part that was killed otherwise is no lack of memory", async () => {
    const { exitCode, reason } = await run(["sh", "-c", "sh -c 'kill -9 $$'; sleep 1; exit 137"]);
    expect({ exitCode, reason }).toEqual({ exitCode: 137, reason: undefined });
  });

  test("of 10,000 lines on each of standard output and error, none is lost, and each keeps its order", async () => {
    const script = "for i in $(seq 10000); do echo out $i; echo err $i >&2; done";
    const { lines } = await run(["bash", "-c", script]);
    const numbers = (prefix: string) =>
      lines.filter((line) => line.startsWith(prefix)).map((line) => Number(line.slice(prefix.length)));
    const all = Array.from({ length: 10_000 }, (_, index) => index + 1);
    expect(numbers("out ")).toEqual(all);
    expect(numbers("err ")).toEqual(all);
    expect(lines).toHaveLength(20_000);
  });

  test("an image that cannot be pulled is Batch's CannotPullContainerError", async () => {
    const { container } = start(["true"], { image: "127.0.0.1:9/none:latest" });
    expect(await container.started).toBeUndefined();
    const { exitCode, reason } = await container.ended;
    expect(exitCode).toBeUndefined();
    expect(reason).toMatch(/^CannotPullContainerError: .*127\.0\.0\.1:9/);
  });

  test("a program that the image cannot start is CannotStartContainerError", async () => {
    const broken = `localhost/nextstrain-test-broken:${process.pid}`;
    const file = join(directory.path, "Containerfile");
    await writeFile(file, 'FROM scratch\nENTRYPOINT ["/nonesuch"]\n');
    const built = await engine.call(["build", "--tag", broken, "--file", file, directory.path]);
    expect(built).toMatchObject({ status: 0 });
    try {
      const { container } = start(["true"], { image: broken });
      expect(await container.started).toBeUndefined();
      const { reason, statusReason } = await container.ended;
      expect(reason).toMatch(/^CannotStartContainerError: .*nonesuch/);
      expect(statusReason).toBeUndefined();
    } finally {
      await engine.call(["image", "rm", broken]);
    }
  });

  test("a stopped job is told so by SIGTERM", async () => {
    const script = "trap 'echo leaving; exit 4' TERM; echo ready; while :; do sleep 0.1; done";
    const { container, line, lines } = start(["bash", "-c", script], { stopTimeoutMs: 60_000 });
    await line("ready");
    container.stop();
    expect(await container.ended).toEqual({ exitCode: 4 });
    expect(lines).toEqual(["ready", "leaving"]);
  });

  test("one that does not heed it is killed after the stop time-out", async () => {
    const { container, line } = start([
      "bash",
      "-c",
      "trap '' TERM; echo ready; while :; do sleep 0.1; done",
    ]);
    await line("ready");
    container.stop();
    expect(await container.ended).toEqual({ exitCode: 137 });
  });

  test("one that is stopped before it runs never does", async () => {
    const { container, lines } = start(["echo", "too late"]);
    container.stop();
    expect(await container.ended).toEqual({ exitCode: 137 });
    expect(lines).toEqual([]);
  });

  test("what is left of a job is found by its id, ended and removed", async () => {
    const { container, line, jobId } = start(["sh", "-c", "echo ready; sleep 600"]);
    await line("ready");
    const filter = `label=nextstrain.local-aws.job=${jobId}`;
    const ours = async () => (await engine.call(["ps", "--all", "--quiet", "--filter", filter])).stdout;
    expect(await ours()).not.toBe("");
    await removeContainersOf(engine, jobId);
    expect(await ours()).toBe("");
    await container.ended;
  });

  test("the child of an array runs like other jobs, and is found by its id", async () => {
    const jobId = `parent-${process.pid}:3`;
    const { container, line } = start(["sh", "-c", "echo ready; sleep 600"], { jobId });
    await line("ready");
    await removeContainersOf(engine, `parent-${process.pid}:30`);
    const list = () =>
      engine.call(["ps", "--all", "--quiet", "--filter", `label=nextstrain.local-aws.job=${jobId}`]);
    expect((await list()).stdout).not.toBe("");
    await removeContainersOf(engine, jobId);
    await container.ended;
    expect((await list()).stdout).toBe("");
  });

  test("a job goes on where what shows its output is killed, and ends as it ends", async () => {
    const waits = "echo ready; until [ -e /tmp/go ]; do sleep 0.1; done; exit 6";
    const { container, line, jobId } = start(["sh", "-c", waits]);
    await line("ready");
    const { stdout } = await promisify(execFile)("pgrep", ["-f", `start --attach nextstrain-${jobId}-1`]);
    process.kill(Number(stdout), "SIGKILL");
    const went = await engine.call(["exec", `nextstrain-${jobId}-1`, "touch", "/tmp/go"]);
    expect(went).toMatchObject({ status: 0 });
    expect(await container.ended).toEqual({ exitCode: 6 });
  });

  test("nothing is left of a container that has ended", async () => {
    const { container, jobId } = start(["true"]);
    await container.ended;
    const filter = `name=nextstrain-${jobId}`;
    expect((await engine.call(["ps", "--all", "--quiet", "--filter", filter])).stdout).toBe("");
  });
});
