// Local AWS on a small disk of its own: a file system in memory, which only its own processes see.
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import {
  BatchClient,
  DescribeJobDefinitionsCommand,
  DescribeJobsCommand,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
  TerminateJobCommand,
} from "@aws-sdk/client-batch";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateUserCommand, IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clientEnvironment } from "../support/local-aws.ts";
import { cleanEnvironment, program } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";

const mount = 'mount -t tmpfs -o size="$0" tmpfs "$HOME"';
const canMount =
  spawnSync("unshare", ["--mount", "sh", "-c", mount, "1m"], { env: { ...process.env, HOME: "/mnt" } })
    .status === 0;
const run = promisify(execFile);

/** Starts local AWS where its home is a disk of so many bytes. */
async function startOnDisk(size: string) {
  const home = await tempDir();
  const env = cleanEnvironment(home.path);
  const script = `${mount} && node "$1" local-aws start >&2 && node "$1" local-aws env`;
  const inside = { env: { ...env, NODE: process.execPath }, timeout: 60_000 };
  const { stdout, stderr } = await run(
    "unshare",
    ["--mount", "sh", "-c", script.replaceAll("node ", '"$NODE" '), size, program],
    inside,
  );
  const pid = /process (\d+)/.exec(stderr)?.[1] ?? "";
  /** A command in its place, to see its files. */
  const enter = (...command: string[]) => run("nsenter", ["--mount", "--target", pid, ...command], inside);
  const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = clientEnvironment(stdout);
  return {
    enter,
    isRunning: async () =>
      JSON.parse((await enter(process.execPath, program, "local-aws", "status", "--json")).stdout).pid ===
      Number(pid),
    configuration: {
      endpoint: AWS_ENDPOINT_URL ?? "",
      region: "us-east-1",
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID ?? "", secretAccessKey: AWS_SECRET_ACCESS_KEY ?? "" },
    },
    async [Symbol.asyncDispose]() {
      await enter(process.execPath, program, "local-aws", "stop");
      await home[Symbol.asyncDispose]();
    },
  };
}

const refused = {
  name: "NoSpaceLeft",
  message: expect.stringMatching(/no space left/),
  $metadata: { attempts: 1 },
};

test.skipIf(!canMount)(
  "a full disk is said once, and passes (needs root)",
  { timeout: 120_000 },
  async () => {
    await using local = await startOnDisk("16m");
    const s3 = new S3Client({ ...local.configuration, forcePathStyle: true });
    const batch = new BatchClient(local.configuration);
    const logs = new CloudWatchLogsClient(local.configuration);
    const iam = new IAMClient(local.configuration);
    const bucket = { Bucket: "nextstrain-jobs" };
    const group = { logGroupName: "group", logStreamName: "stream" };
    await logs.send(new CreateLogGroupCommand(group));
    await logs.send(new CreateLogStreamCommand(group));
    const described = async (jobId: string) =>
      (await batch.send(new DescribeJobsCommand({ jobs: [jobId] }))).jobs?.[0];

    // Jobs that write all the time.
    const command = ["sh", "-c", 'trap "exit 1" TERM; while sleep 0.02; do echo line; done'];
    const resourceRequirements = [
      { type: "VCPU" as const, value: "1" },
      { type: "MEMORY" as const, value: "100" },
    ];
    const containerOverrides = { command, resourceRequirements };
    const job = { jobQueue: "nextstrain-job-queue", jobDefinition: "nextstrain-job", containerOverrides };
    const submit = async (jobName: string) =>
      (await batch.send(new SubmitJobCommand({ ...job, jobName }))).jobId ?? "";
    const [jobId, ending] = [await submit("goes-on"), await submit("ends")];
    // Running is not enough: what a job's process needs on the disk to begin with, it has when it has written a line.
    const firstLine = async (id: string) => {
      const logStreamName = (await described(id))?.container?.logStreamName;
      if (!logStreamName) return undefined;
      const page = new GetLogEventsCommand({ logGroupName: "/aws/batch/job", logStreamName, limit: 1 });
      return (await logs.send(page)).events?.[0]?.message;
    };
    for (const id of [jobId, ending]) {
      await expect.poll(() => firstLine(id), { timeout: 60_000 }).toBe("line");
    }

    const put = (Key: string, bytes: number) =>
      s3.send(new PutObjectCommand({ ...bucket, Key, Body: Buffer.alloc(bytes) }));
    await put("kept", 1_000_000);
    await expect(put("large", 32_000_000)).rejects.toMatchObject(refused);
    // To the last byte, and the log of local AWS to the end of its page.
    const fill = 'for file in fill .nextstrain/local-aws/daemon.log; do cat /dev/zero >> "$HOME/$file"; done';
    await local.enter("sh", "-c", `(${fill}) 2>/dev/null || true`);

    const definition = { jobDefinitionName: "other", type: "container" as const };
    const register = () =>
      batch.send(
        new RegisterJobDefinitionCommand({
          ...definition,
          containerProperties: { image: "image", vcpus: 1, memory: 100 },
        }),
      );
    const event = { timestamp: Date.now(), message: "x".repeat(10_000) };
    const changes = {
      object: () => put("small", 10_000),
      definition: register,
      job: () => submit("new"),
      group: () => logs.send(new CreateLogGroupCommand({ logGroupName: "other" })),
      stream: () => logs.send(new CreateLogStreamCommand({ ...group, logStreamName: "other" })),
      events: () => logs.send(new PutLogEventsCommand({ ...group, logEvents: [event] })),
      user: () => iam.send(new CreateUserCommand({ UserName: "someone" })),
    };
    for (const [what, change] of Object.entries(changes)) {
      await expect(change(), what).rejects.toMatchObject(refused);
    }
    // That this job has ended cannot be written down, not even into the log of local AWS.
    await batch.send(new TerminateJobCommand({ jobId: ending, reason: "seen enough" }));
    await expect.poll(async () => (await described(ending))?.status, { timeout: 60_000 }).toBe("FAILED");
    // What was refused has not happened.
    expect((await iam.send(new ListUsersCommand({}))).Users).toEqual([]);
    const definitions = new DescribeJobDefinitionsCommand({ jobDefinitionName: "other" });
    expect((await batch.send(definitions)).jobDefinitions).toEqual([]);
    const groups = new DescribeLogGroupsCommand({ logGroupNamePrefix: "other" });
    expect((await logs.send(groups)).logGroups).toEqual([]);
    // What can be read, can be read, and the job runs.
    const kept = await s3.send(new GetObjectCommand({ ...bucket, Key: "kept" }));
    expect((await kept.Body?.transformToByteArray())?.length).toBe(1_000_000);
    expect(await described(jobId)).toMatchObject({ status: "RUNNING" });
    expect(await local.isRunning()).toBe(true);

    await s3.send(new DeleteObjectCommand({ ...bucket, Key: "kept" }));
    for (const [what, change] of Object.entries(changes)) {
      await expect(change(), what).resolves.toBeDefined();
    }
    expect(await described(jobId)).toMatchObject({ status: "RUNNING" });
  },
);
