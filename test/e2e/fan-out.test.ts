// Protects that a build as an array of jobs leaves what one job would have left, with one upload; and that of its children none is lost, built
// twice, or overwrites what another has made.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { breaches } from "../support/json-schema.ts";
import { localClients } from "../support/local-clients.ts";
import { directoryAt } from "../support/rebuild-edits.ts";
import { build, treeOf, wouldRun } from "../support/rebuilds.ts";
import { jobIdOf, runIdOf, startTool, type ToolResult } from "../support/run-tool.ts";
import { startInTerminal } from "../support/terminal.ts";
import { onBatch } from "../support/ways.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const REGIONS = ["africa", "asia", "europe", "oceania"];
const TARGETS = REGIONS.map((region) => `results/${region}.txt`);
/** Bytes of data that no compression makes smaller. */
const DATA_SIZE = 1_000_000;

/** A file that all regions are made from; `results/clash.txt` is another one in each job. */
const SNAKEFILE = `
rule all:
    input: expand("results/{region}.txt", region=${JSON.stringify(REGIONS)})
rule align:
    input: "data.txt", ancient("noise.bin")
    output: "aligned.txt"
    shell: "sort {input[0]} > {output}"
rule filter:
    input: "aligned.txt"
    output: "filtered/{region}.txt"
    shell: "grep {wildcards.region} {input} > {output}"
rule tree:
    input: "filtered/{region}.txt"
    output: "results/{region}.txt"
    shell: "[ ! -e $FLAGS/fail-{wildcards.region} ]; while [ -e $FLAGS/hold ]; do sleep 0.2; done; cat {input} > {output}"
rule clash:
    output: "clashing/{name}.txt"
    shell: "echo {wildcards.name} | tee clash.txt > {output}"
`;
const DATA = REGIONS.flatMap((region) => [`${region} 2`, `${region} 1`]).join("\n");

const tools = ["zip", "unzip", "snakemake"].every(have) && process.platform === "linux";

