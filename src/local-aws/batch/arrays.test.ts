// Protects AWS Batch's array jobs: a parent that counts, children that run, and what a restart keeps of them.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { batchForEachTest } from "./testing/bench.ts";
import { call, fakeExecutor, jobWhen, refusal } from "./testing/fakes.ts";

const bench = batchForEachTest();
const { submit, describeJob, running, finished } = bench;

/** All of them fit the computer at once, up to 4. */
const small = {
  containerOverrides: {
    resourceRequirements: [
      { type: "VCPU", value: "1" },
      { type: "MEMORY", value: "100" },
    ],
  },
};
const array = (size: number, input: object = {}) => submit({ ...small, arrayProperties: { size }, ...input });
const childrenIn = async (arrayJobId: string, input: object = {}): Promise<string[]> =>
  (await call(bench.batch, "ListJobs", { arrayJobId, ...input })).jobSummaryList.map(
    ({ jobId }: { jobId: string }) => jobId,
  );
const summary = async (jobId: string) => (await describeJob(jobId)).arrayProperties.statusSummary;
const container = (jobId: string) =>
  bench.executor.containers.findLast(({ attempt }) => attempt.jobId === jobId);
const end = (jobId: string, exitCode: number) => container(jobId)?.end({ exitCode });

describe("an array", () => {
  test("runs its children, counts them, and succeeds when all have", async () => {
    const jobId = await array(5);
    await running(`${jobId}:3`);
    const parent = await describeJob(jobId);
    expect(parent).toMatchObject({
      ...{ status: "PENDING", attempts: [], dependsOn: [] },
      arrayProperties: {
        size: 5,
        statusSummary: {
          ...{ SUBMITTED: 0, PENDING: 0, RUNNABLE: 1, STARTING: 0, RUNNING: 4, SUCCEEDED: 0, FAILED: 0 },
        },
      },
    });
    for (const absent of ["startedAt", "timeout", "statusReason"]) expect(parent).not.toHaveProperty(absent);
    expect(parent.container).not.toHaveProperty("logStreamName");
    expect(bench.batch.livingJobs()).toBe(4);

    const child = await describeJob(`${jobId}:2`);
    expect(child).toMatchObject({
      jobArn: `arn:aws:batch:us-east-1:123456789012:job/${jobId}:2`,
      jobName: "a-job",
      arrayProperties: { index: 2, statusSummary: {} },
      startedAt: bench.clock,
      timeout: { attemptDurationSeconds: 14_400 },
    });
    expect(child.arrayProperties).not.toHaveProperty("size");
    expect([...bench.logs.streams.keys()]).toContain(`/aws/batch/job ${child.container.logStreamName}`);
    expect(container(`${jobId}:2`)?.attempt.environment).toMatchObject({
      AWS_BATCH_JOB_ID: `${jobId}:2`,
      AWS_BATCH_JOB_ARRAY_INDEX: "2",
      AWS_BATCH_JOB_ARRAY_SIZE: "5",
    });

    for (const index of [3, 0, 1, 2]) end(`${jobId}:${index}`, 0);
    await running(`${jobId}:4`);
    expect((await describeJob(jobId)).status).toBe("PENDING");
    end(`${jobId}:4`, 0);
    const ended = await finished(jobId);
    expect(ended).toMatchObject({ status: "SUCCEEDED", stoppedAt: bench.clock });
    expect(ended.arrayProperties.statusSummary).toMatchObject({ SUCCEEDED: 5, RUNNING: 0 });
  });

  test("fails once all have ended, where one has failed after all its attempts", async () => {
    const jobId = await array(2, { retryStrategy: { attempts: 2 } });
    await running(`${jobId}:1`);
    end(`${jobId}:0`, 1);
    await jobWhen(bench.batch, `${jobId}:0`, () => bench.executor.containers.length === 3);
    end(`${jobId}:0`, 7);
    expect(await finished(`${jobId}:0`)).toMatchObject({
      status: "FAILED",
      attempts: [{ container: { exitCode: 1 } }, { container: { exitCode: 7 } }],
    });
    expect((await describeJob(jobId)).status).toBe("PENDING");
    end(`${jobId}:1`, 0);
    expect(await finished(jobId)).toMatchObject({
      status: "FAILED",
      statusReason: "Array Child Job failed",
      arrayProperties: { statusSummary: { SUCCEEDED: 1, FAILED: 1 } },
    });
  });

  test("is listed by its queue, and its children by its id, RUNNING ones where no status is given", async () => {
    const jobId = await array(6);
    await running(`${jobId}:3`);
    const inQueue = { jobQueue: "nextstrain-job-queue" };
    const { jobSummaryList } = await call(bench.batch, "ListJobs", { ...inQueue, jobStatus: "PENDING" });
    expect(jobSummaryList).toMatchObject([{ jobId, arrayProperties: { size: 6 } }]);
    expect((await call(bench.batch, "ListJobs", inQueue)).jobSummaryList).toEqual([]);
    expect(await childrenIn(jobId)).toEqual([0, 1, 2, 3].map((index) => `${jobId}:${index}`));
    expect(await childrenIn(jobId, { jobStatus: "RUNNABLE" })).toEqual([`${jobId}:4`, `${jobId}:5`]);
    const snapshot = await call(bench.batch, "GetJobQueueSnapshot", inQueue);
    expect(snapshot.frontOfQueue.jobs).toMatchObject(
      [4, 5].map((index) => ({ jobArn: expect.stringMatching(new RegExp(`job/${jobId}:${index}$`)) })),
    );
    const page = await call(bench.batch, "ListJobs", { arrayJobId: jobId, maxResults: 3 });
    expect(page.jobSummaryList[2]).toMatchObject({ jobId: `${jobId}:2`, arrayProperties: { index: 2 } });
    expect(await childrenIn(jobId, { maxResults: 3, nextToken: page.nextToken })).toEqual([`${jobId}:3`]);
    expect(await childrenIn("no-such-array")).toEqual([]);
    expect(await refusal(bench.batch, "ListJobs", { arrayJobId: jobId, ...inQueue })).toMatch(/^400 /);
  });

  test.each([0, 1, -2, 10_001])("of size %j is refused", async (size) => {
    const base = { jobName: "j", jobQueue: "nextstrain-job-queue", jobDefinition: "nextstrain-job" };
    expect(await refusal(bench.batch, "SubmitJob", { ...base, arrayProperties: { size } })).toMatch(
      /^400 ClientException: .*between 2 and 10000/,
    );
  });

  test("without a size is a job like others", async () => {
    const jobId = await submit({ arrayProperties: {} });
    expect(await running(jobId)).not.toHaveProperty("arrayProperties");
    expect(bench.executor.containers[0]?.attempt.environment).not.toHaveProperty("AWS_BATCH_JOB_ARRAY_INDEX");
  });

  test("with overrides that are too long fails as a whole", async () => {
    const jobId = await array(3, { containerOverrides: { command: ["x".repeat(9_000)] } });
    const statusReason = "Container Overrides length must be at most 8192";
    expect(await finished(jobId)).toMatchObject({ status: "FAILED", statusReason });
    expect(await finished(`${jobId}:2`)).toMatchObject({ status: "FAILED", statusReason, attempts: [] });
  });
});

