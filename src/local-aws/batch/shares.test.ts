import { describe, expect, test } from "vitest";
import { batchForEachTest } from "./testing/bench.ts";
import { call, openTestBatch, refusal, temporaryDirectory } from "./testing/fakes.ts";

const bench = batchForEachTest();
const { submit, describeJob, running } = bench;

/** A queue with a policy of these shares, and a definition with a priority or without one. */
async function makeQueue({ shares = [], priority }: { shares?: object[]; priority?: number } = {}) {
  const { arn } = await call(bench.batch, "CreateSchedulingPolicy", {
    name: "lab",
    fairsharePolicy: { shareDistribution: shares },
  });
  await call(bench.batch, "CreateJobQueue", {
    jobQueueName: "shared",
    priority: 1,
    computeEnvironmentOrder: [{ order: 1, computeEnvironment: "nextstrain-compute-environment" }],
    schedulingPolicyArn: arn,
  });
  await call(bench.batch, "RegisterJobDefinition", {
    jobDefinitionName: "ours",
    type: "container",
    containerProperties: { image: "busybox", vcpus: 1, memory: 64, command: ["true"] },
    ...(priority === undefined ? {} : { schedulingPriority: priority }),
  });
  return arn as string;
}

const job = (input: object) => ({ jobName: "j", jobQueue: "shared", jobDefinition: "ours", ...input });

describe("submissions", () => {
  test.each([
    [{}, "400 ClientException: shareIdentifier must be specified."],
    [
      { shareIdentifier: "zika" },
      "400 ClientException: Either schedulingPriority in job definition or schedulingPriorityOverride should be specified.",
    ],
    [
      { shareIdentifier: "a b", schedulingPriorityOverride: 1 },
      "400 ClientException: shareIdentifier is limited to 255 alphanumeric characters: a b",
    ],
    [
      { shareIdentifier: "zika", schedulingPriorityOverride: 10_000 },
      "400 ClientException: schedulingPriorityOverride must be between 0 and 9999.",
    ],
    [{ shareIdentifier: "zika", schedulingPriorityOverride: 0 }, "accepted"],
  ])("to a queue with a policy: %j", async (input, answer) => {
    await makeQueue();
    expect(await refusal(bench.batch, "SubmitJob", job(input))).toBe(answer);
  });

  test.each([
    [{ shareIdentifier: "zika" }, /^400 ClientException: shareIdentifier /],
    [{ schedulingPriorityOverride: 1 }, /^400 ClientException: schedulingPriorityOverride /],
  ])("to a queue without: %j is refused", async (input, answer) => {
    const given = {
      jobName: "j",
      jobQueue: "nextstrain-job-queue",
      jobDefinition: "nextstrain-job",
      ...input,
    };
    expect(await refusal(bench.batch, "SubmitJob", given)).toMatch(answer);
  });

  test("are shown with their share, and with the definition's priority where they have none of their own", async () => {
    await makeQueue({ priority: 7 });
    expect(await describeJob(await submit(job({ shareIdentifier: "zika" })))).toMatchObject({
      shareIdentifier: "zika",
      schedulingPriority: 7,
    });
  });
});

test("shares take turns by what they use and their weight, jobs of a share by their priority", async () => {
  await makeQueue({ shares: [{ shareIdentifier: "zika*", weightFactor: 0.25 }], priority: 0 });
  const submitTo = (shareIdentifier: string, more: object = {}) => submit(job({ shareIdentifier, ...more }));
  // These take the whole computer, the others wait for it.
  for (const share of ["ebola", "ebola", "zika1", "zika1"]) await running(await submitTo(share));
  const low = await submitTo("ebola");
  const high = await submitTo("ebola", { schedulingPriorityOverride: 9 });
  const zika = await submitTo("zika1");
  for (const [index, next] of [zika, high, low].entries()) {
    bench.executor.containers[index]?.end({ exitCode: 0 });
    await running(next);
  }
});

