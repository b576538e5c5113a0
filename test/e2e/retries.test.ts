// Protects that a job which lost its computer, ran out of memory or out of time is gone on with: by Batch's next attempt, or by a new job
// with what came home. What was finished is never made again.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useFaults } from "../support/faults.ts";
import { have } from "../support/have.ts";
import { directoryAt } from "../support/rebuild-edits.ts";
import { build, rulesRun, treeOf } from "../support/rebuilds.ts";
import type { ToolResult } from "../support/run-tool.ts";
import { onBatch, waysToRun } from "../support/ways.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/**
 * Where the quick rules ran before it, the slow one hangs, and says so once a checkpoint of their results is in the bucket: it ends only in a job
 * that has found these.
 */
const SNAKEFILE = `
CHECKPOINT = "[ $(unzip -l ../build.checkpoint.zip | grep -c quick/..txt) = 4 -a $T/*/checkpoint -nt ../build.checkpoint.zip ] 2> /dev/null"
shell.prefix("T=\${{TMPDIR:-/tmp}}; ")
rule all:
    input: "slow.txt"
rule quick:
    output: "quick/{i}.txt"
    shell: "touch $T/quick-ran; echo {wildcards.i} > {output}"
rule slow:
    input: expand("quick/{i}.txt", i=range(4))
    output: "slow.txt"
    shell: "if [ -e $T/quick-ran ]; then until {CHECKPOINT}; do sleep 0.2; done; echo han''ging; sleep 1000; fi; cat {input} > {output}"
`;
const QUICK = ["quick", "quick", "quick", "quick"];
const WHOLE = { "slow.txt": "0\n1\n2\n3\n" };

const tools = ["zip", "unzip", "snakemake"].every(have) && process.platform === "linux";
const { ways, env: engineEnv } = await waysToRun();

describe.skipIf(!tools)("a job that is cut short (needs zip, unzip, snakemake and Linux)", () => {
  let place: Workplace;
  let count = 0;

  beforeAll(async () => {
    place = await workplace();
    Object.assign(place.env, engineEnv);
    place.env.NEXTSTRAIN_AWS_BATCH_CHECKPOINTS = "0.1";
    await place.run("local-aws", "start", "--stop-timeout", "20");
  });
  afterAll(() => place[Symbol.asyncDispose]());

  /** Builds in a new directory, where each first attempt of a job that has made the quick files ends like that. */
  async function cut(
    fault: object | undefined,
    options: readonly string[],
  ): Promise<{ readonly directory: string; readonly result: ToolResult }> {
    const directory = join(place.directory, `${++count}`);
    await mkdir(directory, { recursive: true });
    directoryAt(directory).write("Snakefile", SNAKEFILE);
    await useFaults(
      place.env,
      fault === undefined ? [] : [{ attempt: 1, count: 1, line: "hanging", ...fault }],
    );
    return { directory, result: await build(directory, options, { env: place.env }) };
  }
  const said = ({ stdout, stderr }: ToolResult) => stdout + stderr;
  const submitted = ({ stdout }: ToolResult) => stdout.match(/^AWS Batch Job ID: /gm)?.length;

  const goingOn = [
    {
      how: "by a Spot notice stops by itself, and its next attempt goes on",
      fault: { fault: "spot-reclaim", notice: 600 },
      options: ["--retries", "1"],
      says: [
        "nextstrain: EC2 takes this computer back.",
        "nextstrain: Stopping: what is finished will be uploaded.",
      ],
      jobs: 1,
    },
    {
      how: "by the loss of its computer goes on from the last checkpoint in its next attempt",
      fault: { fault: "spot-reclaim" },
      options: ["--env", "SECRET=value", "--retries", "1"],
      says: ["nextstrain: Going on from the last checkpoint of the attempt before."],
      jobs: 1,
    },
    {
      how: "for memory is gone on with by a new job that has more",
      fault: { fault: "out-of-memory" },
      options: ["--cpus", "1", "--memory", "500mib", "--retries", "2"],
      says: ["Going on with what is left, since the job was killed for memory with 1000 MiB of memory."],
      jobs: 2,
    },
  ];
  describe.each(ways)("$name", (way) => {
    const skip = way.skip === undefined ? "" : ` (${way.skip})`;
    test.skipIf(way.skip !== undefined).each(goingOn)(
      `$how${skip}`,
      async ({ fault, options, says, jobs }) => {
        const before = await place.objects();
        const { directory, result } = await cut(fault, [...way.options, ...options]);
        expect(result.exitStatus, said(result)).toBe(0);
        for (const line of says) expect(result.stdout).toContain(line);
        expect(submitted(result)).toBe(jobs);
        expect(rulesRun(result)).toEqual([...QUICK, "slow", "slow"]);
        expect(await treeOf(directory)).toMatchObject(WHOLE);
        const left = (await place.objects()).filter((key) => !before.includes(key));
        // The checkpoint of a job that was killed stays until the bucket's rule deletes it.
        expect(left.filter((key) => /env\.d|checkpoint/.test(key))).toHaveLength(jobs - 1);
        const runs = [...result.stdout.matchAll(/^Nextstrain Run ID: (\S+)$/gm)].map(([, id]) => id);
        const shown = await place.run(
          "jobs",
          "show",
          "--json",
          ...way.options.filter((word) => word === "--local-aws"),
          "last",
        );
        expect(JSON.parse(shown.stdout).jobs[0].continues).toBe(runs.at(-2) ?? null);
      },
    );
  });

  test("by its time limit, without --retries, is not gone on with", async () => {
    const { result } = await cut({ fault: "time-limit" }, onBatch);
    expect(result.exitStatus).toBe(137);
    expect(result.stderr).toContain("The job was stopped at its time limit");
    expect(submitted(result)).toBe(1);
  });

  test("is gone on with as often as --retries says, and no more", async () => {
    const never = { fault: "time-limit", count: 9, line: undefined, seconds: 3 };
    const { result } = await cut(never, [...onBatch, "--retries", "2"]);
    expect(result.exitStatus).toBe(137);
    expect(submitted(result)).toBe(3);
  });

  test.each(["-1", "10", "many"])("--retries %s is a usage error", async (retries) => {
    const result = await place.run("build", ...onBatch, `--retries=${retries}`, place.directory);
    expect(result.exitStatus).toBe(2);
    expect(result.stderr).toContain("is not a number of retries from 0 to 9");
  });
});
