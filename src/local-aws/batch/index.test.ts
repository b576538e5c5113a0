import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AwsError } from "../http.ts";
import type { BatchService } from "./index.ts";
import {
  call,
  fakeExecutor,
  jobWhen,
  memoryLogs,
  openTestBatch,
  refusal,
  temporaryDirectory,
} from "./testing/fakes.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let executor: ReturnType<typeof fakeExecutor>;
let logs: ReturnType<typeof memoryLogs>;
let clock: number;
let batch: BatchService;

const open = () => openTestBatch(directory.path, { executor, logs, now: () => clock });
const submit = async (input: object = {}): Promise<string> =>
  (
    await call(batch, "SubmitJob", {
      jobName: "a-job",
      jobQueue: "nextstrain-job-queue",
      jobDefinition: "nextstrain-job",
      containerOverrides: { command: ["true"] },
      ...input,
    })
  ).jobId;
const describeJob = async (jobId: string) => (await call(batch, "DescribeJobs", { jobs: [jobId] })).jobs[0];
const running = (jobId: string) => jobWhen(batch, jobId, (job) => job.status === "RUNNING");
const finished = (jobId: string) => jobWhen(batch, jobId, (job) => /SUCCEEDED|FAILED/.test(job.status));

beforeEach(async () => {
  directory = await temporaryDirectory();
  executor = fakeExecutor();
  logs = memoryLogs();
  clock = 1_800_000_000_000;
  batch = await open();
});

afterEach(async () => {
  await batch.close();
  await directory[Symbol.asyncDispose]();
});

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
      createdAt: clock,
      startedAt: clock,
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
    expect([...logs.streams.keys()]).toEqual([`/aws/batch/job ${job.container.logStreamName}`]);
    expect(executor.containers[0]?.attempt.environment).toMatchObject({
      A: "1",
      TZ: "UTC",
      AWS_ACCESS_KEY_ID: "AKIAJOB",
      AWS_ENDPOINT_URL: "http://127.0.0.1:9",
      AWS_BATCH_JOB_ID: jobId,
      AWS_BATCH_JOB_ATTEMPT: "1",
      AWS_BATCH_JQ_NAME: "nextstrain-job-queue",
      AWS_BATCH_CE_NAME: "nextstrain-compute-environment",
    });

    clock += 5_000;
    executor.containers[0]?.end({ exitCode: 0 });
    expect(await finished(jobId)).toMatchObject({
      status: "SUCCEEDED",
      statusReason: "Essential container in task exited",
      stoppedAt: clock,
      container: { exitCode: 0, logStreamName: job.container.logStreamName },
      attempts: [
        {
          container: { exitCode: 0, logStreamName: job.container.logStreamName },
          startedAt: clock - 5_000,
          stoppedAt: clock,
          statusReason: "Essential container in task exited",
        },
      ],
    });
  });

  test("fails with its command's exit code", async () => {
    const jobId = await submit();
    await running(jobId);
    executor.containers[0]?.end({ exitCode: 3 });
    expect(await finished(jobId)).toMatchObject({ status: "FAILED", container: { exitCode: 3 } });
  });

  test("that could not start says why", async () => {
    const jobId = await submit();
    await running(jobId);
    executor.containers[0]?.end({ exitCode: 127, reason: "CannotStartContainerError: no" });
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
    expect(executor.containers).toEqual([]);
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
    executor.containers[0]?.end({ exitCode: 0 });
    await finished(jobId);
    clock += 7 * 86_400_000 - 1;
    expect(await describeJob(jobId)).toBeDefined();
    clock += 1;
    expect(await describeJob(jobId)).toBeUndefined();
    expect(await readdir(join(directory.path, "jobs"))).toEqual([]);
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
    [{ ...base, dependsOn: [{ jobId: "x" }] }, /^501 NotImplemented: .*SubmitJob with dependsOn/],
    [{ ...base, arrayProperties: { size: 2 } }, /^501 NotImplemented: .*arrayProperties/],
    [{ ...base, parameters: { p: "x".repeat(31_000) } }, /over the limit of 30 KiB/],
  ])("%j", async (input, message) => {
    expect(await refusal(batch, "SubmitJob", input)).toMatch(message);
    expect(executor.containers).toEqual([]);
  });
});

