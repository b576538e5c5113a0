import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DescribeJobDefinitionsCommand, DescribeJobsCommand } from "@aws-sdk/client-batch";
import { describe, expect, test } from "vitest";
import { type Account, allow, deny, openAccount } from "../support/account.ts";
import { buildIn, checkSetup, troubles } from "../support/checked.ts";

/** The job that a build's output names, as Batch describes it. */
async function jobOf({ batch }: Account, stdout: string) {
  const id = /^AWS Batch Job ID: (\S+)$/m.exec(stdout)?.[1] ?? "";
  const { jobs = [] } = await batch.send(new DescribeJobsCommand({ jobs: [id] }));
  return jobs[0];
}

describe("a queue with fair shares", () => {
  test("wants a share, and says so before anything is sent", async () => {
    await using account = await openAccount("fair-share");
    const result = await buildIn(account, []);
    expect(result.stderr).toMatch(
      /^Error: The job queue "nextstrain-job-queue" has fair shares, and takes only jobs that name theirs\.\n.*--aws-batch-share/,
    );
    expect(result.stdout).not.toContain("Uploading");
    expect([result.exitStatus, ...result.trace]).toEqual([1]);
    const check = await account.run(["check-setup", "aws-batch"]);
    expect(check.stdout).toMatch(/^\s*✘.*has fair shares/m);
    expect(check.exitStatus).toBe(1);
  });

  test("is given the share and the priority that were chosen, the option's before the environment's", async () => {
    await using account = await openAccount("fair-share");
    const env = { ...account.keys, NEXTSTRAIN_AWS_BATCH_SHARE: "ebola", NEXTSTRAIN_AWS_BATCH_PRIORITY: "5" };
    const chosen = await buildIn(account, ["--aws-batch-share", "zika"], env);
    expect(chosen).toMatchObject({ exitStatus: 0, stderr: "" });
    expect(await jobOf(account, chosen.stdout)).toMatchObject({
      shareIdentifier: "zika",
      schedulingPriority: 5,
    });
    const plain = await buildIn(account, ["--aws-batch-share", "zika"]);
    expect(await jobOf(account, plain.stdout)).toMatchObject({ schedulingPriority: 0 });
  });
});

test("a queue without fair shares is not sent any, which is said", async () => {
  await using account = await openAccount();
  const result = await buildIn(account, ["--aws-batch-share", "zika", "--aws-batch-priority", "5"]);
  expect(result.stderr).toMatch(/^Warning: The job queue .* without the share "zika" .* and the priority 5 /);
  expect(result.exitStatus).toBe(0);
  expect((await jobOf(account, result.stdout))?.shareIdentifier).toBeUndefined();
});

describe("an account that demands tags", () => {
  test("refuses a job without them, and nothing of the build stays", async () => {
    await using account = await openAccount("tags-required");
    const result = await buildIn(account, []);
    expect(result.stderr).toMatch(/batch:SubmitJob/);
    expect([result.exitStatus, ...result.trace]).toEqual([1]);
  });

  test("gets those that are configured and those of the option, on jobs and on definitions derived for them", async () => {
    await using account = await openAccount("tags-required");
    const env = { ...account.keys, NEXTSTRAIN_AWS_BATCH_TAGS: "project=zika, owner=lab" };
    const image = ["--image", "nextstrain/base:build-20250717T164950Z"];
    const result = await buildIn(account, [...image, "--tag", "owner=me", "--tag", "run=1"], env);
    expect(result).toMatchObject({ exitStatus: 0, stderr: "" });
    const tags = { project: "zika", owner: "me", run: "1" };
    const job = await jobOf(account, result.stdout);
    expect(job).toMatchObject({ tags, propagateTags: true });
    const { jobDefinitions = [] } = await account.batch.send(
      new DescribeJobDefinitionsCommand({ jobDefinitions: [job?.jobDefinition ?? ""] }),
    );
    expect(jobDefinitions[0]).toMatchObject({ tags, containerProperties: { image: image[1] } });
  });
});

test("without tags a build takes no permission to tag; with tags check-setup asks for it", async () => {
  await using account = await openAccount();
  const keys = await account.user(allow("*"), deny("batch:TagResource"));
  expect(await buildIn(account, [], keys)).toMatchObject({ exitStatus: 0, stderr: "" });
  expect(troubles(await checkSetup(account, { env: keys }))).not.toContain(
    "wrong permissions.batch.tagresource",
  );
  const tagged = { args: ["--tag", "project=zika"], env: keys };
  expect(troubles(await checkSetup(account, tagged))).toContain("wrong permissions.batch.tagresource");
  const { stderr, exitStatus } = await buildIn(account, ["--tag", "project=zika"], keys);
  expect(stderr).toContain("batch:TagResource");
  expect(exitStatus).toBe(1);
});

describe("a definition of ecsProperties", () => {
  /** Runs a build to its end, in a directory of its own. */
  async function build(account: Account, name: string, script: string, options: readonly string[] = []) {
    const directory = join(account.local.scratch, name);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "in.txt"), "in");
    const args = ["build", "--aws-batch", ...options, "--exec", "sh", directory, "-c", script];
    return { directory, ...(await account.run(args)) };
  }

  test("works as one of containerProperties: results, log, exit status, sizes, and another image", async () => {
    await using account = await openAccount("ecs-properties");
    const options = ["--cpus", "1", "--memory", "512mib", "--env", "GREETING=hi"];
    const image = ["--image", "nextstrain/base:build-20250717T164950Z"];
    const result = await build(account, "good", "echo $GREETING > out.txt; echo said", [
      ...options,
      ...image,
    ]);
    expect(result).toMatchObject({ exitStatus: 0, stderr: "" });
    expect(result.stdout).toMatch(/^\[batch\] \[[^\]]*\] said$/m);
    expect(await readFile(join(result.directory, "out.txt"), "utf8")).toBe("hi\n");
    const task = (await jobOf(account, result.stdout))?.ecsProperties?.taskProperties?.[0];
    expect(task?.containers?.[0]).toMatchObject({ name: "main", image: image[1], exitCode: 0 });
    expect(task?.containers?.[0]?.resourceRequirements).toEqual([
      { type: "VCPU", value: "1" },
      { type: "MEMORY", value: "512" },
    ]);

    const failed = await build(account, "bad", "exit 7");
    expect(failed.stdout).toMatch(/^Job FAILED .*exited 7/m);
    expect(failed.exitStatus).toBe(7);
  });

  test("passes check-setup as one of containerProperties does", async () => {
    await using account = await openAccount("ecs-properties");
    expect(troubles(await checkSetup(account))).toEqual([]);
  });
});

test("an account of another kind is not taken up by a local AWS that runs already", async () => {
  await using account = await openAccount();
  const { stderr, exitStatus } = await account.local.run("start", "--account", "fair-share");
  expect(stderr).toMatch(/runs already, without --account fair-share\.\n.*start --account fair-share/);
  expect(exitStatus).toBe(1);
});
