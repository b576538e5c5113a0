import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fakeExecutor, temporaryDirectory } from "../testing/fakes.ts";
import { createChosenExecutor, type ExecutorChoice } from "./chosen-executor.ts";

const directory = await temporaryDirectory();
afterAll(() => directory[Symbol.asyncDispose]());

/**
 * A `podman` that has the image `here`, whose containers write `hello` and end with status 3, or do not start, for the reason
 * that `refusal` gives. It writes down how it is called.
 */
async function fakePodman(
  name: string,
  { refusal = "", outOfMemory = false } = {},
): Promise<{ path: string; calls(): Promise<string> }> {
  const path = join(directory.path, name);
  const calls = join(directory.path, `${name}.calls`);
  const info = JSON.stringify({ host: { cpus: 2, cgroupControllers: [] }, version: { Version: "9.9" } });
  const startedAt = refusal ? "0001-01-01T00:00:00Z" : "2026-01-01T00:00:00Z";
  const state = {
    Running: false,
    StartedAt: startedAt,
    ExitCode: refusal ? 126 : 3,
    Pid: 0,
    OOMKilled: outOfMemory,
  };
  const script = `#!/bin/sh
echo "$*" >> ${calls}
case "$1 $2" in
  "info --format") echo '${info}';;
  "image inspect") [ "$5" = here ];;
  "start --attach") ${refusal ? `echo 'Error: ${refusal}' >&2; exit 126` : "echo hello; exit 3"};;
  "inspect --type") echo '${JSON.stringify(state)}';;
  "ps --all") echo left-over;;
esac
`;
  await mkdir(path);
  await writeFile(join(path, "podman"), script);
  await chmod(join(path, "podman"), 0o755);
  return { path, calls: () => readFile(calls, "utf8").catch(() => "") };
}

let runs = 0;
function executorOf(choice: ExecutorChoice, path: string) {
  const processes = fakeExecutor();
  const messages: string[] = [];
  const executor = createChosenExecutor({
    choice,
    processes,
    // The fake alone: what it runs is the shell's own.
    environment: { PATH: path },
    stopTimeoutMs: 10,
    now: () => 1,
    log: (message) => messages.push(message),
  });
  const lines: string[] = [];
  const run = (image: string, jobId = `job-${++runs}`) =>
    executor.run({
      jobId,
      number: 1,
      directory: join(directory.path, `job-${runs}`),
      image,
      size: { vcpus: 1, memoryMiB: 64 },
      command: ["true"],
      environment: {},
      append: async (events) => void lines.push(...events.map(({ message }) => message)),
    });
  return { executor, processes, lines, messages, run };
}

test("by itself it takes containers for images that are here, and processes for others, and says how to get one", async () => {
  const { path, calls } = await fakePodman("works");
  const { executor, processes, run, lines } = executorOf("auto", path);
  expect(await run("here").ended).toEqual({ exitCode: 3 });
  expect(lines).toEqual(["hello"]);
  expect(processes.containers).toHaveLength(0);

  const { started } = run("elsewhere");
  await started;
  expect(processes.containers).toHaveLength(1);
  expect(await calls()).not.toMatch(/^pull /m);
  expect(await executor.describeFor("here")).toMatchObject({ by: "containers", detail: "podman 9.9" });
  expect(await executor.describeFor("elsewhere")).toMatchObject({
    by: "processes",
    detail: expect.stringContaining("podman pull docker.io/library/elsewhere"),
    isNews: true,
  });
  expect(await executor.describeFor("elsewhere")).toMatchObject({ isNews: false });
});

test("asked for containers, it pulls an image that is not here", async () => {
  const { path, calls } = await fakePodman("pulls");
  const { run, processes } = executorOf("container", path);
  expect(await run("elsewhere").ended).toEqual({ exitCode: 3 });
  expect(await calls()).toContain("pull --quiet docker.io/library/elsewhere");
  expect(processes.containers).toHaveLength(0);
});