describe("cancelling and terminating", () => {
  test("CancelJob ends a waiting job, and does nothing to a running one", async () => {
    const first = await submit();
    const second = await submit();
    await running(first);
    await call(batch, "CancelJob", { jobId: first, reason: "no" });
    await call(batch, "CancelJob", { jobId: second, reason: "not wanted" });
    expect(await describeJob(second)).toMatchObject({
      status: "FAILED",
      statusReason: "not wanted",
      isCancelled: true,
    });
    expect(await describeJob(first)).toMatchObject({ status: "RUNNING", isCancelled: false });
    expect(executor.containers[0]?.stopped).toBe(false);
  });

  test("TerminateJob stops a running job, which fails with the reason and is not tried again", async () => {
    const jobId = await submit({ retryStrategy: { attempts: 3 } });
    await running(jobId);
    await call(batch, "TerminateJob", { jobId, reason: "enough" });
    expect(executor.containers[0]?.stopped).toBe(true);
    executor.containers[0]?.end({ exitCode: 137 });
    expect(await finished(jobId)).toMatchObject({
      status: "FAILED",
      statusReason: "enough",
      isTerminated: true,
      container: { exitCode: 137 },
    });
    expect(executor.containers).toHaveLength(1);
  });

  test("TerminateJob ends a waiting job", async () => {
    await submit();
    const jobId = await submit();
    await call(batch, "TerminateJob", { jobId, reason: "enough" });
    expect(await describeJob(jobId)).toMatchObject({ status: "FAILED", statusReason: "enough" });
  });
});

describe("retries", () => {
  test("a failed attempt goes back to RUNNABLE until the attempts are used up", async () => {
    const jobId = await submit({ retryStrategy: { attempts: 2 } });
    await running(jobId);
    executor.containers[0]?.end({ exitCode: 1 });
    await jobWhen(batch, jobId, () => executor.containers.length === 2);
    expect(executor.containers[1]?.attempt.environment.AWS_BATCH_JOB_ATTEMPT).toBe("2");
    executor.containers[1]?.end({ exitCode: 2 });
    const job = await finished(jobId);
    expect(job.attempts.map((one: { container: object }) => one.container)).toMatchObject([
      { exitCode: 1 },
      { exitCode: 2 },
    ]);
    expect(logs.streams.size).toBe(2);
  });

  test("evaluateOnExit decides by the first condition that matches", async () => {
    const jobId = await submit({
      retryStrategy: { attempts: 5, evaluateOnExit: [{ onExitCode: "13*", action: "EXIT" }] },
    });
    await running(jobId);
    executor.containers[0]?.end({ exitCode: 1 });
    await jobWhen(batch, jobId, () => executor.containers.length === 2);
    executor.containers[1]?.end({ exitCode: 137 });
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
    expect(executor.containers[0]?.stopped).toBe(false);
    vi.advanceTimersByTime(1);
    expect(executor.containers[0]?.stopped).toBe(true);
    executor.containers[0]?.end({ exitCode: 137 });
    expect(await finished(jobId)).toMatchObject({
      status: "FAILED",
      statusReason: "Job attempt duration exceeded timeout",
      isTerminated: false,
    });
    expect(executor.containers).toHaveLength(1);
  });
});

