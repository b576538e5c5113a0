// Protects `nextstrain jobs watch`: every end of many jobs is seen, through faults too, and each one's results come home as it ends.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Front, startFrontOf } from "../support/front.ts";
import { have } from "../support/have.ts";
import { breaches } from "../support/json-schema.ts";
import { keepRecords, numberedRun, recordOf } from "../support/records.ts";
import { runIdOf, runTool, startTool, type ToolResult } from "../support/run-tool.ts";
import { startInTerminal } from "../support/terminal.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const shortIdOf = (result: ToolResult) => runIdOf(result).slice(0, 8);

describe.skipIf(!(have("zip") && have("unzip")))("several jobs (need zip and unzip)", () => {
  let place: Workplace;
  let front: Front;
  let env: Record<string, string>;

  beforeEach(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    await place.run("local-aws", "start");
    ({ front, env } = await startFrontOf(place));
  });
  afterEach(async () => {
    await front[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const waitFor = (name: string) => `until [ -e '${join(place.flags, name)}' ]; do sleep 0.1; done`;
  const tell = (name: string) => writeFile(join(place.flags, name), "");
  const start = (script: string) => place.build(script, "--detach", "--aws-batch-cpus", "1");

  test("are watched in plain lines, and brought home as each ends", async () => {
    const first = await start(`${waitFor("first")}; echo 1 > first.txt`);
    const second = await start(`${waitFor("second")}; echo 2 > second.txt; exit 4`);
    const watch = startTool(["jobs", "watch"], { env, cwd: place.home });
    await watch.seen(new RegExp(`^${shortIdOf(first)} {2}R\\w+ {2}${place.directory}$`, "m"));
    await tell("first");
    await watch.seen(new RegExp(`^${shortIdOf(first)} {2}Downloading 1 file`, "m"));
    await watch.seen(new RegExp(`^${shortIdOf(first)} {2}SUCCEEDED after \\d+s {2}`, "m"));
    await tell("second");
    const { stdout, stderr, exitStatus } = await watch.ended;
    expect(exitStatus).toBe(1);
    expect(stdout).toMatch(new RegExp(`^${shortIdOf(second)} {2}FAILED \\(exit status 4\\) after`, "m"));
    expect(stderr).toBe(`Why ${shortIdOf(second)} failed: nextstrain jobs show ${shortIdOf(second)}\n`);
    expect([await place.read("first.txt"), await place.read("second.txt")]).toEqual(["1\n", "2\n"]);
    const again = await runTool(["jobs", "watch"], { env, cwd: place.home });
    expect([again.stdout, again.exitStatus]).toEqual(["", 0]);
    expect(again.stderr).toMatch(/^No job that was started from this computer is under way/);
  });

  test("come as JSON, a line for each event", async () => {
    const build = await start("echo 1 > json.txt");
    const { stdout, exitStatus } = await runTool(["jobs", "watch", "--json", shortIdOf(build)], {
      env,
      cwd: place.home,
    });
    expect(exitStatus).toBe(0);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    for (const event of events) expect(breaches(event, `${event.event}Event`)).toEqual([]);
    expect(events.at(-2)).toMatchObject({
      version: 1,
      event: "state",
      job: { version: 1, status: "SUCCEEDED" },
    });
    expect(events.at(-1)).toEqual({
      ...{ version: 1, event: "results", runId: runIdOf(build), jobId: events.at(-2).job.jobId, error: null },
    });
    expect(await place.read("json.txt")).toBe("1\n");
  });

  test("are left alone by Control-C, with how to take them up again", async () => {
    const build = await start(waitFor("left"));
    const watch = startTool(["jobs", "watch"], { env, cwd: place.home });
    await watch.seen(/RUNNING/);
    watch.child.kill("SIGINT");
    const { stderr, exitStatus } = await watch.ended;
    expect([stderr, exitStatus]).toEqual([
      "The jobs go on without this program; `nextstrain jobs watch` takes them up again.\n",
      0,
    ]);
    const { jobs } = JSON.parse(
      (await runTool(["jobs", "show", "--json", shortIdOf(build)], { env, cwd: place.home })).stdout,
    );
    expect(jobs[0].status).toBe("RUNNING");
    await tell("left");
  });

  test("all ends are seen and all results brought while AWS answers badly", async () => {
    const builds = [];
    for (let number = 0; number < 6; number += 1)
      builds.push(await start(`echo ${number} > result-${number}.txt`));
    let count = 0;
    const bad = {
      status: 503,
      contentType: "application/json",
      body: '{"message":"busy","__type":"ServerException"}',
    };
    front.change("DescribeJobs", () => (++count % 2 === 1 ? bad : undefined));
    const { stdout, exitStatus } = await runTool(["jobs", "watch", ...builds.map(shortIdOf)], {
      env,
      cwd: place.home,
    });
    expect(exitStatus).toBe(0);
    for (const [number, build] of builds.entries()) {
      expect(stdout).toMatch(new RegExp(`^${shortIdOf(build)} {2}SUCCEEDED`, "m"));
      expect(await place.read(`result-${number}.txt`)).toBe(`${number}\n`);
    }
  });

  test("of 1,000, all are asked for in 10 requests", async () => {
    const records = Array.from({ length: 1_000 }, (_, index) =>
      recordOf(numberedRun(index, "f1f1f1f1"), {
        localAws: true,
        status: "RUNNING",
        endedAt: undefined,
        exitCode: undefined,
      }),
    );
    await keepRecords(place.home, records);
    const watch = startTool(["jobs", "watch"], { env, cwd: place.home });
    const asked = () => front.requests.filter((line) => line.includes("/v1/describejobs")).length;
    await expect.poll(asked).toBe(10);
    watch.child.kill("SIGINT");
    expect((await watch.ended).exitStatus).toBe(0);
    expect(asked()).toBeLessThanOrEqual(20);
  });

  test.skipIf(!have("python3"))(
    "share a screen on a terminal, with Snakemake's progress (needs python3)",
    async () => {
      const build = await start(
        `echo '3 of 12 steps (25%) done'; echo the last line; ${waitFor("screen")}; echo 1 > screen.txt`,
      );
      const terminal = startInTerminal(["jobs", "watch"], { env, cwd: place.home, columns: 90 });
      await terminal.seen(/1 RUNNING\. Control-C leaves them alone\./);
      await terminal.seen(
        new RegExp(`${shortIdOf(build)} {2}RUNNING for \\d+s: 3 of 12 steps, about .* left {2}the last line`),
      );
      await tell("screen");
      const { raw, settingsKept, exitStatus } = await terminal.ended;
      expect([settingsKept, exitStatus]).toEqual([true, 0]);
      expect(raw).toContain(`${shortIdOf(build)}  SUCCEEDED`);
      expect(raw.endsWith("\x1b[J")).toBe(true);
      expect(await place.read("screen.txt")).toBe("1\n");
    },
  );
});
