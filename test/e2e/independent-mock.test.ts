import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as batch from "@aws-sdk/client-batch";
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/checks/finding.ts";
import { have } from "../support/have.ts";
import { startMoto } from "../support/moto.ts";
import { cleanEnvironment, runTool } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";

describe.skipIf(!have("moto_server"))("against an independent mock of AWS (needs moto_server)", () => {
  test("a build is shipped, submitted and watched, and its variables do not stay in the bucket", async () => {
    await using moto = await startMoto();
    await using place = await tempDir();
    const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
    await prepareAccount(moto.endpoint);
    const directory = join(place.path, "build");
    await mkdir(directory);
    await writeFile(join(directory, "Snakefile"), "");

    const env = { ...cleanEnvironment(place.path), ...keys, AWS_ENDPOINT_URL: moto.endpoint };
    const result = await runTool(["build", "--aws-batch", directory], { env });
    expect(result.stdout).toMatch(/^AWS Batch Job ID: [0-9a-f-]{36}$/m);
    // The mock has no container engine here: its jobs end before they start, or, with one, without the image.
    expect(result.stdout).toMatch(/^Job FAILED/m);
    expect(result.exitStatus).toBe(1);

    using s3 = clientOf(S3Client, moto.endpoint);
    const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: "nextstrain-jobs" }));
    const run = /^Nextstrain Run ID: (\S+)$/m.exec(result.stdout)?.[1];
    expect(Contents.map(({ Key }) => Key).sort()).toEqual([`${run}.json.gz`, `${run}.zip`]);
  });

  test("check-setup finds the set-up, what is missing of it, and leaves nothing behind", async () => {
    await using moto = await startMoto();
    await using place = await tempDir();
    const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
    await prepareAccount(moto.endpoint);
    const env = { ...cleanEnvironment(place.path), ...keys, AWS_ENDPOINT_URL: moto.endpoint };
    const check = async (...args: string[]) => {
      const result = await runTool(["check-setup", "aws-batch", "--json", ...args], { env });
      expect(result.stderr).toBe("");
      const { runtimes } = JSON.parse(result.stdout) as {
        runtimes: readonly { findings: readonly Finding[] }[];
      };
      const findings = runtimes[0]?.findings ?? [];
      const idsOf = (mark: Finding["mark"]) =>
        findings.filter((one) => one.mark === mark).map(({ id }) => id);
      return {
        exitStatus: result.exitStatus,
        ok: idsOf("ok"),
        wrong: idsOf("wrong"),
        cautions: idsOf("caution"),
      };
    };

    const first = await check();
    expect(first.wrong).toEqual([]);
    expect(first.ok).toEqual(
      expect.arrayContaining(["credentials.identity", "bucket.exists", "queue.state", "definition.exists"]),
    );
    expect(first.cautions).toEqual(
      expect.arrayContaining(["bucket.private", "bucket.expiry", "definition.role", "definition.timeout"]),
    );
    expect(first.exitStatus).toBe(0);

    expect((await check("--aws-batch-queue", "none")).wrong).toEqual(["queue"]);
    expect((await check("--aws-batch-job", "none")).wrong).toEqual(["definition"]);
    expect((await check("--aws-batch-s3-bucket", "no-such-bucket")).wrong).toEqual(["bucket"]);

    using s3 = clientOf(S3Client, moto.endpoint);
    await s3.client.send(
      new PutBucketVersioningCommand({
        Bucket: "nextstrain-jobs",
        VersioningConfiguration: { Status: "Enabled" },
      }),
    );
    const versioned = await check();
    expect(versioned.cautions).toContain("bucket.versions");
    expect(versioned.wrong).toEqual([]);
    const { Contents } = await s3.client.send(new ListObjectsV2Command({ Bucket: "nextstrain-jobs" }));
    expect(Contents).toBeUndefined();
  });

  test.each([
    [
      "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
      /never started: its queue nextstrain-job-queue is set to end jobs that can't\. AWS has none of the computers free/,
      /Build again later; or give AWS more types/,
    ],
    ["Too expensive", /reason that is given as “Too expensive”/, /build again/],
  ])("a job that ended so is told of by --attach: %s", async (reason, why, next) => {
    await using moto = await startMoto();
    await using place = await tempDir();
    await prepareAccount(moto.endpoint);
    const jobId = await endedJob(moto.endpoint, reason);
    const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
    const env = { ...cleanEnvironment(place.path), ...keys, AWS_ENDPOINT_URL: moto.endpoint };
    const result = await runTool(["build", "--aws-batch", "--attach", jobId, "--no-download"], { env });
    expect(result.exitStatus).toBe(1);
    const [first = "", second = ""] = result.stderr.trimEnd().split("\n").slice(-2);
    expect(first).toMatch(/^Why the job failed: /);
    expect(first).toMatch(why);
    expect(second).toMatch(/^What to do: /);
    expect(second).toMatch(next);
  });
});

function clientOf<Client extends { destroy(): void }>(
  Type: new (configuration: object) => Client,
  endpoint: string,
): Disposable & { readonly client: Client } {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new Type({ endpoint, region: "us-east-1", credentials, forcePathStyle: true });
  return { client, [Symbol.dispose]: () => client.destroy() };
}

/** The set-up that the users' guide describes, as far as the mock knows it. */
async function prepareAccount(endpoint: string): Promise<void> {
  using s3 = clientOf(S3Client, endpoint);
  await s3.client.send(new CreateBucketCommand({ Bucket: "nextstrain-jobs" }));
  using account = clientOf(batch.BatchClient, endpoint);
  const { computeEnvironmentArn } = await account.client.send(
    new batch.CreateComputeEnvironmentCommand({
      computeEnvironmentName: "environment",
      type: "UNMANAGED",
      serviceRole: await createRole(endpoint),
    }),
  );
  await account.client.send(
    new batch.CreateJobQueueCommand({
      jobQueueName: "nextstrain-job-queue",
      state: "ENABLED",
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: computeEnvironmentArn }],
    }),
  );
  await account.client.send(
    new batch.RegisterJobDefinitionCommand({
      jobDefinitionName: "nextstrain-job",
      type: "container",
      containerProperties: { image: "nextstrain/base:latest", vcpus: 1, memory: 1000, command: [] },
    }),
  );
}

/** A job of this program's that was ended for a reason: without a container engine it fails, with one it is stopped. */
async function endedJob(endpoint: string, reason: string): Promise<string> {
  using account = clientOf(batch.BatchClient, endpoint);
  const { jobId = "" } = await account.client.send(
    new batch.SubmitJobCommand({
      jobName: "run",
      jobQueue: "nextstrain-job-queue",
      jobDefinition: "nextstrain-job",
      containerOverrides: {
        environment: [{ name: "NEXTSTRAIN_AWS_BATCH_WORKDIR_URL", value: "s3://nextstrain-jobs/run.zip" }],
      },
    }),
  );
  await account.client.send(new batch.TerminateJobCommand({ jobId, reason }));
  return jobId;
}

/** The mock demands a service role; there is no client for IAM among the dependencies. */
async function createRole(endpoint: string): Promise<string> {
  const body = new URLSearchParams({
    Action: "CreateRole",
    Version: "2010-05-08",
    RoleName: "service",
    AssumeRolePolicyDocument: "{}",
  });
  const authorization =
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none";
  const answer = await fetch(endpoint, { method: "POST", body, headers: { authorization } });
  const arn = /<Arn>([^<]+)<\/Arn>/.exec(await answer.text())?.[1];
  if (arn === undefined) throw new Error("the mock made no role");
  return arn;
}
