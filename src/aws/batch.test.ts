import type { BatchClient } from "@aws-sdk/client-batch";
import { describe, expect, test } from "vitest";
import { toJobId } from "../runs/ids.ts";
import type { JobId } from "../runs/types.ts";
import { describeDefinition, describeJob, readDefinition } from "./batch.ts";
import { withImage } from "./batch-container.ts";

/** A Batch that has these definitions, and notes what it is asked. */
function batchWith(jobDefinitions: readonly object[]) {
  const asked: object[] = [];
  const send = async ({ input }: { readonly input: object }) => {
    asked.push(input);
    return { jobDefinitions };
  };
  return { asked, batch: { send } as unknown as BatchClient };
}

const { signal } = new AbortController();

test("the latest active revision of a name is asked for", async () => {
  const { asked, batch } = batchWith([{ revision: 2 }, { revision: 10 }, { revision: 9 }]);
  expect((await describeDefinition(batch, "nextstrain-job", signal))?.detail.revision).toBe(10);
  expect(asked).toEqual([{ jobDefinitionName: "nextstrain-job", status: "ACTIVE" }]);
});

test("a name of resource without a revision is the latest's, as for SubmitJob: Batch describes that only by its name", async () => {
  const { asked, batch } = batchWith([{ revision: 2 }]);
  const arn = "arn:aws:batch:us-east-1:123456789012:job-definition/nextstrain-job";
  await describeDefinition(batch, arn, signal);
  await describeDefinition(batch, `${arn}:2`, signal);
  expect(asked).toEqual([
    { jobDefinitionName: "nextstrain-job", status: "ACTIVE" },
    { jobDefinitions: [`${arn}:2`] },
  ]);
});

test("a revision is asked for by nothing else, as Batch wants it, and counts only while it is active", async () => {
  const there = batchWith([{ revision: 3, status: "ACTIVE" }]);
  expect((await describeDefinition(there.batch, "nextstrain-job:3", signal))?.detail.revision).toBe(3);
  expect(there.asked).toEqual([{ jobDefinitions: ["nextstrain-job:3"] }]);
  const gone = batchWith([{ revision: 3, status: "INACTIVE" }]);
  expect(await describeDefinition(gone.batch, "nextstrain-job:3", signal)).toBeUndefined();
});

const requirements = [
  { type: "VCPU" as const, value: "4" },
  { type: "MEMORY" as const, value: "8192" },
];
const role = "arn:aws:iam::123456789012:role/LabJobs";
const log = { logDriver: "awslogs" as const };

describe("the two forms of a definition say the same", () => {
  const names = { jobDefinitionName: "lab", jobDefinitionArn: "", revision: 1, type: "container" };
  const container = { image: "lab/base", resourceRequirements: requirements, logConfiguration: log };
  const own = {
    ephemeralStorage: { sizeInGiB: 100 },
    executionRoleArn: "arn:aws:iam::123456789012:role/pulls",
  };
  const old = { ...names, containerProperties: { ...container, ...own, jobRoleArn: role } };
  const task = { ...own, taskRoleArn: role, containers: [{ ...container, name: "main" }] };
  const ecs = { ...names, ecsProperties: { taskProperties: [task] } };

  test("of image, size, roles, log and disk", () => {
    const { detail: _, container: inOld, ...rest } = readDefinition(old);
    const { detail: __, container: inEcs, ...same } = readDefinition(ecs);
    expect(same).toEqual(rest);
    expect(rest).toMatchObject({ image: "lab/base", vcpus: 4, memoryMib: 8_192, roleArn: role });
    expect(inEcs).toEqual({ ...inOld, form: { kind: "ecsProperties", container: "main" } });
    expect(inOld).toMatchObject({ diskGib: 100, logConfiguration: log });
  });

  test("and get another image each in their own way", () => {
    expect(withImage(old, "x")).toEqual({ containerProperties: { ...old.containerProperties, image: "x" } });
    expect(withImage(ecs, "x")).toEqual({
      ecsProperties: { taskProperties: [{ ...task, containers: [{ ...task.containers[0], image: "x" }] }] },
    });
  });

  test.each([
    ["pods", { ...names, eksProperties: {} }, "eks"],
    [
      "several nodes",
      { ...names, nodeProperties: { numNodes: 2, mainNode: 0, nodeRangeProperties: [] } },
      "several",
    ],
    [
      "several containers",
      { ...names, ecsProperties: { taskProperties: [{ containers: [container, container] }] } },
      "several",
    ],
    ["several tasks", { ...names, ecsProperties: { taskProperties: [task, task] } }, "several"],
  ])("%s are another thing", (_, detail, kind) => {
    expect(readDefinition(detail).container.form).toEqual({ kind });
    expect(withImage(detail, "x")).toBeUndefined();
  });
});

