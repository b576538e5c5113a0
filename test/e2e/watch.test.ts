import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localEnvironment } from "../support/front.ts";
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

/** Has a program write its peak memory (VmHWM in KiB, proc(5)) to the file named by PEAK_FILE as it exits, where there is /proc. */
const PRELOAD = `data:text/javascript,${encodeURIComponent(
  'import fs from "node:fs"; process.on("exit", () => fs.existsSync("/proc/self/status") && fs.writeFileSync(process.env.PEAK_FILE, ' +
    '/VmHWM:\\s*(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1]));',
)}`;

describe.skipIf(!(have("zip") && have("unzip")))("a watch (needs zip and unzip)", () => {
  let place: Workplace;
  let proxy: TcpProxy;
  let exports: Record<string, string>;

  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    exports = (await localEnvironment(place)).variables;
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

  const status = async () =>
    JSON.parse((await place.run("local-aws", "status", "--json")).stdout) as {
      pid: number;
      requests: Record<string, Record<string, number>>;
    };

  /** How often each operation has been asked for so far. */
  async function counts(): Promise<Map<string, number>> {
    const { requests } = await status();
    const services = Object.entries(requests).map(([service, operations]) =>
      Object.entries(operations).map(([name, count]) => [`${service} ${name}`, count] as const),
    );
    return new Map(services.flat());
  }

  /** A build, with the id of its job once that is known. */
  function startJobOf(command: string, env?: Record<string, string>) {
    const build = start(["--exec", "sh", place.directory, "-c", command], env);
    let said = "";
    build.child.stdout?.on("data", (text: string) => {
      if (said.length < 10_000) said += text;
    });
    return { build, jobId: () => /^AWS Batch Job ID: (\S+)$/m.exec(said)?.[1] ?? "" };
  }

  /** A build whose job waits for two files. */
  function startJob(name: string, env?: Record<string, string>) {
    const first = join(place.flags, `${name}-1`);
    const second = join(place.flags, `${name}-2`);
    return {
      ...startJobOf(script(first, second), env),
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
    expect(left.stderr).toMatch(/^Error: AWS could not be reached for 1\.2 seconds: /m);
    const id = /nextstrain build --aws-batch --attach (\S+) /.exec(
      left.stdout.trimEnd().split("\n").at(-1) ?? "",
    )?.[1];
    await firstHalf();
    await secondHalf();
    const attached = await start(["--attach", id ?? "", place.directory]).ended;
    expect(attached.exitStatus).toBe(0);
    expect(linesOf(attached)).toEqual(everyLine);
  });

  test("a server that is killed and started again has lost the job's host, as the program says", async () => {
    const { build, firstHalf, secondHalf } = startJob("killed");
    await build.seen(/^Job now RUNNING$/m);
    await firstHalf();
    await build.seen(/line 200$/m);
    process.kill((await status()).pid, "SIGKILL");
    await build.seen(/AWS can't be reached for now/);
    expect((await place.run("local-aws", "start")).exitStatus).toBe(0);
    const result = await build.ended;
    await secondHalf();
    expect(result.exitStatus).toBe(1);
    expect(result.stderr).toMatch(/^AWS can be reached again\.$/m);
    expect(result.stdout).toMatch(/^Job FAILED.*\nReason: Host EC2 \(instance .*\) terminated\.$/m);
    expect(linesOf(result)).toEqual(everyLine.slice(0, 200));
  });

  test("misses nothing while it is suspended, and another watch of the job does not disturb it", async () => {
    const { build, jobId, firstHalf, secondHalf } = startJob("suspended");
    await build.seen(/^Job now RUNNING$/m);
    await firstHalf();
    await build.seen(/line 200$/m);
    build.child.kill("SIGSTOP");
    const before = await counts();
    const other = start(["--attach", jobId(), "--no-download"]);
    await other.seen(/line 200$/m);
    // It only reads, and all that it asks for are the two that this watch asks for.
    const asked = [...(await counts())].filter(
      // The job may delete its variables meanwhile.
      ([operation, count]) => count > (before.get(operation) ?? 0) && operation !== "s3 DELETE object",
    );
    expect(asked.map(([operation]) => operation).sort()).toEqual(["batch describejobs", "logs GetLogEvents"]);
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

  test("a line longer than an event of CloudWatch comes in pieces, none missing, between its neighbours", async () => {
    const { build } = startJobOf("echo before; seq -s ' ' 1 120000; echo after");
    const { stdout, exitStatus } = await build.ended;
    expect(exitStatus).toBe(0);
    const messages = [...stdout.matchAll(/^\[batch\] \[.*?\] (.*)$/gm)].map((match) => match[1] ?? "");
    const pieces = messages.slice(messages.indexOf("before") + 1, messages.indexOf("after"));
    expect(pieces.length).toBeGreaterThan(1);
    const numbers = Array.from({ length: 120_000 }, (_, index) => index + 1);
    expect(pieces.join("")).toBe(numbers.join(" "));
  });

  test("a burst of 100,000 lines comes out whole and in order, however slowly it is read, in 150 MiB", async () => {
    const peakFile = join(place.home, "peak");
    const env = { NODE_OPTIONS: `--import=${PRELOAD}`, PEAK_FILE: peakFile };
    const padded = `seq -f 'burst %.0f ${"x".repeat(300)}' 1 100000`;
    const { build, jobId } = startJobOf(padded, env);
    // Nothing is read until the job has ended.
    await build.seen(/^AWS Batch Job ID: /m);
    build.child.stdout?.pause();
    expect((await start(["--attach", jobId(), "--no-logs", "--no-download"]).ended).exitStatus).toBe(0);
    build.child.stdout?.resume();
    const { stdout, exitStatus } = await build.ended;
    expect(exitStatus).toBe(0);
    const numbers = [...stdout.matchAll(/^\[batch\] \[.*?\] burst (\d+) x{300}$/gm)].map((match) =>
      Number(match[1]),
    );
    expect(numbers).toHaveLength(100_000);
    expect(numbers.every((number, index) => number === index + 1)).toBe(true);
    if (existsSync("/proc/self/status")) {
      expect(Number(await readFile(peakFile, "utf8")) / 1024).toBeLessThan(150);
    }
  });
});