describe("ending an array", () => {
  test("TerminateJob of the parent ends all its children; of a child, only that one", async () => {
    const jobId = await array(6);
    await running(`${jobId}:3`);
    await call(bench.batch, "TerminateJob", { jobId: `${jobId}:5`, reason: "not this" });
    expect(await describeJob(`${jobId}:5`)).toMatchObject({ status: "FAILED", statusReason: "not this" });
    expect((await describeJob(`${jobId}:4`)).status).toBe("RUNNABLE");
    end(`${jobId}:0`, 0);
    await running(`${jobId}:4`);
    await call(bench.batch, "TerminateJob", { jobId, reason: "enough" });
    for (const index of [1, 2, 3, 4]) {
      expect(container(`${jobId}:${index}`)?.stopped).toBe(true);
      end(`${jobId}:${index}`, 143);
    }
    expect(await finished(jobId)).toMatchObject({
      ...{ status: "FAILED", statusReason: "enough", isTerminated: true },
      arrayProperties: { statusSummary: { SUCCEEDED: 1, FAILED: 5 } },
    });
    expect(await describeJob(`${jobId}:4`)).toMatchObject({ statusReason: "enough", isTerminated: true });
    expect(bench.executor.containers).toHaveLength(5);
  });

  test("CancelJob of the parent ends the children that don't run yet", async () => {
    const jobId = await array(6);
    await running(`${jobId}:3`);
    await call(bench.batch, "CancelJob", { jobId, reason: "no more" });
    expect(await summary(jobId)).toMatchObject({ RUNNING: 4, FAILED: 2 });
    for (const index of [0, 1, 2, 3]) end(`${jobId}:${index}`, 0);
    expect(await finished(jobId)).toMatchObject({
      ...{ status: "FAILED", statusReason: "no more", isCancelled: true },
    });
  });
});

