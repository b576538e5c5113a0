import * as batch from "@aws-sdk/client-batch";
import { describe, expect, test } from "vitest";
import { allow, deny, ENVIRONMENT, environment, openAccount, QUEUE } from "../support/account.ts";
import { brokenStates, isKeys, updateEnvironment } from "../support/broken-states.ts";
import { buildIn } from "../support/checked.ts";

/** What is sure to fail. */
const refused = [
  "no bucket of that name",
  "no queue of that name",
  "a disabled queue",
  "a disabled compute environment",
  "an INVALID compute environment",
  "no definition of that name",
  "a definition too large for every computer",
  "a definition with more vCPUs than the queue may use",
  "a user who may not see the definition",
];

describe("preflight", () => {
  test.each(brokenStates.filter(({ name }) => refused.includes(name)))(
    "stops a build before anything is submitted: $name",
    async ({ spoil, args, says }) => {
      await using account = await openAccount();
      const spoiled = await spoil?.(account);
      const result = await buildIn(account, args ?? [], isKeys(spoiled) ? spoiled : undefined);
      expect(result.stderr).toMatch(says);
      expect(result.exitStatus).toBe(1);
      expect(result.stdout).not.toMatch(/Submitting job/);
      expect(result.trace).toEqual([]);
    },
  );

  test("sizes the build at hand, not only the definition", async () => {
    await using account = await openAccount();
    const cpus = await buildIn(account, ["--cpus", "65"]);
    expect(cpus.stderr).toMatch(/65 vCPUs .* more vCPUs than the 64 .*\n.*--cpus 64/);
    const memory = await buildIn(account, ["--aws-batch-memory", "300gib"]);
    expect(memory.stderr).toMatch(/307,200 MiB .* largest is c5\.24xlarge/);
    expect([cpus.exitStatus, memory.exitStatus, ...cpus.trace, ...memory.trace]).toEqual([1, 1]);
  });

  test("warns of what may fail, and goes on", async () => {
    await using account = await openAccount();
    await account.batch.send(environment("more-computers"));
    const names = ["more-computers", ENVIRONMENT];
    await account.batch.send(
      new batch.UpdateJobQueueCommand({
        jobQueue: QUEUE,
        computeEnvironmentOrder: names.map((computeEnvironment, order) => ({ order, computeEnvironment })),
      }),
    );
    await account.batch.send(updateEnvironment({ state: "DISABLED" }));
    const result = await buildIn(account, ["--memory", "190000mib"]);
    // One of two that takes no jobs is for the doctor: this build does not need it.
    expect(result.stderr).not.toContain("is disabled");
    expect(result.stderr).toMatch(/^Warning: A job asks for .* It may wait for ever\./m);
    expect(result.stdout).toMatch(/^AWS Batch Job ID: /m);
    expect(result.exitStatus).toBe(0);
  });

  test("tells of a bucket that isn't the user's, and not of what was never put there", async () => {
    await using account = await openAccount();
    const keys = await account.user(allow(["batch:*", "logs:*"]));
    const result = await buildIn(account, [], keys);
    expect(result.stderr).toMatch(
      /^Error: You may not upload to the S3 bucket "nextstrain-jobs" \(from the default\): either it is somebody else's/,
    );
    expect(result.stderr).toMatch(/--aws-batch-s3-bucket.*NextstrainJobsAccessToBucket/);
    expect([result.exitStatus, ...result.trace]).toEqual([1]);
  });

  test("tells of a bucket that a policy denies, which no permission changes", async () => {
    await using account = await openAccount();
    const keys = await account.user(allow("*"), deny("s3:*"));
    const result = await buildIn(account, [], keys);
    expect(result.stderr).toMatch(
      /^Error: You may not upload to the S3 bucket "nextstrain-jobs" \(from the default\)\. AWS says: “User: .* with an explicit deny .*”\.$/m,
    );
    expect(result.stderr).toContain("so a further permission does not help");
    expect([result.exitStatus, ...result.trace]).toEqual([1]);
  });

  test("passes over in silence what the user may not ask", async () => {
    await using account = await openAccount();
    const keys = await account.user(
      allow("*"),
      deny(["batch:DescribeJobQueues", "batch:DescribeComputeEnvironments"]),
    );
    const result = await buildIn(account, ["--cpus", "1000"], keys);
    expect(result.stderr).toBe("");
    expect(result.stdout).toMatch(/^AWS Batch Job ID: /m);
  });
});
