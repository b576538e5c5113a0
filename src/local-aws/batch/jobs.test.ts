import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { batchForEachTest } from "./testing/bench.ts";
import { call, jobWhen, refusal } from "./testing/fakes.ts";

const bench = batchForEachTest();
const { submit, describeJob, running, finished } = bench;

describe("a job", () => {
  test("shows its states, container, log stream and attempt as AWS does", async () => {
    const jobId = await submit({
      containerOverrides: {
        command: ["/sbin/entrypoint-aws-batch", "true"],
        environment: [{ name: "A", value: "1" }],
        resourceRequirements: [{ type: "VCPU", value: "2" }],
      },
    });
    const job = await running(jobId);
    expect(job).toMatchObject({
      jobName: "a-job",
      jobArn: `arn:aws:batch:us-east-1:123456789012:job/${jobId}`,
      jobQueue: "arn:aws:batch:us-east-1:123456789012:job-queue/nextstrain-job-queue",
      jobDefinition: "arn:aws:batch:us-east-1:123456789012:job-definition/nextstrain-job:1",
      createdAt: bench.clock,
      startedAt: bench.clock,
      attempts: [],
      timeout: { attemptDurationSeconds: 14_400 },
      container: {
        image: "nextstrain/base:latest",
        command: ["/sbin/entrypoint-aws-batch", "true"],
        environment: [{ name: "A", value: "1" }],
        vcpus: 2,
        memory: 7_400,
        resourceRequirements: [
          { type: "VCPU", value: "2" },
          { type: "MEMORY", value: "7400" },
        ],
        logStreamName: expect.stringMatching(/^nextstrain-job\/default\/[0-9a-f]{32}$/),
      },
    });
    expect([...bench.logs.streams.keys()]).toEqual([`/aws/batch/job ${job.container.logStreamName}`]);
    expect(bench.executor.containers[0]?.attempt.environment).toMatchObject({
      A: "1",
      TZ: "UTC",
      AWS_ACCESS_KEY_ID: "AKIAJOB",
      AWS_ENDPOINT_URL: "http://127.0.0.1:9",
      AWS_BATCH_JOB_ID: jobId,
      AWS_BATCH_JOB_ATTEMPT: "1",
      AWS_BATCH_JQ_NAME: "nextstrain-job-queue",
      AWS_BATCH_CE_NAME: "nextstrain-compute-environment",
    });

    bench.clock += 5_000;
    bench.executor.containers[0]?.end({ exitCode: 0 });
    expect(await finished(jobId)).toMatchObject({
      status: "SUCCEEDED",
      statusReason: "Essential container in task exited",
      stoppedAt: bench.clock,
      container: { exitCode: 0, logStreamName: job.container.logStreamName },
      attempts: [
        {
          container: { exitCode: 0, logStreamName: job.container.logStreamName },
          startedAt: bench.clock - 5_000,
          stoppedAt: bench.clock,
          statusReason: "Essential container in task exited",
        },
      ],
    });
  });

  test("fails with its command's exit code", async () => {
    const jobId = await submit();
    await running(jobId);
    bench.executor.containers[0]?.end({ exitCode: 3 });
    expect(await finished(jobId)).toMatchObject({ status: "FAILED", container: { exitCode: 3 } });
  });

  test("that could not start says why", async () => {
    const jobId = await submit();
    await running(jobId);
    bench.executor.containers[0]?.end({ exitCode: 127, reason: "CannotStartContainerError: no" });
    expect(await finished(jobId)).toMatchObject({
      statusReason: "Task failed to start",
      container: { exitCode: 127, reason: "CannotStartContainerError: no" },
    });
  });

  test("with overrides over 8,192 characters is accepted, and fails", async () => {
    const command = ["x".repeat(9_000)];
    const jobId = await submit({ containerOverrides: { command } });
    const job = await finished(jobId);
    expect(job.statusReason).toBe("Container Overrides length must be at most 8192");
    expect(job.attempts).toEqual([]);
    expect(bench.executor.containers).toEqual([]);
  });

  test("has Ref:: in its command replaced by parameters", async () => {
    const jobId = await submit({
      containerOverrides: { command: ["echo", "Ref::what", "Ref::other"] },
      parameters: { what: "hello" },
    });
    expect((await describeJob(jobId)).container.command).toEqual(["echo", "hello", "Ref::other"]);
  });

  test("is forgotten 7 days after its end", async () => {
    const jobId = await submit();
    await running(jobId);
    bench.executor.containers[0]?.end({ exitCode: 0 });
    await finished(jobId);
    bench.clock += 7 * 86_400_000 - 1;
    expect(await describeJob(jobId)).toBeDefined();
    bench.clock += 1;
    expect(await describeJob(jobId)).toBeUndefined();
    expect(await readdir(join(bench.directory, "jobs"))).toEqual([]);
  });
});

