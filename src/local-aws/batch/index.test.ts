import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AwsError } from "../http.ts";
import { batchForEachTest } from "./testing/bench.ts";
import { call, fakeExecutor, refusal } from "./testing/fakes.ts";

const bench = batchForEachTest();
const { open, submit, describeJob, running, finished } = bench;

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
    bench.executor.containers[0]?.end({ exitCode: 0 });
    await running(second);
    await running(third);
  });

  test("a job larger than this computer stays RUNNABLE and says why", async () => {
    const jobId = await submit(sized(1, 9_000));
    expect(await describeJob(jobId)).toMatchObject({
      status: "RUNNABLE",
      statusReason: expect.stringMatching(/^MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - /),
    });
    expect(bench.batch.livingJobs()).toBe(0);
  });

  test("environments of known instance types and maxvCpus limit what fits", async () => {
    await call(bench.batch, "CreateComputeEnvironment", {
      computeEnvironmentName: "small",
      type: "MANAGED",
      computeResources: { type: "EC2", maxvCpus: 8, instanceTypes: ["c5.xlarge"] },
    });
    await call(bench.batch, "CreateJobQueue", {
      jobQueueName: "small",
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: "small" }],
    });
    const fitting = await submit({ jobQueue: "small", ...sized(4, 7_400) });
    await running(fitting);
    const tooBig = await submit({ jobQueue: "small", ...sized(4, 7_401) });
    expect((await describeJob(tooBig)).statusReason).toMatch(/JOB_RESOURCE_REQUIREMENT/);
    await call(bench.batch, "TerminateJob", { jobId: tooBig, reason: "x" });
    const tooMany = await submit({ jobQueue: "small", ...sized(9, 100) });
    expect((await describeJob(tooMany)).statusReason).toMatch(/COMPUTE_ENVIRONMENT_MAX_RESOURCE/);
  });

  test("nothing starts in a disabled environment until it is enabled", async () => {
    const environment = "nextstrain-compute-environment";
    await call(bench.batch, "UpdateComputeEnvironment", {
      computeEnvironment: environment,
      state: "DISABLED",
    });
    const jobId = await submit();
    expect(await describeJob(jobId)).toMatchObject({
      status: "RUNNABLE",
      statusReason: expect.stringMatching(/^UNDETERMINED/),
    });
    await call(bench.batch, "UpdateComputeEnvironment", {
      computeEnvironment: environment,
      state: "ENABLED",
    });
    expect((await running(jobId)).statusReason).toBeUndefined();
  });
});

describe("definitions", () => {
  const container = { image: "busybox", vcpus: 1, memory: 64, command: ["true"] };
  test("get revisions; the latest ACTIVE one is used where none is named", async () => {
    const register = (image: string) =>
      call(bench.batch, "RegisterJobDefinition", {
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
    await call(bench.batch, "DeregisterJobDefinition", { jobDefinition: jobDefinitionArn });
    expect(await image("mine")).toBe("one");
    const { jobDefinitions } = await call(bench.batch, "DescribeJobDefinitions", {
      jobDefinitionName: "mine",
    });
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
    expect(await refusal(bench.batch, "RegisterJobDefinition", { ...base, ...input })).toMatch(message);
  });
});

describe("queues and environments", () => {
  test("are deleted only once they are disabled and unused", async () => {
    const queue = { jobQueue: "nextstrain-job-queue" };
    const environment = { computeEnvironment: "nextstrain-compute-environment" };
    const jobId = await submit();
    expect(await refusal(bench.batch, "DeleteJobQueue", queue)).toMatch(/DISABLED first/);
    await call(bench.batch, "UpdateComputeEnvironment", { ...environment, state: "DISABLED" });
    expect(await refusal(bench.batch, "DeleteComputeEnvironment", environment)).toMatch(
      /found existing JobQueue relationship/,
    );
    await call(bench.batch, "UpdateJobQueue", { ...queue, state: "DISABLED" });
    const refused = { jobName: "j", ...queue, jobDefinition: "nextstrain-job" };
    expect(await refusal(bench.batch, "SubmitJob", refused)).toMatch(/DISABLED state/);
    await call(bench.batch, "DeleteJobQueue", queue);
    expect((await call(bench.batch, "DescribeJobQueues")).jobQueues).toEqual([]);
    bench.executor.containers[0]?.end({ exitCode: 137 });
    expect((await finished(jobId)).statusReason).toBe("Job Queue Deleted");
    await call(bench.batch, "DeleteComputeEnvironment", environment);
    expect((await call(bench.batch, "DescribeComputeEnvironments")).computeEnvironments).toEqual([]);
  });

  test("the defaults describe themselves by name and by ARN", async () => {
    const arn = "arn:aws:batch:us-east-1:123456789012:job-queue/nextstrain-job-queue";
    const { jobQueues } = await call(bench.batch, "DescribeJobQueues", { jobQueues: [arn] });
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
    const jobFile = join(bench.directory, "jobs", first, "job.json");
    const asItWas = await readFile(jobFile);
    await bench.batch.close();
    // As if the daemon had died instead of leaving.
    await writeFile(jobFile, asItWas);
    bench.executor = fakeExecutor();
    bench.batch = await open();
    expect(await describeJob(first)).toMatchObject({
      status: "FAILED",
      statusReason: expect.stringMatching(/^Host EC2 \(instance i-[0-9a-f]{17}\) terminated\.$/),
    });
    expect(bench.executor.cleaned).toEqual([join(bench.directory, "jobs", first, "1")]);
    await running(second);
    expect((await call(bench.batch, "DescribeJobDefinitions")).jobDefinitions).toHaveLength(1);
  });

  test("leaving ends running jobs as if their host were lost", async () => {
    const jobId = await submit();
    await running(jobId);
    await bench.batch.close();
    bench.batch = await open();
    expect(await describeJob(jobId)).toMatchObject({
      status: "FAILED",
      statusReason: expect.stringMatching(/^Host EC2 /),
    });
  });

  test("state of a newer version is refused", async () => {
    await bench.batch.close();
    await writeFile(join(bench.directory, "registry.json"), JSON.stringify({ version: 2 }));
    await expect(open()).rejects.toThrow(/newer version/);
    await writeFile(
      join(bench.directory, "registry.json"),
      JSON.stringify({ version: 1, definitions: [], queues: [], environments: [] }),
    );
    bench.batch = await open();
  });
});

describe("the wire", () => {
  test.each([
    ["TerminateJobs", "Local AWS does not implement Batch TerminateJobs."],
    ["Nonsense", "Local AWS does not implement Batch POST /v1/nonsense."],
  ])("%s is a 501 that names it", async (operation, message) => {
    expect(await refusal(bench.batch, operation, {})).toBe(`501 NotImplemented: ${message}`);
  });

  test("errors are JSON with their code in a header", () => {
    const error = new AwsError("ClientException", "No.", 400);
    expect(bench.batch.renderError(error, { path: "/v1/submitjob", requestId: "r" })).toEqual({
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