test("a job of ecsProperties is read from its task, and the empty container beside it is passed over", async () => {
  const shown = { image: "lab/base", command: ["sh"], environment: [{ name: "A", value: "1" }] };
  const seen = {
    ...shown,
    resourceRequirements: requirements,
    logStreamName: "two",
    exitCode: 137,
    reason: "why",
  };
  const jobs = [
    {
      ...{ jobId: "1", jobName: "j", jobQueue: "q", jobDefinition: "d", status: "FAILED", startedAt: 1 },
      container: {},
      ecsProperties: { taskProperties: [{ taskRoleArn: role, containers: [{ ...seen }] }] },
      attempts: [
        { container: {}, taskProperties: [{ containers: [{ exitCode: 1, logStreamName: "one" }] }] },
        {
          container: {},
          taskProperties: [{ containers: [{ exitCode: 137, reason: "why", logStreamName: "two" }] }],
        },
      ],
    },
  ];
  const batch = { send: async () => ({ jobs }) } as unknown as BatchClient;
  expect(await describeJob(batch, "1" as JobId, signal)).toMatchObject({
    ...{ exitCode: 137, reason: "why", logStreams: ["one", "two"] },
    environment: new Map([["A", "1"]]),
    origin: { command: ["sh"] },
    container: { image: "lab/base", vcpus: 4, memoryMib: 8_192, roleArn: role },
    attempts: [{ exitCode: 1 }, { exitCode: 137, reason: "why" }],
  });
});

describe("where a job's log is", () => {
  const jobArn = "arn:aws:batch:eu-west-1:123456789012:job/id";
  const describeWith = async (container: object) => {
    const attempts = [{ container: { taskArn: "arn:aws:ecs:eu-west-1:1:task/cluster/first" } }];
    const send = async () => ({ jobs: [{ jobId: "id", jobArn, status: "RUNNING", attempts, container }] });
    const job = await describeJob({ send } as unknown as BatchClient, toJobId("id"), signal);
    return { log: job?.log, logStreams: job?.logStreams };
  };

  test.each<[string, object | undefined, object]>([
    ["Batch's own group", undefined, { kind: "group", group: "/aws/batch/job", prefix: undefined }],
    [
      "another group",
      { logDriver: "awslogs", options: { "awslogs-group": "/lab", "awslogs-region": "eu-west-1" } },
      { kind: "group", group: "/lab", prefix: undefined },
    ],
    [
      "another region",
      { logDriver: "awslogs", options: { "awslogs-group": "/lab", "awslogs-region": "us-east-1" } },
      { kind: "elsewhere", where: "the log group /lab in the region us-east-1" },
    ],
    ["another driver", { logDriver: "splunk" }, { kind: "elsewhere", where: "the log driver splunk" }],
  ])("%s", async (_, logConfiguration, log) => {
    const described = await describeWith({
      logConfiguration,
      logStreamName: "nextstrain-job/default/second",
    });
    expect(described).toEqual({ log, logStreams: ["nextstrain-job/default/second"] });
  });

  test("streams that Batch doesn't name are those of the prefix", async () => {
    const options = { "awslogs-group": "/lab", "awslogs-stream-prefix": "builds" };
    const { logStreams } = await describeWith({
      logConfiguration: { logDriver: "awslogs", options },
      taskArn: "arn:aws:ecs:eu-west-1:1:task/cluster/second",
    });
    expect(logStreams).toEqual(["builds/default/first", "builds/default/second"]);
  });
});