describe("SubmitJob refuses", () => {
  const base = { jobName: "j", jobQueue: "nextstrain-job-queue", jobDefinition: "nextstrain-job" };
  test.each([
    [{ ...base, jobQueue: "nowhere" }, "400 ClientException: JobQueue nowhere not found."],
    [
      { ...base, jobDefinition: "nothing" },
      "400 ClientException: JobDefinition name nothing does not exist or is not in ACTIVE status",
    ],
    [{ ...base, jobDefinition: "nextstrain-job:7" }, /does not exist or is not in ACTIVE status/],
    [{ ...base, jobName: "a b" }, /^400 ClientException: jobName must be/],
    [{ ...base, jobName: "x".repeat(129) }, /^400 ClientException: jobName must be/],
    [{ ...base, timeout: { attemptDurationSeconds: 59 } }, /at least 60 seconds/],
    [{ ...base, retryStrategy: { attempts: 11 } }, /between 1 and 10/],
    [{ ...base, tags: { "aws:x": "1" } }, /aws:/],
    [{ ...base, containerOverrides: { vcpus: 2 } }, /deprecated key/],
    [{ ...base, containerOverrides: { command: "true" } }, /^400 SerializationException/],
    [{ ...base, nodeOverrides: { numNodes: 2 } }, /^501 NotImplemented: .*SubmitJob with nodeOverrides/],
    [{ ...base, parameters: { p: "x".repeat(31_000) } }, /over the limit of 30 KiB/],
  ])("%j", async (input, message) => {
    expect(await refusal(bench.batch, "SubmitJob", input)).toMatch(message);
    expect(bench.executor.containers).toEqual([]);
  });
});

describe("cancelling and terminating", () => {
  test("CancelJob ends a waiting job, and does nothing to a running one", async () => {
    const first = await submit();
    const second = await submit();
    await running(first);
    await call(bench.batch, "CancelJob", { jobId: first, reason: "no" });
    await call(bench.batch, "CancelJob", { jobId: second, reason: "not wanted" });
    expect(await describeJob(second)).toMatchObject({
      status: "FAILED",
      statusReason: "not wanted",
      isCancelled: true,
    });
    expect(await describeJob(first)).toMatchObject({ status: "RUNNING", isCancelled: false });
    expect(bench.executor.containers[0]?.stopped).toBe(false);
  });

  test("TerminateJob stops a running job, which fails with the reason and is not tried again", async () => {
    const jobId = await submit({ retryStrategy: { attempts: 3 } });
    await running(jobId);
    await call(bench.batch, "TerminateJob", { jobId, reason: "enough" });
    expect(bench.executor.containers[0]?.stopped).toBe(true);
    bench.executor.containers[0]?.end({ exitCode: 137 });
    expect(await finished(jobId)).toMatchObject({
      status: "FAILED",
      statusReason: "enough",
      isTerminated: true,
      container: { exitCode: 137 },
    });
    expect(bench.executor.containers).toHaveLength(1);
  });

  test("TerminateJob ends a waiting job", async () => {
    await submit();
    const jobId = await submit();
    await call(bench.batch, "TerminateJob", { jobId, reason: "enough" });
    expect(await describeJob(jobId)).toMatchObject({ status: "FAILED", statusReason: "enough" });
  });
});

describe("retries", () => {
  test("a failed attempt goes back to RUNNABLE until the attempts are used up", async () => {
    const jobId = await submit({ retryStrategy: { attempts: 2 } });
    await running(jobId);
    bench.executor.containers[0]?.end({ exitCode: 1 });
    await jobWhen(bench.batch, jobId, () => bench.executor.containers.length === 2);
    expect(bench.executor.containers[1]?.attempt.environment.AWS_BATCH_JOB_ATTEMPT).toBe("2");
    bench.executor.containers[1]?.end({ exitCode: 2 });
    const job = await finished(jobId);
    expect(job.attempts.map((one: { container: object }) => one.container)).toMatchObject([
      { exitCode: 1 },
      { exitCode: 2 },
    ]);
    expect(bench.logs.streams.size).toBe(2);
  });

  test("evaluateOnExit decides by the first condition that matches", async () => {
    const jobId = await submit({
      retryStrategy: { attempts: 5, evaluateOnExit: [{ onExitCode: "13*", action: "EXIT" }] },
    });
    await running(jobId);
    bench.executor.containers[0]?.end({ exitCode: 1 });
    await jobWhen(bench.batch, jobId, () => bench.executor.containers.length === 2);
    bench.executor.containers[1]?.end({ exitCode: 137 });
    expect((await finished(jobId)).attempts).toHaveLength(2);
  });
});

