import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { type RunningTool, startTool, type ToolResult } from "../support/run-tool.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** Prints a first and a second half of its lines, each after a file has come to be. */
const script = (first: string, second: string) =>
  [
    `until [ -e '${first}' ]; do sleep 0.1; done; i=0`,
    "while [ $i -lt 200 ]; do i=$((i+1)); echo line $i; done",
    `until [ -e '${second}' ]; do sleep 0.1; done`,
    "while [ $i -lt 400 ]; do i=$((i+1)); echo line $i; done",
    "echo done > done.txt",
  ].join("\n");

const everyLine = Array.from({ length: 400 }, (_, index) => `line ${index + 1}`);
const linesOf = ({ stdout }: ToolResult) =>
  [...stdout.matchAll(/^\[batch\] \[.*?\] (line \d+)$/gm)].map((match) => match[1]);

describe.skipIf(!(have("zip") && have("unzip")))("a watch (needs zip and unzip)", () => {
  let place: Workplace;
  let proxy: TcpProxy;
  let exports: Record<string, string>;

  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    const { stdout } = await place.run("local-aws", "env");
    const found = stdout.matchAll(/^export (AWS_\w+)='?([^'\n]*)'?;?$/gm);
    exports = Object.fromEntries([...found].map((match) => [match[1] ?? "", match[2] ?? ""]));
    proxy = await startTcpProxy(Number(new URL(exports.AWS_ENDPOINT_URL ?? "").port));
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  /** The program on an account that it reaches through the proxy. */
  const start = (args: readonly string[], env: Record<string, string> = {}): RunningTool =>
    startTool(["build", "--aws-batch", ...args], {
      cwd: place.home,
      env: { ...place.env, ...exports, AWS_ENDPOINT_URL: `http://127.0.0.1:${proxy.port}`, ...env },
    });

  /** A build whose job waits for two files. */
  function startJob(name: string, env?: Record<string, string>) {
    const first = join(place.home, `${name}-1`);
    const second = join(place.home, `${name}-2`);
    const build = start(["--exec", "sh", place.directory, "-c", script(first, second)], env);
    let said = "";
    build.child.stdout?.on("data", (text: string) => {
      said += text;
    });
    return {
      build,
      jobId: () => /^AWS Batch Job ID: (\S+)$/m.exec(said)?.[1] ?? "",
      firstHalf: () => writeFile(first, ""),
      secondHalf: () => writeFile(second, ""),
    };
  }

  test("goes on after the network was gone; every line is there, once and in order", async () => {
    const { build, firstHalf, secondHalf } = startJob("cut");
    await build.seen(/^Job now RUNNING$/m);
    await proxy.cut();
    await build.seen(/AWS can't be reached for now/);
    await firstHalf();
    await proxy.mend();
    await build.seen(/AWS can be reached again/);
    await build.seen(/line 200$/m);
    await secondHalf();
    const result = await build.ended;
    expect(result.exitStatus).toBe(0);
    expect(linesOf(result)).toEqual(everyLine);
    expect(result.stderr.match(/can't be reached/g)).toHaveLength(1);
    expect(await place.read("done.txt")).toBe("done\n");
  });

  test("a network that stays away ends it with the command that re-attaches; the job goes on", async () => {
    const { build, firstHalf, secondHalf } = startJob("lasting", { NEXTSTRAIN_AWS_BATCH_PATIENCE: "0.02" });
    await build.seen(/^Job now RUNNING$/m);
    await proxy.cut();
    const left = await build.ended;
    await proxy.mend();
    expect(left.exitStatus).toBe(1);
    expect(left.stderr).toMatch(/^Error: AWS could not be reached for .* minutes/m);
    const id = /nextstrain build --aws-batch --attach (\S+) /.exec(
      left.stdout.trimEnd().split("\n").at(-1) ?? "",
    )?.[1];
    await firstHalf();
    await secondHalf();
    const attached = await start(["--attach", id ?? "", place.directory]).ended;
    expect(attached.exitStatus).toBe(0);
    expect(linesOf(attached)).toEqual(everyLine);
  });

  test("misses nothing while it is suspended, and another watch of the job does not disturb it", async () => {
    const { build, jobId, firstHalf, secondHalf } = startJob("suspended");
    await build.seen(/^Job now RUNNING$/m);
    await firstHalf();
    await build.seen(/line 200$/m);
    build.child.kill("SIGSTOP");
    const other = start(["--attach", jobId(), "--no-download"]);
    await other.seen(/line 200$/m);
    await secondHalf();
    const seenByOther = await other.ended;
    // The job has ended by now, and the connections are gone.
    await proxy.cut();
    await proxy.mend();
    build.child.kill("SIGCONT");
    const result = await build.ended;
    expect([result.exitStatus, seenByOther.exitStatus]).toEqual([0, 0]);
    expect(linesOf(result)).toEqual(everyLine);
    expect(linesOf(seenByOther)).toEqual(everyLine);
  });

  test("a burst of 100,000 lines comes out whole and in order", async () => {
    const build = start(["--exec", "sh", place.directory, "-c", "seq -f 'burst %.0f' 1 100000"]);
    const { stdout, exitStatus } = await build.ended;
    expect(exitStatus).toBe(0);
    const numbers = [...stdout.matchAll(/^\[batch\] \[.*?\] burst (\d+)$/gm)].map((match) =>
      Number(match[1]),
    );
    expect(numbers).toHaveLength(100_000);
    expect(numbers.every((number, index) => number === index + 1)).toBe(true);
  });
});
