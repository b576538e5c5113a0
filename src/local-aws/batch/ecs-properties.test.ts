import { describe, expect, test } from "vitest";
import { batchForEachTest } from "./testing/bench.ts";
import { call, openTestBatch, refusal, temporaryDirectory } from "./testing/fakes.ts";

const bench = batchForEachTest();
const { submit, describeJob, running, finished } = bench;

const container = {
  name: "main",
  image: "busybox",
  command: ["true"],
  environment: [{ name: "A", value: "1" }],
  resourceRequirements: [
    { type: "VCPU", value: "1" },
    { type: "MEMORY", value: "64" },
  ],
};
const taskRoleArn = "arn:aws:iam::123456789012:role/LabJobs";
const task = { taskRoleArn, containers: [container] };
const definition = (taskProperties: object[] = [task]) => ({
  jobDefinitionName: "ecs",
  type: "container",
  ecsProperties: { taskProperties },
});
const register = () => call(bench.batch, "RegisterJobDefinition", definition());
const overridden = (containers: object[]) => ({
  jobDefinition: "ecs",
  containerOverrides: undefined,
  ecsPropertiesOverride: { taskProperties: [{ containers }] },
});

test("a definition shows itself as it was registered", async () => {
  await register();
  const { jobDefinitions } = await call(bench.batch, "DescribeJobDefinitions", { jobDefinitionName: "ecs" });
  expect(jobDefinitions[0].ecsProperties).toEqual({ taskProperties: [task] });
  expect(jobDefinitions[0].containerProperties).toBeUndefined();
});

test("a job runs with its overrides, and shows its container in the task, and an empty one beside", async () => {
  await register();
  const overrides = {
    name: "main",
    command: ["sh"],
    environment: [{ name: "B", value: "2" }],
    resourceRequirements: [{ type: "MEMORY", value: "128" }],
  };
  const jobId = await submit(overridden([overrides]));
  await running(jobId);
  expect(bench.executor.containers[0]?.attempt).toMatchObject({
    command: ["sh"],
    environment: { A: "1", B: "2" },
    size: { vcpus: 1, memoryMiB: 128 },
  });
  bench.executor.containers[0]?.end({ exitCode: 3, reason: "why" });
  const job = await finished(jobId);
  expect(job.container).toEqual({});
  const stream = expect.stringMatching(/^ecs\/main\/[0-9a-f]{32}$/);
  const [shown] = job.ecsProperties.taskProperties;
  expect(shown).toMatchObject({ taskRoleArn, taskArn: expect.stringContaining(":task/") });
  expect(shown.containers).toEqual([
    expect.objectContaining({
      ...{ name: "main", command: ["sh"], exitCode: 3, reason: "why", logStreamName: stream },
      environment: [...container.environment, ...overrides.environment],
    }),
  ]);
  expect(shown.containers[0].jobRoleArn).toBeUndefined();
  expect(job.attempts).toMatchObject([
    {
      container: {},
      taskProperties: [{ containers: [{ name: "main", exitCode: 3, logStreamName: stream }] }],
    },
  ]);
});

describe("what does not go with the definition is refused:", () => {
  test.each([
    ["the other form's overrides", { jobDefinition: "ecs" }, /containerOverrides should not be set/],
    ["another container's", overridden([{ name: "side" }]), /Container side/],
    ["too many", overridden([{ name: "main" }, { name: "side" }]), /more containers/],
    [
      "these, for a definition of the other form",
      { ...overridden([{}]), jobDefinition: "nextstrain-job" },
      /ecsPropertiesOverride should not be set/,
    ],
  ])("%s", async (_, input, message) => {
    await register();
    const job = {
      jobName: "j",
      jobQueue: "nextstrain-job-queue",
      containerOverrides: { command: ["true"] },
      ...input,
    };
    expect(await refusal(bench.batch, "SubmitJob", job)).toMatch(message);
    expect(
      (await call(bench.batch, "ListJobs", { jobQueue: "nextstrain-job-queue" })).jobSummaryList,
    ).toEqual([]);
  });
});

test.each([
  [[], /^400 .*taskProperties/],
  [[task, task], /^400 .*taskProperties/],
  [[{ containers: [] }], /^400 .*containers/],
  [[{ containers: [container, { ...container, name: "side" }] }], /^501 .*several containers/],
])("definitions of other tasks are refused", async (taskProperties, message) => {
  expect(await refusal(bench.batch, "RegisterJobDefinition", definition(taskProperties))).toMatch(message);
});

test("the default definition is of this form in an account that has it so, and stays one revision", async () => {
  await using temporary = await temporaryDirectory();
  const open = () => openTestBatch(temporary.path, { account: ["ecs-properties"] });
  await (await open()).close();
  const batch = await open();
  const { jobDefinitions } = await call(batch, "DescribeJobDefinitions");
  expect(jobDefinitions).toHaveLength(1);
  expect(jobDefinitions[0].ecsProperties.taskProperties[0].containers[0].name).toBe("main");
  expect((await describeJob(await submit())).container.image).toBe("nextstrain/base:latest");
  await batch.close();
});