describe("a time limit", () => {
  afterEach(() => void vi.useRealTimers());

  test("stops the job, which is not tried again", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const jobId = await submit({ timeout: { attemptDurationSeconds: 60 }, retryStrategy: { attempts: 2 } });
    await running(jobId);
    vi.advanceTimersByTime(59_999);
    expect(bench.executor.containers[0]?.stopped).toBe(false);
    vi.advanceTimersByTime(1);
    expect(bench.executor.containers[0]?.stopped).toBe(true);
    bench.executor.containers[0]?.end({ exitCode: 137 });
    expect(await finished(jobId)).toMatchObject({
      status: "FAILED",
      statusReason: "Job attempt duration exceeded timeout",
      isTerminated: false,
    });
    expect(bench.executor.containers).toHaveLength(1);
  });
});

describe("ListJobs", () => {
  test("lists one status, RUNNING where none is given, newest first, in pages", async () => {
    const first = await submit();
    await running(first);
    bench.clock += 1;
    const second = await submit({ jobName: "Other-1" });
    bench.clock += 1;
    const third = await submit({ jobName: "other-2" });
    const list = (input: object = {}) =>
      call(bench.batch, "ListJobs", { jobQueue: "nextstrain-job-queue", ...input });
    const ids = (answer: { jobSummaryList: { jobId: string }[] }) =>
      answer.jobSummaryList.map(({ jobId }) => jobId);
    expect(ids(await list())).toEqual([first]);
    const page = await list({ jobStatus: "RUNNABLE", maxResults: 1 });
    expect(ids(page)).toEqual([third]);
    const next = await list({ jobStatus: "RUNNABLE", maxResults: 1, nextToken: page.nextToken });
    expect(ids(next)).toEqual([second]);
    expect(next.nextToken).toBeUndefined();
    expect(ids(await list({ filters: [{ name: "JOB_NAME", values: ["OTHER*"] }] }))).toEqual([third, second]);
  });
});

test("GetJobQueueSnapshot gives the jobs that wait, in the order in which they will start", async () => {
  const sized = (vcpus: string) =>
    submit({ containerOverrides: { resourceRequirements: [{ type: "VCPU", value: vcpus }] } });
  await running(await sized("4"));
  const waiting: string[] = [];
  for (const vcpus of ["2", "1"]) {
    bench.clock += 1;
    waiting.push(await sized(vcpus));
  }
  const { frontOfQueue } = await call(bench.batch, "GetJobQueueSnapshot", {
    jobQueue: "nextstrain-job-queue",
  });
  expect(frontOfQueue.lastUpdatedAt).toBe(bench.clock);
  expect(frontOfQueue.jobs).toEqual(
    waiting.map((id, index) => ({
      jobArn: `arn:aws:batch:us-east-1:123456789012:job/${id}`,
      earliestTimeAtPosition: bench.clock - 1 + index,
    })),
  );
});

describe("a job that is too big for its queue", () => {
  const tooBig = () =>
    submit({ containerOverrides: { resourceRequirements: [{ type: "MEMORY", value: "100000000" }] } });
  const reason = expect.stringMatching(/^MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT/);

  test("is taken off it when its time is up, and lets the next one start", async () => {
    const jobId = await tooBig();
    const next = await submit();
    bench.clock += 1_799_000;
    bench.batch.schedule();
    expect(await describeJob(jobId)).toMatchObject({ status: "RUNNABLE", statusReason: reason });
    bench.clock += 1_000;
    bench.batch.schedule();
    expect(await finished(jobId)).toMatchObject({
      ...{ status: "FAILED", statusReason: reason, isCancelled: true },
      stoppedAt: bench.clock,
    });
    await running(next);
  });

  test("waits for ever where its queue has no time limits", async () => {
    await call(bench.batch, "UpdateJobQueue", {
      ...{ jobQueue: "nextstrain-job-queue", jobStateTimeLimitActions: [] },
    });
    const jobId = await tooBig();
    bench.clock += 100_000_000;
    bench.batch.schedule();
    expect(await describeJob(jobId)).toMatchObject({ status: "RUNNABLE", statusReason: reason });
  });
});