describe.skipIf(!tools)("a fan-out (needs zip, unzip, snakemake and Linux)", () => {
  let place: Workplace;
  let count = 0;

  beforeAll(async () => {
    place = await workplace();
    place.env.FLAGS = place.flags;
    await place.run("local-aws", "start", "--stop-timeout", "5");
  });
  afterEach(() => Promise.all(["hold", "fail-asia"].map((name) => rm(flag(name), { force: true }))));
  afterAll(() => place[Symbol.asyncDispose]());

  async function newDirectory(): Promise<string> {
    const directory = join(place.directory, `${++count}`);
    await mkdir(directory, { recursive: true });
    const { write } = directoryAt(directory);
    write("Snakefile", SNAKEFILE);
    write("data.txt", `${DATA}\n`);
    const noise = Buffer.alloc(DATA_SIZE, 0);
    for (let at = 0, x = 1; at < DATA_SIZE; at += 4) {
      x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
      noise.writeUInt32LE(x, at);
    }
    await writeFile(join(directory, "noise.bin"), noise);
    return directory;
  }
  const options = [...onBatch, "--cpus", "1", "--env", "FLAGS"];
  const fanOut = (targets: readonly string[]) => targets.flatMap((target) => ["--fan-out", target]);
  const said = ({ stdout, stderr }: ToolResult) => stdout + stderr;
  const flag = (name: string) => join(place.flags, name);

  /** Bytes of all that is in the bucket of a run. */
  async function bytesOf(runId: string): Promise<number> {
    await using clients = await localClients(place.env);
    const keys = (await place.objects()).filter((key) => key.startsWith(runId));
    const sizes = keys.map(async (Key) => {
      const head = await clients.s3.send(new HeadObjectCommand({ Bucket: "nextstrain-jobs", Key }));
      return head.ContentLength ?? 0;
    });
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  test("leaves what one build leaves, and sends no more than that", async () => {
    const one = await newDirectory();
    const many = await newDirectory();
    const alone = await build(one, options, { env: place.env });
    expect(alone.exitStatus, said(alone)).toBe(0);
    const lines = join(place.home, "lines.txt");
    await writeFile(lines, `# Those in the north\n${TARGETS[1]}\n'${TARGETS[2]}'  # this one, too\n\n`);
    const apart = await build(
      many,
      [...options, ...fanOut([TARGETS[0] ?? "", TARGETS[3] ?? ""]), "--fan-out-from", lines],
      { env: place.env },
    );
    expect(apart.exitStatus, said(apart)).toBe(0);
    expect(apart.stdout).toContain("All 4 jobs succeeded.");
    expect(apart.stdout).toMatch(/^4 children of 1 vCPU, 4 in all/m);
    expect(apart.stderr).not.toMatch(/Error|Warning/);
    expect(await treeOf(many)).toEqual(await treeOf(one));
    expect(await bytesOf(runIdOf(apart))).toBeLessThan((await bytesOf(runIdOf(alone))) + 200_000);
    expect((await place.objects()).filter((key) => /env\.d|checkpoint/.test(key))).toEqual([]);

    const more = await build(many, options, { env: place.env });
    expect(said(more)).toContain("Nothing to be done");
  });

  test("builds first what all need, and is taken up on another computer", async () => {
    const directory = await newDirectory();
    await writeFile(flag("hold"), "");
    const submitted = await build(
      directory,
      [...options, "--detach", ...fanOut(TARGETS.slice(0, 2)), "--fan-out-first", "aligned.txt"],
      { env: place.env },
    );
    expect(submitted.exitStatus, said(submitted)).toBe(0);
    const exports = (await place.run("local-aws", "env")).stdout.matchAll(/^export (\w+)=(\S+)$/gm);
    const env = {
      ...place.env,
      ...Object.fromEntries([...exports].map(([, name, value]) => [name, value])),
      NEXTSTRAIN_HOME: join(place.home, "elsewhere"),
    };
    const there = await newDirectory();
    const attached = startTool(["build", "--aws-batch", "--attach", `${jobIdOf(submitted)}:1`, there], {
      env,
      cwd: place.home,
    });
    await attached.seen(/^\[results\/asia\.txt\] Job now RUNNING$/m);

    await rm(flag("hold"));
    const result = await attached.ended;
    expect(result.exitStatus, said(result)).toBe(0);
    expect(result.stdout).toContain("[first] downloaded: aligned.txt");
    expect(result.stdout).toContain("[results/africa.txt] downloaded: results/africa.txt");
    expect(result.stdout).not.toContain("[results/africa.txt] downloaded: aligned.txt");
    expect((await wouldRun(there, TARGETS.slice(0, 2))).said).toContain("Nothing to be done");
  });

  test("whose child fails says which and why, and builds only that again", async () => {
    const directory = await newDirectory();
    await writeFile(flag("fail-asia"), "");
    const failed = await build(directory, [...options, ...fanOut(TARGETS.slice(0, 2)), "--no-logs"], {
      env: place.env,
    });
    expect(failed.exitStatus, said(failed)).toBe(1);
    expect(failed.stderr).toContain("1 of 2 jobs failed: results/asia.txt (exited 1)");
    expect(failed.stderr).toMatch(/^\[results\/asia\.txt\] Why the job failed: .*\btree\b/m);
    expect(failed.stderr).toContain("--fan-out-retry");
    expect(await readdir(join(directory, "results"))).toEqual(["africa.txt"]);

    const id = runIdOf(failed).slice(0, 8);
    const jobs = (...args: string[]) => place.run("jobs", ...args);
    expect((await jobs("list", id)).stdout).toMatch(
      /FAILED \(1 FAILED, 1 SUCCEEDED\)|FAILED \(1 SUCCEEDED, 1 FAILED\)/,
    );
    const shown = await jobs("show", id);
    expect(shown.stdout).toMatch(
      /^ +0 {2}SUCCEEDED .* results\/africa\.txt\n +1 {2}FAILED \(exit status 1\) .* results\/asia\.txt$/m,
    );
    const json = JSON.parse((await jobs("show", id, "--json")).stdout);
    expect(breaches(json, "jobs")).toEqual([]);
    expect(json.jobs[0].childJobs).toMatchObject([
      { index: 0, status: "SUCCEEDED" },
      { index: 1, status: "FAILED" },
    ]);
    const logs = (await jobs("logs", id, "--grep", "^rule")).stdout;
    expect(logs).toMatch(/^\[results\/africa\.txt\] .* rule tree:$/m);
    expect(logs).toMatch(/^\[results\/asia\.txt\] .* rule tree:$/m);
    expect((await jobs("logs", `${id}:1`)).stdout).toContain("Error in rule tree");
    expect((await jobs("show", `${id}:1`)).stdout).toMatch(/^Why the job failed: .*\btree\b/m);
    const copy = join(place.home, "copy");
    const downloaded = await jobs("download", id, "--into", copy);
    expect(downloaded.exitStatus, said(downloaded)).toBe(0);
    expect((await readdir(join(copy, "filtered"))).sort()).toEqual(["africa.txt", "asia.txt"]);
    expect((await readdir(join(copy, "results"))).sort()).toEqual(["africa.txt"]);

    await rm(flag("fail-asia"));
    const again = await build(directory, [...options, "--fan-out-retry"], { env: place.env });
    expect(again.exitStatus, said(again)).toBe(0);
    expect(again.stdout).toContain("Retrying 1 of the 2 children");
    expect(said(again)).not.toContain("africa.txt >");
    const none = await build(directory, [...options, "--fan-out-retry"], { env: place.env });
    expect(none.exitStatus, said(none)).toBe(0);
    expect(none.stdout).toBe(`Nothing to retry: all 2 children of run ${runIdOf(failed)} succeeded.\n`);
    expect((await wouldRun(directory, TARGETS.slice(0, 2))).said).toContain("Nothing to be done");
  });

  test("whose children make a file differently keeps both, and says so", async () => {
    const directory = await newDirectory();
    const targets = ["clashing/a.txt", "clashing/b.txt"];
    const result = await build(directory, [...options, ...fanOut(targets)], { env: place.env });
    expect(result.exitStatus, said(result)).toBe(1);
    expect(result.stderr).toMatch(
      /^Error: '?clashing\/[ab]\.txt'? and '?clashing\/[ab]\.txt'? have both made '?clash\.txt'?, with different content\.$/m,
    );
    const clashing = (await readdir(directory)).filter((name) => name.startsWith("clash."));
    expect(clashing).toHaveLength(2);
    const contents = await Promise.all(clashing.map((name) => readFile(join(directory, name), "utf8")));
    expect(new Set(contents).size).toBe(2);
  });

  test("on a terminal is a line for each job, with keys", async () => {
    const directory = await newDirectory();
    await writeFile(flag("hold"), "");
    const screen = startInTerminal(["build", ...options, ...fanOut(TARGETS.slice(0, 2)), directory], {
      env: place.env,
      cwd: place.home,
    });
    await screen.seen(/results\/africa\.txt {2}RUNNING[^\n]*step/);
    screen.type("\r");
    await screen.seen(/Log of results\/africa\.txt/);
    screen.type("q");
    await screen.seen(/Control-C twice cancels all, Control-Z detaches\./);
    screen.type("\x03");
    await screen.seen(/Press Control-C again within 10 seconds/);
    screen.type("\x1a");
    const result = await screen.ended;
    expect(result.exitStatus, result.raw).toBe(0);
    expect(result.raw).toContain("Detached: the jobs go on without this program.");
    await rm(flag("hold"));
    const attached = await place.run("jobs", "attach", "last");
    expect(attached.exitStatus, said(attached)).toBe(0);
    expect((await wouldRun(directory, TARGETS.slice(0, 2))).said).toContain("Nothing to be done");
  });

  test("is cancelled as a whole", async () => {
    const directory = await newDirectory();
    await writeFile(flag("hold"), "");
    const running = startTool(["build", ...options, ...fanOut(TARGETS), directory], {
      env: place.env,
      cwd: place.home,
    });
    await running.seen(/^\[results\/africa\.txt\] .* rule tree:$/m);
    running.child.kill("SIGINT");
    const result = await running.ended;
    expect(result.exitStatus, said(result)).toBe(130);
    expect(result.stdout).toContain("0 of 4 jobs had succeeded.");
    expect(result.stderr).toContain("To build only the rest: nextstrain build");

    const first = ["--detach", "--fan-out-first", TARGETS[2] ?? "", ...fanOut(TARGETS.slice(0, 2))];
    const detached = await build(directory, [...options, ...first], { env: place.env });
    const cancelled = await place.run("jobs", "cancel", runIdOf(detached));
    expect(cancelled.stdout, said(cancelled)).toContain("has stopped");
    const shown = JSON.parse((await place.run("jobs", "show", runIdOf(detached), "--json")).stdout);
    expect(shown.jobs[0].childJobs.map(({ status }: { status: string }) => status)).toEqual([
      "FAILED",
      "FAILED",
      "FAILED",
    ]);
  });

  test.each([
    [["--fan-out", "a"], /at least 2 children/],
    [["--fan-out", "a", "--fan-out", "a"], /Two children of the fan-out are the same/],
    [["--fan-out-first", "a"], /--fan-out-first needs --fan-out/],
    [["--fan-out-from", "absent.txt"], /absent\.txt can't be read \(--fan-out-from\)/],
    [["--fan-out", "a", "--attach", "last"], /--attach and a fan-out can't be used together/],
    [["--fan-out", "a", "--exec", "sh"], /--exec and a fan-out can't be used together/],
    [["--fan-out", "a", "--fan-out-retry"], /--fan-out-retry takes its targets from the last fan-out/],
    [["--fan-out", "--dry-run"], /is not a target of Snakemake/],
  ])("%j is a usage error", async (given, message) => {
    const result = await place.run("build", ...onBatch, ...given, place.directory);
    expect(result.stderr).toMatch(message);
    expect(result.exitStatus).toBe(2);
  });

  test("needs the script that its jobs run in, and says so before it uploads", async () => {
    const before = await place.objects();
    const directory = await newDirectory();
    const env = { ...place.env, NEXTSTRAIN_AWS_BATCH_GRACEFUL_STOP: "off" };
    const result = await build(directory, [...options, ...fanOut(TARGETS)], { env });
    expect(result.exitStatus).toBe(1);
    expect(result.stderr).toContain("NEXTSTRAIN_AWS_BATCH_GRACEFUL_STOP");
    expect(await place.objects()).toEqual(before);
  });
});
