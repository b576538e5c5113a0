import { expect, test } from "vitest";
import { retriesFailures } from "../../aws/retry-strategy.ts";
import type { RunId } from "../../runs/types.ts";
import { type JobSpecification, jobRequest } from "./job-request.ts";

const runId = "0b0e3c1e-7a55-4e0e-9a52-0a3c5f1f2e3d" as RunId;
const plain: JobSpecification = {
  runId,
  queue: "queue",
  definition: "definition",
  form: { kind: "containerProperties" },
  scheduling: {},
  workdir: { bucket: "bucket", key: `${runId}.zip` },
  envd: undefined,
  deleteEnvd: true,
  tags: {},
  subdirectory: "",
  command: ["snakemake", "--cores=all"],
  wrapper: undefined,
  cpus: undefined,
  memoryMib: undefined,
  retries: undefined,
};

test("a job without variables or sizes is told its archive and its command, and no more", () => {
  expect(jobRequest(plain)).toEqual({
    jobName: runId,
    jobQueue: "queue",
    jobDefinition: "definition",
    containerOverrides: {
      environment: [{ name: "NEXTSTRAIN_AWS_BATCH_WORKDIR_URL", value: `s3://bucket/${runId}.zip` }],
      command: [
        "/sbin/entrypoint-aws-batch",
        "env",
        "--chdir",
        "/nextstrain/build",
        "--",
        "snakemake",
        "--cores=all",
      ],
    },
  });
});

test("variables, sizes and a subdirectory", () => {
  const request = jobRequest({
    ...plain,
    envd: { bucket: "bucket", key: `${runId}-env.d.zip` },
    subdirectory: "phylogenetic",
    cpus: 8,
    memoryMib: 14336,
  });
  expect(request.containerOverrides?.environment).toEqual([
    { name: "NEXTSTRAIN_AWS_BATCH_WORKDIR_URL", value: `s3://bucket/${runId}.zip` },
    { name: "NEXTSTRAIN_ENVD_URL", value: `s3://bucket/${runId}-env.d.zip` },
    { name: "NEXTSTRAIN_DELETE_ENVD", value: "1" },
  ]);
  expect(request.containerOverrides?.resourceRequirements).toEqual([
    { type: "VCPU", value: "8" },
    { type: "MEMORY", value: "14336" },
  ]);
  expect(request.containerOverrides?.command?.[3]).toBe("/nextstrain/build/phylogenetic");
});

test("a job with several attempts keeps its variables for the next one", () => {
  const request = jobRequest({ ...plain, envd: { bucket: "b", key: "k" }, deleteEnvd: false });
  expect(request.containerOverrides?.environment?.map(({ name }) => name)).not.toContain(
    "NEXTSTRAIN_DELETE_ENVD",
  );
});

test("a definition of ecsProperties takes its overrides by the container's name", () => {
  const { containerOverrides: container } = jobRequest({ ...plain, cpus: 8 });
  const request = jobRequest({ ...plain, cpus: 8, form: { kind: "ecsProperties", container: "main" } });
  expect(request.containerOverrides).toBeUndefined();
  expect(request.ecsPropertiesOverride).toEqual({
    taskProperties: [{ containers: [{ name: "main", ...container }] }],
  });
});

test("tags go to the container's task, too", () => {
  const tags = { project: "zika" };
  expect(jobRequest({ ...plain, tags })).toMatchObject({ tags, propagateTags: true });
});

test("a command that Batch would refuse later is refused at once", () => {
  expect(() => jobRequest({ ...plain, command: ["snakemake", "x".repeat(8192)] })).toThrow(
    /too long for AWS Batch/,
  );
});

test("the script that has a job keep its work runs the entrypoint, where both together are not too long", () => {
  const entrypoint = ["/sbin/entrypoint-aws-batch", "env", "--chdir", "/nextstrain/build", "--"];
  const commandOf = (job: JobSpecification) => jobRequest(job).containerOverrides?.command;
  const wrapper = { script: "script", checkpointSeconds: 600, attempts: 3, retriesFailures: true };
  expect(commandOf({ ...plain, wrapper })).toEqual([
    ...["bash", "-c", expect.stringContaining("gzip -d"), "script", "600", "3", "any"],
    ...entrypoint,
    ...plain.command,
  ]);
  const command = ["snakemake", "a".repeat(5000)];
  const long = { ...wrapper, script: "b".repeat(4000) };
  expect(commandOf({ ...plain, wrapper: long, command })).toEqual([...entrypoint, ...command]);
});

test("with --retries, Batch begins a job again whose computer was taken away, and no other", () => {
  expect(jobRequest(plain).retryStrategy).toBeUndefined();
  const strategy = jobRequest({ ...plain, retries: 2 }).retryStrategy;
  expect(strategy).toMatchObject({ attempts: 3, evaluateOnExit: expect.any(Array) });
  expect(retriesFailures(strategy)).toBe(false);
  expect(retriesFailures({ attempts: 3 })).toBe(true);
  expect(retriesFailures({ attempts: 3, evaluateOnExit: [{ onExitCode: "1*", action: "EXIT" }] })).toBe(
    false,
  );
  expect(retriesFailures({ attempts: 3, evaluateOnExit: [{ onReason: "x*", action: "EXIT" }] })).toBe(true);
});
