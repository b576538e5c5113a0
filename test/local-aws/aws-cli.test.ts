import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findAwsVersion2, runClient } from "../support/client.ts";
import { have } from "../support/have.ts";
import { startLocalAws, type TestLocalAws } from "../support/local-aws.ts";

const version2 = findAwsVersion2();

let local: TestLocalAws;

async function aws(...args: string[]): Promise<string> {
  const options = { env: local.clientEnv, cwd: local.scratch };
  const result = await runClient("aws", ["--endpoint-url", local.endpoint, ...args], options);
  expect(result, `aws ${args.join(" ")}`).toMatchObject({ exitStatus: 0 });
  return result.stdout;
}

const awsFails = (...args: string[]) =>
  runClient("aws", ["--endpoint-url", local.endpoint, ...args], {
    env: local.clientEnv,
    cwd: local.scratch,
  });

describe.skipIf(!have("aws"))("local AWS, judged by the aws command (needs aws)", () => {
  beforeAll(async () => {
    local = await startLocalAws();
  });

  afterAll(async () => {
    await local[Symbol.asyncDispose]();
  });

  test("sts get-caller-identity says who we are", async () => {
    const arn = await aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text");
    expect(arn.trim()).toBe("arn:aws:iam::123456789012:user/local");
  });

  test("s3 cp brings 64 MiB up and down, byte for byte", async () => {
    const content = randomBytes(64 * 1024 * 1024);
    await writeFile(join(local.scratch, "large"), content);
    await aws("s3", "cp", "--quiet", "large", "s3://nextstrain-jobs/large");
    await aws("s3", "cp", "--quiet", "s3://nextstrain-jobs/large", "large-again");
    expect(content.equals(await readFile(join(local.scratch, "large-again")))).toBe(true);
  });

  test("s3 sync copies what is new, then nothing, and deletes what has gone; s3 rm empties", async () => {
    await mkdir(join(local.scratch, "tree/sub dir"), { recursive: true });
    for (const name of ["a.txt", "sub dir/ü&+.txt"]) {
      await writeFile(join(local.scratch, "tree", name), name);
      // S3 tells whole seconds: of a file made in the same one, sync cannot say which is newer.
      await utimes(join(local.scratch, "tree", name), new Date("2026-01-01"), new Date("2026-01-01"));
    }
    expect(await aws("s3", "sync", "tree", "s3://nextstrain-jobs/tree")).toContain("upload:");
    expect(await aws("s3", "sync", "tree", "s3://nextstrain-jobs/tree")).toBe("");
    await aws("s3", "sync", "s3://nextstrain-jobs/tree", "copy");
    expect(await readFile(join(local.scratch, "copy/sub dir/ü&+.txt"), "utf8")).toBe("sub dir/ü&+.txt");
    await mkdir(join(local.scratch, "empty"));
    expect(await aws("s3", "sync", "--delete", "empty", "s3://nextstrain-jobs/tree/sub dir")).toContain(
      "delete:",
    );
    await aws("s3", "rm", "--recursive", "s3://nextstrain-jobs/tree");
    expect((await awsFails("s3", "ls", "s3://nextstrain-jobs/tree/")).stdout).toBe("");
  });

  test("s3 presign gives a link that works without keys, and not when it is changed", async () => {
    await writeFile(join(local.scratch, "shared"), "shared");
    await aws("s3", "cp", "--quiet", "shared", "s3://nextstrain-jobs/shared");
    const link = (await aws("s3", "presign", "s3://nextstrain-jobs/shared")).trim();
    expect(await (await fetch(link)).text()).toBe("shared");
    expect((await fetch(link.replace("/shared?", "/large?"))).status).toBe(403);
  });

  test("s3api uploads in parts with nothing said of checksums, and may complete twice", async () => {
    await writeFile(join(local.scratch, "part"), "x");
    const place = ["--bucket", "nextstrain-jobs", "--key", "parts"];
    const created = JSON.parse(await aws("s3api", "create-multipart-upload", ...place, "--output", "json"));
    const upload = [...place, "--upload-id", created.UploadId, "--output", "json"];
    const { ETag } = JSON.parse(
      await aws("s3api", "upload-part", ...upload, "--part-number", "1", "--body", "part"),
    );
    const parts = JSON.stringify({ Parts: [{ PartNumber: 1, ETag }] });
    const complete = () => aws("s3api", "complete-multipart-upload", ...upload, "--multipart-upload", parts);
    const done = JSON.parse(await complete());
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-1"$/);
    expect(JSON.parse(await complete())).toEqual(done);
  });

  test("a signature by foreign keys is refused", async () => {
    const env = { ...local.clientEnv, AWS_SECRET_ACCESS_KEY: "0".repeat(40) };
    const args = ["--endpoint-url", local.endpoint, "s3", "ls"];
    const result = await runClient("aws", args, { env, cwd: local.scratch });
    expect(result.exitStatus).not.toBe(0);
    expect(result.stderr).toContain("SignatureDoesNotMatch");
    const other = { ...env, AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE" };
    expect((await runClient("aws", args, { env: other, cwd: local.scratch })).stderr).toContain(
      "InvalidAccessKeyId",
    );
  });

  test("an operation that is missing is named", async () => {
    const { stderr, exitStatus } = await awsFails("logs", "describe-queries");
    expect(exitStatus).not.toBe(0);
    expect(stderr).toContain("DescribeQueries");
  });

  test("a batch job runs, its log can be read and filtered, and its end is described", async () => {
    const jobId = await submit("echo hello; echo world; exit 3");
    const job = await ended(jobId);
    expect(job).toMatchObject({ status: "FAILED", container: { exitCode: 3 } });
    const stream = job.container.logStreamName;
    const group = ["--log-group-name", "/aws/batch/job"];
    const query = ["--query", "events[].message", "--output", "json"];
    const got = await aws("logs", "get-log-events", ...group, "--log-stream-name", stream, ...query);
    expect(JSON.parse(got)).toEqual(["hello", "world"]);
    const names = ["--log-stream-names", stream, "--filter-pattern", "hello"];
    expect(JSON.parse(await aws("logs", "filter-log-events", ...group, ...names, ...query))).toEqual([
      "hello",
    ]);
  });

  test("an array's children run, are counted and listed, and what depends on it runs last", async () => {
    const script = "echo child $AWS_BATCH_JOB_ARRAY_INDEX";
    const arrayId = await submit(script, "--array-properties", "size=2");
    const jobId = await submit("echo last", "--depends-on", `jobId=${arrayId}`);
    const last = await ended(jobId);
    expect(last).toMatchObject({ status: "SUCCEEDED", dependsOn: [{ jobId: arrayId }] });
    expect(await ended(arrayId)).toMatchObject({
      ...{ status: "SUCCEEDED", arrayProperties: { size: 2, statusSummary: { SUCCEEDED: 2 } } },
    });
    const text = ["--query", "jobSummaryList[].jobId", "--output", "text"];
    const args = ["batch", "list-jobs", "--array-job-id", arrayId, "--job-status", "SUCCEEDED", ...text];
    expect((await aws(...args)).trim().split("\t")).toEqual([`${arrayId}:0`, `${arrayId}:1`]);
    const { container } = await ended(`${arrayId}:1`);
    const stream = ["--log-group-name", "/aws/batch/job", "--log-stream-name", container.logStreamName];
    const messages = ["--query", "events[].message", "--output", "text"];
    expect((await aws("logs", "get-log-events", ...stream, ...messages)).trim()).toBe("child 1");
  });

  test("a batch job can be terminated", async () => {
    // As process 1 of its container the shell is spared a SIGTERM that it does not wait for.
    const jobId = await submit("trap 'echo told to stop; exit 7' TERM; echo ready; sleep 600 & wait");
    await jobWhen(jobId, ({ status }) => status === "RUNNING");
    await aws("batch", "terminate-job", "--job-id", jobId, "--reason", "enough");
    expect(await ended(jobId)).toMatchObject({ status: "FAILED", statusReason: "enough" });
  });

  test.skipIf(version2 === undefined)(
    "logs tail --follow shows lines as they come (needs aws 2)",
    async () => {
      const [group, stream] = ["--log-group-name=followed", "--log-stream-name=stream"];
      await aws("logs", "create-log-group", group);
      await aws("logs", "create-log-stream", group, stream);
      const put = (message: string) =>
        aws(
          "logs",
          "put-log-events",
          group,
          stream,
          `--log-events=timestamp=${Date.now()},message=${message}`,
        );
      await put("first");
      const args = ["--endpoint-url", local.endpoint, "logs", "tail", "followed", "--follow"];
      const tail = spawn(version2 ?? "", args, {
        env: { ...local.clientEnv, PYTHONUNBUFFERED: "1" },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const closed = once(tail, "close");
      try {
        const seen: string[] = [];
        for await (const line of createInterface({ input: tail.stdout })) {
          seen.push(line.split(" ").at(-1) ?? "");
          if (seen.length === 1) await put("second");
          else break;
        }
        expect(seen).toEqual(["first", "second"]);
      } finally {
        tail.kill("SIGKILL");
        await closed;
      }
    },
  );
});

interface Job {
  readonly status: string;
  readonly statusReason?: string;
  readonly container: { readonly exitCode?: number; readonly logStreamName: string };
}

async function submit(script: string, ...more: readonly string[]): Promise<string> {
  const overrides = JSON.stringify({ command: ["sh", "-c", script] });
  const place = ["--job-queue", "nextstrain-job-queue", "--job-definition", "nextstrain-job"];
  const output = await aws(
    ...["batch", "submit-job", "--job-name", "test", ...place, "--container-overrides", overrides],
    ...more,
  );
  return JSON.parse(output).jobId;
}

/** Asks until the job is as wanted. */
async function jobWhen(jobId: string, wanted: (job: Job) => boolean): Promise<Job> {
  for (;;) {
    const { jobs } = JSON.parse(await aws("batch", "describe-jobs", "--jobs", jobId));
    const job: Job = jobs[0];
    if (wanted(job)) return job;
    // A job that has ended stays as it is: waiting for another state would never end.
    if (hasEnded(job)) throw new Error(`The job ended: ${JSON.stringify(job)}`);
  }
}

const hasEnded = ({ status }: Job) => status === "SUCCEEDED" || status === "FAILED";
const ended = (jobId: string) => jobWhen(jobId, hasEnded);