describe("a restart", () => {
  test("keeps what has ended, fails what ran, and runs the others", async () => {
    const jobId = await array(6);
    await running(`${jobId}:3`);
    end(`${jobId}:1`, 0);
    await running(`${jobId}:4`);
    const file = join(bench.directory, "jobs", jobId, "children.jsonl");
    const asItWas = await readFile(file, "utf8");
    await bench.batch.close();
    // As if the daemon had died, in the middle of a line.
    await writeFile(file, `${asItWas}{"index":2,"status":"SUCC`);
    bench.executor = fakeExecutor();
    bench.batch = await bench.open();
    expect(bench.executor.cleaned).toContain(join(bench.directory, "jobs", jobId, "4-1"));
    expect((await describeJob(`${jobId}:2`)).statusReason).toMatch(/^Host EC2 /);
    expect(await describeJob(`${jobId}:1`)).toMatchObject({ status: "SUCCEEDED" });
    await running(`${jobId}:5`);
    expect(await describeJob(jobId)).toMatchObject({
      status: "PENDING",
      arrayProperties: { size: 6, statusSummary: { RUNNING: 1, SUCCEEDED: 1, FAILED: 4 } },
    });
    end(`${jobId}:5`, 0);
    await finished(jobId);
    await bench.batch.close();
    bench.batch = await bench.open();
    expect(await summary(jobId)).toMatchObject({ SUCCEEDED: 2, FAILED: 4 });
  });

  test("ends an array whose children have all ended", async () => {
    const jobId = await array(2);
    await running(`${jobId}:1`);
    const file = join(bench.directory, "jobs", jobId, "job.json");
    const asItWas = await readFile(file);
    for (const index of [0, 1]) end(`${jobId}:${index}`, 0);
    await finished(jobId);
    await bench.batch.close();
    await writeFile(file, asItWas);
    bench.batch = await bench.open();
    expect((await describeJob(jobId)).status).toBe("SUCCEEDED");
  });
});

test("10,000 children are two files, and are described by the hundred", async () => {
  const before = process.memoryUsage().heapUsed;
  const jobId = await array(10_000, { arrayProperties: { size: 10_000 } });
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(30 * 1024 * 1024);
  await running(`${jobId}:3`);
  const jobs = Array.from({ length: 100 }, (_, index) => `${jobId}:${9_900 + index}`);
  const described = await call(bench.batch, "DescribeJobs", { jobs });
  expect(described.jobs.map((job: { jobId: string }) => job.jobId)).toEqual(jobs);
  expect(await summary(jobId)).toMatchObject({ RUNNING: 4, RUNNABLE: 9_996 });
  await call(bench.batch, "TerminateJob", { jobId, reason: "enough" });
  for (const index of [0, 1, 2, 3]) end(`${jobId}:${index}`, 143);
  expect((await finished(jobId)).arrayProperties.statusSummary.FAILED).toBe(10_000);
  expect((await readdir(join(bench.directory, "jobs", jobId))).sort()).toEqual([
    "children.jsonl",
    "job.json",
  ]);
  bench.clock += 7 * 86_400_000;
  expect(await describeJob(`${jobId}:9999`)).toBeUndefined();
  expect(await readdir(join(bench.directory, "jobs"))).toEqual([]);
});
