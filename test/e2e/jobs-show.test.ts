// Protects `nextstrain jobs show`: all that is known of a job, why it waits or failed, and what is left once AWS Batch has forgotten it.
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { SubmitJobCommand, TerminateJobCommand } from "@aws-sdk/client-batch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Front, startFrontOf } from "../support/front.ts";
import { have } from "../support/have.ts";
import { breaches } from "../support/json-schema.ts";
import { localClients } from "../support/local-clients.ts";
import { numberedRun } from "../support/records.ts";
import { jobIdOf, runIdOf, runTool, type ToolResult } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const rowsOf = ({ stdout }: ToolResult): Record<string, string> =>
  Object.fromEntries(
    [...stdout.matchAll(/^(\w[\w ]*): {2,}(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );

describe.skipIf(!(have("zip") && have("unzip")))("a job is shown (needs zip and unzip)", () => {
  let place: Workplace;
  let front: Front;
  let env: Record<string, string>;
  let isForgotten = false;
  let isDenied = false;

  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    await place.run("local-aws", "start");
    ({ front, env } = await startFrontOf(place));
    front.change("DescribeJobs", (answer) => (isForgotten ? { ...answer, body: '{"jobs":[]}' } : undefined));
    front.change("GetJobQueueSnapshot", () =>
      isDenied
        ? {
            status: 403,
            contentType: "application/json",
            body: '{"message":"no","__type":"AccessDeniedException"}',
          }
        : undefined,
    );
  });
  afterAll(async () => {
    await front[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const show = (...args: string[]) => runTool(["jobs", "show", ...args], { env, cwd: place.home });

  test("that failed, with why, and still so when AWS Batch has forgotten it", async () => {
    const failed = await place.build("echo the last words; echo made > made.txt; exit 3", "--no-download");
    const id = runIdOf(failed).slice(0, 8);
    const result = await show();
    expect([result.stderr, result.exitStatus]).toEqual(["", 0]);
    expect(rowsOf(result)).toMatchObject({
      ...{ Run: runIdOf(failed), Job: jobIdOf(failed), State: "FAILED (exit status 3)" },
      ...{
        Directory: place.directory,
        Queue: "nextstrain-job-queue",
        Results: expect.stringMatching(/^on AWS/),
      },
      ...{
        Log: expect.stringMatching(/^\/aws\/batch\/job, nextstrain-job\//),
        Size: expect.stringMatching(/vCPU.*MiB$/),
      },
      ...{ Ended: expect.stringMatching(/\(ran \d+s\)$/), "Attempt 1": "exit status 3" },
    });
    expect(result.stdout).toMatch(/^Why the job failed: /m);
    expect(result.stdout).toMatch(/^ {4}the last words$/m);
    expect(result.stdout).toContain(`Its results: nextstrain jobs download ${id}\n`);

    isForgotten = true;
    const later = await show(id);
    isForgotten = false;
    expect(rowsOf(later)).toMatchObject({
      ...rowsOf(result),
      State: expect.stringMatching(
        /^FAILED \(exit status 3\); by this computer's record, since AWS Batch has forgotten it$/,
      ),
      Submitted: expect.any(String),
      Started: expect.any(String),
      Definition: expect.any(String),
    });
    expect(later.stdout).toMatch(/^ {4}the last words$/m);
  });

  test("by the record, with a word on that, where AWS can't be asked", async () => {
    const contentType = "application/json";
    let isOut = true;
    front.change("DescribeJobs", () =>
      isOut
        ? { status: 403, contentType, body: '{"message":"not you","__type":"AccessDeniedException"}' }
        : undefined,
    );
    const [shown, listed] = [await show(), await runTool(["jobs"], { env, cwd: place.home })];
    isOut = false;
    expect(rowsOf(shown)).toMatchObject({ State: "FAILED (exit status 3)", Directory: place.directory });
    expect(shown.stderr).toMatch(
      /^Warning: How jobs are could not be asked for; they are shown as last seen: not you\.\n$/,
    );
    // None has to be asked about.
    expect([shown.exitStatus, listed.exitStatus, listed.stderr.includes("Warning")]).toEqual([0, 0, false]);
  });

  test("that waits, with its place in the queue", async () => {
    const go = join(place.flags, "go");
    const all = ["--aws-batch-cpus", String(availableParallelism()), "--detach"];
    const script = `until [ -e '${go}' ]; do sleep 0.1; done`;
    const builds = [];
    for (let count = 0; count < 3; count += 1) builds.push(await place.build(script, ...all));
    const last = await show("last");
    expect(rowsOf(last)).toMatchObject({
      State: "RUNNABLE",
      Queue: "nextstrain-job-queue, 2nd of 2 that wait",
    });
    expect(last.stdout).toContain("To stop it: nextstrain jobs cancel ");
    const json = JSON.parse((await show("--json", ...builds.map(runIdOf))).stdout);
    expect(breaches(json, "jobs")).toEqual([]);
    expect(json).toMatchObject({
      version: 1,
      jobs: [
        { status: expect.stringMatching(/^(STARTING|RUNNING)$/), queuePosition: null },
        { status: "RUNNABLE", queuePosition: 1, queueWaiting: 2, diagnosis: { id: "job.nothing-wrong" } },
        { status: "RUNNABLE", queuePosition: 2, queueWaiting: 2 },
      ],
    });
    isDenied = true;
    const denied = await show();
    isDenied = false;
    expect(rowsOf(denied).Queue).toMatch(/takes the permission batch:GetJobQueueSnapshot/);
    expect(denied.exitStatus).toBe(0);
    await writeFile(go, "");
  });

  test("that can never start, with why", async () => {
    const runId = numberedRun(1);
    await using clients = await localClients(place.env);
    const { jobId = "" } = await clients.batch.send(
      new SubmitJobCommand({
        ...{ jobName: runId, jobQueue: "nextstrain-job-queue", jobDefinition: "nextstrain-job" },
        containerOverrides: {
          environment: [
            { name: "NEXTSTRAIN_AWS_BATCH_WORKDIR_URL", value: `s3://nextstrain-jobs/${runId}.zip` },
          ],
          resourceRequirements: [{ type: "VCPU", value: "1000" }],
        },
      }),
    );
    const result = await show(jobId.slice(0, 12));
    await clients.batch.send(new TerminateJobCommand({ jobId, reason: "Enough." }));
    expect(result.stdout).toMatch(
      /^The job waits: The job asks for more than any computer .*\nWhat to do: /m,
    );
    expect(rowsOf(await show(runId))).toMatchObject({
      ...{ State: "FAILED: Enough.", Ended: expect.stringMatching(/\(it never ran\)$/) },
    });
  });

  test("from another computer by its run's id, by what the bucket has", async () => {
    const build = await place.build("echo made > made.txt");
    const stranger = { ...env, NEXTSTRAIN_HOME: join(place.home, "elsewhere") };
    const elsewhere = (...args: string[]) =>
      runTool(["jobs", "show", ...args], { env: stranger, cwd: place.home });
    const byJob = await elsewhere(jobIdOf(build));
    expect(rowsOf(byJob)).toMatchObject({
      State: "SUCCEEDED (exit status 0)",
      Directory: "(another computer)",
    });
    expect(rowsOf(await elsewhere(runIdOf(build).slice(0, 10))).Job).toBe(jobIdOf(build));
    isForgotten = true;
    front.change("ListJobs", () =>
      isForgotten ? { status: 200, contentType: "application/json", body: "{}" } : undefined,
    );
    const byRun = await elsewhere(runIdOf(build));
    const gone = await elsewhere(jobIdOf(build));
    isForgotten = false;
    expect(rowsOf(byRun)).toMatchObject({
      State: expect.stringMatching(/^UNKNOWN: AWS Batch has no job of this run any more/),
    });
    expect(byRun.stdout).toContain("Its results: nextstrain jobs download ");
    expect([gone.stdout, gone.exitStatus]).toEqual(["", 1]);
    expect(gone.stderr).toMatch(
      /^Error: There is no job .* in the bucket nextstrain-jobs\.\n.*forgets jobs|Check the id/,
    );
  });
});

test("where nothing was built, `last` is told", async () => {
  await using place = await workplace();
  const { stdout, stderr, exitStatus } = await place.run("jobs", "show");
  expect([stdout, exitStatus]).toEqual(["", 1]);
  expect(stderr).toMatch(/^Error: No build on AWS Batch has been started from this computer/);
});
