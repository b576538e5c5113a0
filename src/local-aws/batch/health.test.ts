import { expect, test } from "vitest";
import { environmentHealth } from "./health.ts";
import {
  call,
  fakeExecutor,
  jobWhen,
  memoryLogs,
  openTestBatch,
  temporaryDirectory,
} from "./testing/fakes.ts";
import type { ComputeEnvironment } from "./types.ts";

const key = { accessKeyId: "A", secretAccessKey: "S" };
const roleCredentials = (role: string) => (role === "batch" ? key : undefined);
const withRole = (serviceRole: string | undefined) =>
  environmentHealth({ serviceRole } as ComputeEnvironment, { roleCredentials }).status;

test.each([
  ["no role of its own", undefined, "VALID"],
  ["a role that is there", "arn:aws:iam::123456789012:role/path/batch", "VALID"],
  ["a role that is not there", "arn:aws:iam::123456789012:role/gone", "INVALID"],
  [
    "AWS's own role",
    "arn:aws:iam::1:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch",
    "VALID",
  ],
])("an environment with %s", (_, role, status) => expect(withRole(role)).toBe(status));

test("nothing starts in an INVALID environment", async () => {
  await using directory = await temporaryDirectory();
  const executor = fakeExecutor();
  const options = { executor, logs: memoryLogs(), now: () => 1_800_000_000_000, roleCredentials };
  const batch = await openTestBatch(directory.path, options);
  const describe = async () => (await call(batch, "DescribeComputeEnvironments")).computeEnvironments[0];
  const computeEnvironment = (await describe()).computeEnvironmentName;
  const setRole = (role: string) =>
    call(batch, "UpdateComputeEnvironment", {
      computeEnvironment,
      serviceRole: `arn:aws:iam::1:role/${role}`,
    });
  await setRole("gone");
  expect(await describe()).toMatchObject({
    status: "INVALID",
    statusReason: expect.stringContaining("gone"),
  });
  const { jobId } = await call(batch, "SubmitJob", {
    jobName: "waits",
    jobQueue: "nextstrain-job-queue",
    jobDefinition: "nextstrain-job",
  });
  expect((await call(batch, "DescribeJobs", { jobs: [jobId] })).jobs[0].status).toBe("RUNNABLE");
  await setRole("batch");
  await jobWhen(batch, jobId, (job) => job.status === "RUNNING");
  await batch.close();
});