describe("scheduling policies", () => {
  test("describe and list themselves, change, and go once no queue has them", async () => {
    const arn = await makeQueue();
    expect(arn).toBe("arn:aws:batch:us-east-1:123456789012:scheduling-policy/lab");
    const fairsharePolicy = { shareDecaySeconds: 3600, shareDistribution: [{ shareIdentifier: "zika" }] };
    await call(bench.batch, "UpdateSchedulingPolicy", { arn, fairsharePolicy });
    const described = await call(bench.batch, "DescribeSchedulingPolicies", { arns: [arn, `${arn}2`] });
    expect(described).toEqual({ schedulingPolicies: [{ name: "lab", arn, fairsharePolicy, tags: {} }] });
    expect(await call(bench.batch, "ListSchedulingPolicies")).toEqual({ schedulingPolicies: [{ arn }] });
    expect(await refusal(bench.batch, "DeleteSchedulingPolicy", { arn })).toMatch(/existing JobQueue/);
    await call(bench.batch, "UpdateJobQueue", { jobQueue: "shared", state: "DISABLED" });
    await call(bench.batch, "DeleteJobQueue", { jobQueue: "shared" });
    await call(bench.batch, "DeleteSchedulingPolicy", { arn });
    expect(await call(bench.batch, "ListSchedulingPolicies")).toEqual({ schedulingPolicies: [] });
  });

  test("outlive a restart, with the queue that has them", async () => {
    const arn = await makeQueue();
    await bench.batch.close();
    bench.batch = await bench.open();
    expect(await call(bench.batch, "ListSchedulingPolicies")).toEqual({ schedulingPolicies: [{ arn }] });
    const { jobQueues } = await call(bench.batch, "DescribeJobQueues", { jobQueues: ["shared"] });
    expect(jobQueues).toMatchObject([{ schedulingPolicyArn: arn }]);
  });

  test("can be replaced in a queue, and not added to one", async () => {
    const schedulingPolicyArn = await makeQueue();
    await call(bench.batch, "UpdateJobQueue", { jobQueue: "shared", schedulingPolicyArn });
    const other = { jobQueue: "nextstrain-job-queue", schedulingPolicyArn };
    expect(await refusal(bench.batch, "UpdateJobQueue", other)).toMatch(/^400 ClientException/);
  });

  test.each([
    [{ shareDecaySeconds: 604_801 }, /shareDecaySeconds/],
    [{ computeReservation: 100 }, /computeReservation/],
    [{ shareDistribution: [{ shareIdentifier: "a", weightFactor: 0 }] }, /weightFactor/],
    [{ shareDistribution: [{ shareIdentifier: "a-b" }] }, /alphanumeric/],
    [{ shareDistribution: [{ shareIdentifier: "a*" }, { shareIdentifier: "ab" }] }, /overlap: ab/],
  ])("are refused with %j", async (fairsharePolicy, message) => {
    expect(await refusal(bench.batch, "CreateSchedulingPolicy", { name: "x", fairsharePolicy })).toMatch(
      message,
    );
  });
});

test("the default queue of an account with fair shares has a policy", async () => {
  await using temporary = await temporaryDirectory();
  const batch = await openTestBatch(temporary.path, { account: ["fair-share"] });
  const { jobQueues } = await call(batch, "DescribeJobQueues");
  expect(jobQueues[0].schedulingPolicyArn).toMatch(/:scheduling-policy\/nextstrain-shares$/);
  await batch.close();
});

test("ListJobs lists the jobs of a share, of one status where that is given, too", async () => {
  await makeQueue({ priority: 1 });
  const zika = await submit(job({ shareIdentifier: "zika" }));
  await running(zika);
  await submit(job({ shareIdentifier: "flu" }));
  const list = async (jobStatus: string) => {
    const filters = [{ name: "SHARE_IDENTIFIER", values: ["zika"] }];
    const { jobSummaryList } = await call(bench.batch, "ListJobs", {
      ...{ jobQueue: "shared", filters, jobStatus },
    });
    return jobSummaryList.map(({ jobId }: { jobId: string }) => jobId);
  };
  expect(await list("RUNNING")).toEqual([zika]);
  expect(await list("FAILED")).toEqual([]);
});