describe("capacity", () => {
  const sized = (vcpus: number, memory: number) => ({
    containerOverrides: {
      command: ["true"],
      resourceRequirements: [
        { type: "VCPU", value: String(vcpus) },
        { type: "MEMORY", value: String(memory) },
      ],
    },
  });

  test("jobs that do not fit now wait in order", async () => {
    const [first, second, third] = [
      await submit(sized(3, 1_000)),
      await submit(sized(2, 1_000)),
      await submit(sized(1, 1_000)),
    ];
    await running(first);
    expect((await describeJob(second)).status).toBe("RUNNABLE");
    expect((await describeJob(second)).statusReason).toBeUndefined();
    expect((await describeJob(third)).status).toBe("RUNNABLE");
    executor.containers[0]?.end({ exitCode: 0 });
    await running(second);
    await running(third);
  });

  test("a job larger than this computer stays RUNNABLE and says why", async () => {
    const jobId = await submit(sized(1, 9_000));
    expect(await describeJob(jobId)).toMatchObject({
      status: "RUNNABLE",
      statusReason: expect.stringMatching(/^MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - /),
    });
    expect(batch.livingJobs()).toBe(0);
  });

  test("environments of known instance types and maxvCpus limit what fits", async () => {
    await call(batch, "CreateComputeEnvironment", {
      computeEnvironmentName: "small",
      type: "MANAGED",
      computeResources: { type: "EC2", maxvCpus: 8, instanceTypes: ["c5.xlarge"] },
    });
    await call(batch, "CreateJobQueue", {
      jobQueueName: "small",
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: "small" }],
    });
    const fitting = await submit({ jobQueue: "small", ...sized(4, 7_400) });
    await running(fitting);
    const tooBig = await submit({ jobQueue: "small", ...sized(4, 7_401) });
    expect((await describeJob(tooBig)).statusReason).toMatch(/JOB_RESOURCE_REQUIREMENT/);
    await call(batch, "TerminateJob", { jobId: tooBig, reason: "x" });
    const tooMany = await submit({ jobQueue: "small", ...sized(9, 100) });
    expect((await describeJob(tooMany)).statusReason).toMatch(/COMPUTE_ENVIRONMENT_MAX_RESOURCE/);
  });

  test("nothing starts in a disabled environment until it is enabled", async () => {
    const environment = "nextstrain-compute-environment";
    await call(batch, "UpdateComputeEnvironment", { computeEnvironment: environment, state: "DISABLED" });
    const jobId = await submit();
    expect(await describeJob(jobId)).toMatchObject({
      status: "RUNNABLE",
      statusReason: expect.stringMatching(/^UNDETERMINED/),
    });
    await call(batch, "UpdateComputeEnvironment", { computeEnvironment: environment, state: "ENABLED" });
    expect((await running(jobId)).statusReason).toBeUndefined();
  });
});