test("asked for processes, it does not so much as look for an engine", async () => {
  const { path, calls } = await fakePodman("unused");
  const { executor, run, processes } = executorOf("process", path);
  await run("here").started;
  expect(processes.containers).toHaveLength(1);
  expect(await executor.describe()).toEqual({ by: "processes", detail: "as asked for" });
  expect(await calls()).toBe("");
});

test("without an engine it is processes", async () => {
  const { executor, run, processes } = executorOf("auto", join(directory.path, "nothing"));
  await run("here").started;
  expect(processes.containers).toHaveLength(1);
  expect(await executor.describe()).toEqual({
    by: "processes",
    detail: "there is no docker or podman",
  });
});

test("asked for containers, it runs nothing without an engine", async () => {
  const { run, processes } = executorOf("container", join(directory.path, "nothing"));
  const container = run("here");
  expect(await container.started).toBeUndefined();
  expect(await container.ended).toEqual({
    reason: "CannotStartContainerError: there is no docker or podman",
  });
  expect(processes.containers).toHaveLength(0);
});

test("an engine that answers, but starts no containers, is done without from then on", async () => {
  const { path, calls } = await fakePodman("refuses", { refusal: "setrlimit: Operation not permitted" });
  const { executor, run, processes, messages, lines } = executorOf("auto", path);
  const first = run("here");
  await first.started;
  expect(processes.containers).toHaveLength(1);
  expect(messages.join()).toContain("setrlimit");
  expect(lines.at(-1)).toContain("as processes of this computer instead");
  processes.containers[0]?.end({ exitCode: 0 });
  expect(await first.ended).toEqual({ exitCode: 0 });
  await run("here").started;
  expect((await calls()).match(/^start /gm)).toHaveLength(1);
  expect(await executor.describe()).toMatchObject({
    by: "processes",
    detail: expect.stringContaining("setrlimit: Operation not permitted"),
  });
});

test("a command that the image lacks is the job's own failure, as on Batch", async () => {
  const refusal = 'runc create failed: exec: "nonesuch": executable file not found in $PATH';
  const { path } = await fakePodman("lacks", { refusal });
  const { run, processes } = executorOf("auto", path);
  const { reason } = await run("here").ended;
  expect(reason).toBe(`CannotStartContainerError: ${refusal}`);
  expect(processes.containers).toHaveLength(0);
});

test("an engine that tells of a lack of memory is believed, whatever the exit code", async () => {
  const { path } = await fakePodman("starves", { outOfMemory: true });
  expect(await executorOf("auto", path).run("here").ended).toEqual({
    exitCode: 3,
    reason: "OutOfMemoryError: Container killed due to memory usage",
    statusReason: "Essential container in task exited",
  });
});

test("a stop reaches the job wherever it ends up running", async () => {
  const { run, processes } = executorOf("auto", join(directory.path, "nothing"));
  const container = run("here");
  container.stop();
  await container.started;
  expect(processes.containers[0]?.stopped).toBe(true);
});

test("what a dead daemon left is looked for in containers and processes alike", async () => {
  const { path, calls } = await fakePodman("cleans");
  const { executor, processes } = executorOf("process", path);
  await executor.cleanUp({ jobId: "job-0", directory: "/attempt", process: undefined });
  expect(processes.cleaned).toEqual(["/attempt"]);
  expect(await calls()).toMatch(/label=nextstrain\.local-aws\.job=job-0\nkill left-over\nrm .*left-over\n$/);
});

test("the container of an array's child has its id as a label, and a name without the colon", async () => {
  const podman = await fakePodman("array");
  const { run } = executorOf("container", podman.path);
  await run("here", "parent:3").ended;
  const create = "create --name nextstrain-parent-3-1 --label nextstrain.local-aws.job=parent:3 ";
  expect(await podman.calls()).toContain(create);
});
