import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DescribeJobsCommand, ListJobsCommand } from "@aws-sdk/client-batch";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Finding } from "../../src/checks/finding.ts";
import { useFaults } from "../support/faults.ts";
import { have } from "../support/have.ts";
import { localClients } from "../support/local-clients.ts";
import { runTool, startTool } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const CHECK = ["check-setup", "aws-batch", "--local-aws", "--run-job"];

describe.skipIf(!(have("zip") && have("unzip")))("check-setup --run-job (needs zip and unzip)", () => {
  let place: Workplace;
  let temporary: string;
  beforeAll(async () => {
    place = await workplace();
    // Of its own, so that nobody else's are taken for the canary's.
    temporary = join(place.home, "temporary");
    await mkdir(temporary);
    place.env.TMPDIR = temporary;
  });
  afterAll(() => place[Symbol.asyncDispose]());

  const misbehave = (...rules: object[]) => useFaults(place.env, rules);

  /** What the job was found to be like, by id. */
  async function canary(env: Record<string, string> = {}) {
    const result = await runTool([...CHECK, "--json"], { env: { ...place.env, ...env } });
    const { runtimes } = JSON.parse(result.stdout) as { runtimes: { findings: Finding[] }[] };
    const findings = (runtimes[0]?.findings ?? []).filter(({ id }) => id.startsWith("canary"));
    return { ...result, findings: new Map(findings.map((finding) => [finding.id, finding])) };
  }

  /** Objects in the bucket, records of runs and temporary directories: the canary leaves none. */
  async function leftovers(): Promise<readonly string[]> {
    const runs = await readdir(join(place.home, ".nextstrain/aws-batch/runs")).catch(() => []);
    const left = await readdir(temporary);
    return [
      ...(await place.objects()),
      ...runs,
      ...left.filter((name) => name.startsWith("nextstrain-canary-")),
    ];
  }

  test("a job goes through the whole path, each step is told, and nothing is left behind", async () => {
    const { exitStatus, findings, stderr } = await canary();
    expect(stderr).toMatch(/^Running a small job/);
    expect([...findings.keys()]).toEqual([
      "canary.submission",
      "canary.start",
      "canary.log",
      "canary.results",
      "canary.disk",
      "canary.size",
      "canary.internet",
    ]);
    for (const id of ["canary.submission", "canary.start", "canary.log", "canary.results", "canary.size"])
      expect(findings.get(id)?.mark).toBe("ok");
    expect(findings.get("canary.disk")?.says).toMatch(/^A job has [\d.]+ [GT]iB of disk space free/);
    // Whether this computer can reach the internet is not known here.
    expect(findings.get("canary.internet")?.mark).toMatch(/^(ok|caution)$/);
    expect(exitStatus).toBe(0);
    expect(await leftovers()).toEqual([]);
  });

  test("a job that fails is told of as a build's is", async () => {
    await misbehave({
      fault: "cannot-pull",
      message: "toomanyrequests: You have reached your pull rate limit",
    });
    const { exitStatus, findings } = await canary();
    await misbehave();
    expect(findings.get("canary.job")).toMatchObject({
      mark: "wrong",
      says: expect.stringMatching(/allows no more downloads/),
      mend: expect.stringMatching(/in an hour/),
    });
    expect(exitStatus).toBe(1);
    expect(await leftovers()).toEqual([]);
  });

  test("a job that can never start is given up at once, and ended", async () => {
    const { findings } = await canary({ NEXTSTRAIN_AWS_BATCH_MEMORY: "99999999" });
    expect(findings.get("canary.start")).toMatchObject({
      mark: "wrong",
      says: expect.stringMatching(/more than any computer/),
    });
    await using clients = await localClients(place.env);
    const living = await clients.batch.send(
      new ListJobsCommand({ jobQueue: "nextstrain-job-queue", jobStatus: "RUNNABLE" }),
    );
    expect(living.jobSummaryList).toEqual([]);
    expect(await leftovers()).toEqual([]);
  });

  test("lines that are lost on the way are noticed", async () => {
    await misbehave({ fault: "lost-lines", probability: 0.1 });
    const { findings } = await canary();
    await misbehave();
    expect(findings.get("canary.log")).toMatchObject({
      mark: "caution",
      says: expect.stringMatching(/^Of 200 lines that the job wrote, 1[0-9]{2} arrived/),
    });
  });

  test("Control-C ends the job and leaves nothing", async () => {
    await misbehave({ fault: "no-capacity" });
    const check = startTool(CHECK, { env: place.env });
    await check.seen(/Running a small job/);
    await using clients = await localClients(place.env);
    const waiting = () =>
      clients.batch.send(new ListJobsCommand({ jobQueue: "nextstrain-job-queue", jobStatus: "RUNNABLE" }));
    const jobId = await vi.waitUntil(async () => (await waiting()).jobSummaryList?.[0]?.jobId, {
      timeout: 120_000,
    });
    check.child.kill("SIGINT");
    expect((await check.ended).exitStatus).toBe(130);
    const { jobs = [] } = await clients.batch.send(new DescribeJobsCommand({ jobs: [jobId] }));
    expect(jobs[0]?.status).toBe("FAILED");
    expect(await leftovers()).toEqual([]);
  });
});