describe("ListJobs", () => {
  test("lists one status, RUNNING where none is given, newest first, in pages", async () => {
    const first = await submit();
    await running(first);
    clock += 1;
    const second = await submit({ jobName: "Other-1" });
    clock += 1;
    const third = await submit({ jobName: "other-2" });
    const list = (input: object = {}) =>
      call(batch, "ListJobs", { jobQueue: "nextstrain-job-queue", ...input });
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

describe("definitions", () => {
  const container = { image: "busybox", vcpus: 1, memory: 64, command: ["true"] };
  test("get revisions; the latest ACTIVE one is used where none is named", async () => {
    const register = (image: string) =>
      call(batch, "RegisterJobDefinition", {
        jobDefinitionName: "mine",
        type: "container",
        containerProperties: { ...container, image },
        tags: { owner: "me" },
      });
    expect((await register("one")).revision).toBe(1);
    const { jobDefinitionArn } = await register("two");
    expect(jobDefinitionArn).toBe("arn:aws:batch:us-east-1:123456789012:job-definition/mine:2");
    const image = async (jobDefinition: string) =>
      (await describeJob(await submit({ jobDefinition }))).container.image;
    expect(await image("mine")).toBe("two");
    expect(await image("mine:1")).toBe("one");
    await call(batch, "DeregisterJobDefinition", { jobDefinition: jobDefinitionArn });
    expect(await image("mine")).toBe("one");
    const { jobDefinitions } = await call(batch, "DescribeJobDefinitions", { jobDefinitionName: "mine" });
    expect(jobDefinitions).toMatchObject([
      { revision: 1, status: "ACTIVE", tags: { owner: "me" }, containerProperties: { memory: 64 } },
      { revision: 2, status: "INACTIVE" },
    ]);
  });

  test.each([
    [{ tags: { "aws:cloudformation": "x" } }, /aws:/],
    [{ type: "multinode", nodeProperties: { numNodes: 2 } }, /^501 .*nodeProperties/],
    [{ containerProperties: { image: "x", memory: 64 } }, /vCPU is not provided/],
    [{ containerProperties: { image: "x", vcpus: 1 } }, /Memory is not provided/],
    [{ retryStrategy: { evaluateOnExit: [{ onReason: "*", action: "PANIC" }] } }, /RETRY or EXIT/],
    [{ platformCapabilities: ["FARGATE"] }, /^501 /],
  ])("are refused with %j", async (input, message) => {
    const base = { jobDefinitionName: "mine", type: "container", containerProperties: container };
    expect(await refusal(batch, "RegisterJobDefinition", { ...base, ...input })).toMatch(message);
  });
});

describe("queues and environments", () => {
  test("are deleted only once they are disabled and unused", async () => {
    const queue = { jobQueue: "nextstrain-job-queue" };
    const environment = { computeEnvironment: "nextstrain-compute-environment" };
    const jobId = await submit();
    expect(await refusal(batch, "DeleteJobQueue", queue)).toMatch(/DISABLED first/);
    await call(batch, "UpdateComputeEnvironment", { ...environment, state: "DISABLED" });
    expect(await refusal(batch, "DeleteComputeEnvironment", environment)).toMatch(
      /found existing JobQueue relationship/,
    );
    await call(batch, "UpdateJobQueue", { ...queue, state: "DISABLED" });
    const refused = { jobName: "j", ...queue, jobDefinition: "nextstrain-job" };
    expect(await refusal(batch, "SubmitJob", refused)).toMatch(/DISABLED state/);
    await call(batch, "DeleteJobQueue", queue);
    expect((await call(batch, "DescribeJobQueues")).jobQueues).toEqual([]);
    executor.containers[0]?.end({ exitCode: 137 });
    expect((await finished(jobId)).statusReason).toBe("Job Queue Deleted");
    await call(batch, "DeleteComputeEnvironment", environment);
    expect((await call(batch, "DescribeComputeEnvironments")).computeEnvironments).toEqual([]);
  });

  test("the defaults describe themselves by name and by ARN", async () => {
    const arn = "arn:aws:batch:us-east-1:123456789012:job-queue/nextstrain-job-queue";
    const { jobQueues } = await call(batch, "DescribeJobQueues", { jobQueues: [arn] });
    expect(jobQueues).toMatchObject([
      {
        jobQueueArn: arn,
        state: "ENABLED",
        status: "VALID",
        computeEnvironmentOrder: [
          {
            order: 1,
            computeEnvironment:
              "arn:aws:batch:us-east-1:123456789012:compute-environment/nextstrain-compute-environment",
          },
        ],
      },
    ]);
  });
});

describe("a restart", () => {
  test("fails jobs that ran, starts those that waited, and keeps what is registered", async () => {
    const first = await submit();
    const second = await submit();
    await running(first);
    const jobFile = join(directory.path, "jobs", first, "job.json");
    const asItWas = await readFile(jobFile);
    await batch.close();
    // As if the daemon had died instead of leaving.
    await writeFile(jobFile, asItWas);
    executor = fakeExecutor();
    batch = await open();
    expect(await describeJob(first)).toMatchObject({
      status: "FAILED",
      statusReason: expect.stringMatching(/^Host EC2 \(instance i-[0-9a-f]{17}\) terminated\.$/),
    });
    expect(executor.cleaned).toEqual([join(directory.path, "jobs", first, "1")]);
    await running(second);
    expect((await call(batch, "DescribeJobDefinitions")).jobDefinitions).toHaveLength(1);
  });

  test("leaving ends running jobs as if their host were lost", async () => {
    const jobId = await submit();
    await running(jobId);
    await batch.close();
    batch = await open();
    expect(await describeJob(jobId)).toMatchObject({
      status: "FAILED",
      statusReason: expect.stringMatching(/^Host EC2 /),
    });
  });

  test("state of a newer version is refused", async () => {
    await batch.close();
    await writeFile(join(directory.path, "registry.json"), JSON.stringify({ version: 2 }));
    await expect(open()).rejects.toThrow(/newer version/);
    await writeFile(
      join(directory.path, "registry.json"),
      JSON.stringify({ version: 1, definitions: [], queues: [], environments: [] }),
    );
    batch = await open();
  });
});

describe("the wire", () => {
  test.each([
    ["TerminateJobs", "Local AWS does not implement Batch TerminateJobs."],
    ["Nonsense", "Local AWS does not implement Batch POST /v1/nonsense."],
  ])("%s is a 501 that names it", async (operation, message) => {
    expect(await refusal(batch, operation, {})).toBe(`501 NotImplemented: ${message}`);
  });

  test("errors are JSON with their code in a header", () => {
    const error = new AwsError("ClientException", "No.", 400);
    expect(batch.renderError(error, { path: "/v1/submitjob", requestId: "r" })).toEqual({
      status: 400,
      headers: {
        "content-type": "application/json",
        "x-amzn-requestid": "r",
        "x-amzn-errortype": "ClientException",
      },
      body: JSON.stringify({ message: "No.", code: "ClientException" }),
    });
  });
});
