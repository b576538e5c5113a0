import { readdir, readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as batch from "@aws-sdk/client-batch";
import { DeleteRetentionPolicyCommand } from "@aws-sdk/client-cloudwatch-logs";
import { describe, expect, test } from "vitest";
import { GROUP, openAccount, QUEUE } from "../support/account.ts";
import { buildIn, checkSetup } from "../support/checked.ts";
import { fakeEngine } from "../support/fake-program.ts";
import { cleanEnvironment, runTool } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";

describe("under the three policies of the users' guide", () => {
  test("check-setup names the permissions for what it can't see, and builds go on as ever", async () => {
    await using account = await openAccount();
    const directory = fileURLToPath(new URL("../fixtures/policies", import.meta.url));
    const files = await readdir(directory);
    const policies = await Promise.all(
      files.map(async (file) => JSON.parse(await readFile(join(directory, file), "utf8")) as object),
    );
    const keys = await account.user(...policies);
    const checked = await checkSetup(account, { env: keys });
    const missing = checked.findings.filter(({ mark }) => mark !== "ok");
    expect(missing.map(({ mark }) => mark)).toEqual(missing.map(() => "unknown"));
    const said = missing.map(({ says }) => says).join("\n");
    for (const permission of [
      ...["s3:GetBucketPublicAccessBlock", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration"],
      ...["s3:GetBucketVersioning", "batch:DescribeComputeEnvironments", "logs:DescribeLogGroups"],
      ...["iam:GetRole", "iam:SimulatePrincipalPolicy"],
    ]) {
      expect(said).toContain(permission);
    }
    const allowed = checked.findings.find(({ id }) => id === "permissions")?.says;
    expect(allowed).toMatch(
      /s3:PutObject, s3:GetObject, s3:DeleteObject, batch:DescribeJobs and logs:GetLogEvents/,
    );
    expect(checked.exitStatus).toBe(0);

    const built = await buildIn(account, [], keys);
    expect(built.stderr).toBe("");
    expect(built.exitStatus).toBe(0);
  });
});
describe("check-setup", () => {
  test("shows signs, next steps, and a line that sums up", async () => {
    await using account = await openAccount();
    await account.batch.send(new batch.UpdateJobQueueCommand({ jobQueue: QUEUE, state: "DISABLED" }));
    await account.logs.send(new DeleteRetentionPolicyCommand({ logGroupName: GROUP }));
    const { stdout, stderr, exitStatus } = await account.run(["check-setup", "aws-batch"]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^aws-batch:\n {2}✔ AWS knows you as /);
    expect(stdout).toContain(
      [
        '  ✘ The job queue "nextstrain-job-queue" (from the default) is disabled: it',
        "    takes no jobs.",
        "      Enable it:",
        "        aws --region us-east-1 batch update-job-queue --job-queue nextstrain-job-queue --state ENABLED",
      ].join("\n"),
    );
    expect(stdout).toMatch(/^ {2}⚑ The logs of jobs are kept for ever/m);
    expect(stdout).toMatch(/\naws-batch doesn't work: 1 ✘, 1 ⚑\n$/);
    expect(exitStatus).toBe(1);
  });

  test("--set-default makes the first runtime that works the default, and only such a one", async () => {
    await using account = await openAccount();
    const broken = await account.run([
      "check-setup",
      "aws-batch",
      "--set-default",
      "--aws-batch-queue",
      "none",
    ]);
    expect(broken.stdout).toMatch(/None of them works: the default stays as it is\.\n$/);
    expect(broken.exitStatus).toBe(1);
    const config = join(account.local.env.NEXTSTRAIN_HOME ?? "", "config");
    await expect(readFile(config, "utf8")).rejects.toThrow("ENOENT");
    const result = await account.run(["check-setup", "aws-batch", "--set-default"]);
    expect(result.stdout).toContain(`Builds run with aws-batch from now on (core.runner in ${config}).`);
    expect(await readFile(config, "utf8")).toBe("[core]\nrunner = aws-batch\n");
    expect(result.exitStatus).toBe(0);
  });

  test("where none is named, --set-default prefers what costs nothing", async () => {
    await using account = await openAccount();
    const bin = join(account.local.scratch, "bin");
    await fakeEngine(bin, "docker");
    const { stdout } = await account.run(["check-setup", "--set-default", "--json"], {
      ...account.keys,
      PATH: [bin, dirname(process.execPath)].join(delimiter),
    });
    const { runtimes, defaultSet } = JSON.parse(stdout);
    expect(runtimes.map(({ name }: { name: string }) => name)).toEqual([
      ...["docker", "conda", "singularity", "ambient", "aws-batch"],
    ]);
    expect(runtimes.at(-1).works).toBe(true);
    expect(defaultSet).toBe("docker");
  });

  test("local AWS is checked for what matters there, without keys or an account", async () => {
    await using account = await openAccount();
    const args = ["check-setup", "aws-batch", "--local-aws"];
    const well = await account.run(args, {});
    expect(well.stdout).not.toMatch(/[✘⚑?]/);
    expect(well.stdout).toMatch(/\naws-batch works\n$/);
    const missing = await account.run([...args, "--aws-batch-queue", "none"], {});
    expect(missing.stdout).toContain('(eval "$(nextstrain local-aws env)"; aws batch describe-job-queues');
    expect(missing.stdout).not.toContain("setup aws-batch");
    expect(missing.exitStatus).toBe(1);
  });

  test.each([
    ["an unknown runtime", ["podman"], /There is no runtime "podman"\.\n.*docker/],
    [
      "a bucket's name that can be none",
      ["--aws-batch-s3-bucket", "My Bucket"],
      /not the name of an S3 bucket/,
    ],
  ])("%s is a mistake in the command", async (_, args, message) => {
    await using temporary = await tempDir();
    const result = await runTool(["check-setup", ...args], { env: cleanEnvironment(temporary.path) });
    expect(result.stderr).toMatch(message);
    expect(result.exitStatus).toBe(2);
  });
});
