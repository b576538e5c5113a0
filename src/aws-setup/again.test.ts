import { describe, expect, test } from "vitest";
import { fakeSite } from "./testing/fake-site.ts";
import { addStack } from "./testing/fake-stacks.ts";
import { before, failureOf, setUp } from "./testing/set-up.ts";

describe("run again", () => {
  test("nothing to change is success", async () => {
    const fake = fakeSite({ by: "person" });
    addStack(fake.account, "CREATE_COMPLETE", before);
    expect(await setUp(fake)).toMatchObject({ kind: "made", names: { bucket: "lab-jobs" } });
    expect(fake.account.done).toEqual([]);
    expect(fake.account.asked).toEqual([]);
    expect(fake.context.output.out).toContain("Nothing is to be changed: all of it is as asked for.");
  });

  test("what the options say is changed in place, and the rest is kept", async () => {
    const fake = fakeSite();
    addStack(fake.account, "UPDATE_ROLLBACK_COMPLETE", before);
    await setUp(fake, { given: { DiskSizeGib: "500" } });
    expect(fake.account.done).toEqual(["update nextstrain-batch"]);
    expect(Object.fromEntries(fake.stack()?.parameters ?? [])).toEqual({ ...before, DiskSizeGib: "500" });
    expect(fake.context.output.out).toContain(
      "  ~ change  compute environment  ComputeEnvironment: ComputeResources",
    );
  });

  test.each([
    ["21600", 0],
    ["86400", 1],
  ])(
    "jobs with a time limit of %s s may be stopped by a change of their instances: %i warning",
    async (TimeoutSeconds, count) => {
      const fake = fakeSite();
      addStack(fake.account, "CREATE_COMPLETE", { ...before, TimeoutSeconds });
      await setUp(fake, { given: { DiskSizeGib: "500" } });
      expect(fake.context.output.err).toHaveLength(count);
      if (count > 0)
        expect(fake.context.output.err[0]).toContain(
          "Jobs may run for 24 hours, but are stopped 6 hours after a change that needs other instances",
        );
      // With nothing to change there is no danger.
      await setUp(fake);
      expect(fake.context.output.err).toHaveLength(count);
    },
  );

  test("a state from before the change began is not taken for its end", async () => {
    const fake = fakeSite();
    addStack(fake.account, "UPDATE_COMPLETE", before);
    const { stacks } = fake.site.services;
    const find = stacks.find;
    let isStale = true;
    stacks.find = async (key) => {
      const stack = await find(key);
      if (stack?.status !== "UPDATE_IN_PROGRESS" || !isStale) return stack;
      isStale = false;
      return { ...stack, status: "UPDATE_COMPLETE" };
    };
    fake.account.failing.set("ComputeEnvironment", "Instance type c9 is unknown");
    const error = await failureOf(setUp(fake, { given: { DiskSizeGib: "500" } }));
    expect([isStale, error.message]).toEqual([false, expect.stringContaining("UPDATE_ROLLBACK_COMPLETE")]);
  });

  test("what was replaced and can't be deleted is named, with the reason: AWS forgets it", async () => {
    const fake = fakeSite();
    const stack = addStack(fake.account, "CREATE_COMPLETE", before);
    fake.account.onPause = (count) => {
      if (count !== 1) return;
      stack.events.push({
        id: "clean-up",
        at: 0,
        resource: "SecurityGroup",
        physicalId: "sg-1",
        type: "AWS::EC2::SecurityGroup",
        status: "DELETE_FAILED",
        reason: "resource sg-1 has a dependent object",
      });
    };
    expect(await setUp(fake, { given: { DiskSizeGib: "500" } })).toMatchObject({ kind: "made" });
    expect(fake.context.output.err.join("\n")).toContain(
      "no longer part of the stack: security group SecurityGroup: resource sg-1 has a dependent object",
    );
  });

  test.each(["CREATE_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_IN_PROGRESS"])(
    "a stack of the name that is something else's, in %s, is not touched",
    async (status) => {
      const fake = fakeSite();
      addStack(fake.account, status).parameters = new Map([["BucketName", "website"]]);
      const error = await failureOf(setUp(fake));
      expect([error.message, error.hint]).toEqual([
        expect.stringContaining("is not a set-up of this program's"),
        expect.stringContaining("--stack-name"),
      ]);
      expect([fake.account.done, fake.account.openChangeSets.size]).toEqual([[], 0]);
    },
  );

  test("a bucket of another name is made, unless it is there", async () => {
    const fake = fakeSite();
    addStack(fake.account, "CREATE_COMPLETE", { ...before, CreateBucket: "no" });
    await setUp(fake, { given: { BucketName: "new-jobs" } });
    expect(fake.stack()?.parameters.get("CreateBucket")).toBe("yes");

    fake.account.buckets.set("old-jobs", { state: "ours", objects: 1 });
    await setUp(fake, { given: { BucketName: "old-jobs" }, adopt: true });
    expect(fake.stack()?.parameters.get("CreateBucket")).toBe("no");
  });

  test("a change that fails says why, and leaves what was", async () => {
    const fake = fakeSite();
    addStack(fake.account, "CREATE_COMPLETE", before);
    fake.account.failing.set("ComputeEnvironment", "Instance type c9 is unknown");
    const error = await failureOf(setUp(fake, { given: { DiskSizeGib: "500" } }));
    expect(error.message).toContain("could not be changed (UPDATE_ROLLBACK_COMPLETE)");
    expect(error.message).toContain("compute environment ComputeEnvironment: Instance type c9 is unknown");
    fake.finish();
    expect(fake.context.output.out.at(-1)).toMatch(/^• restored compute environment {2}ComputeEnvironment/);
  });

  test.each(["ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS"])(
    "a stack left in %s is cleaned up, after saying so, and made anew",
    async (status) => {
      const fake = fakeSite();
      addStack(fake.account, status);
      await setUp(fake);
      expect(fake.account.done).toEqual(["delete nextstrain-batch", "create nextstrain-batch"]);
      expect(fake.context.output.out[1]).toMatch(/^The stack nextstrain-batch (was left by|is a plan of)/);
      expect(fake.stack()?.status).toBe("CREATE_COMPLETE");
    },
  );

  test.each(["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])(
    "a dry run leaves a stack in %s as it is",
    async (status) => {
      const fake = fakeSite();
      addStack(fake.account, status);
      await setUp(fake, { dryRun: true });
      expect([...fake.account.stacks.values()].map((stack) => stack.status)).toEqual([status]);
      expect([fake.account.openChangeSets.size, fake.account.done]).toEqual([0, []]);
    },
  );

  test("what goes on at the stack is waited for", async () => {
    const fake = fakeSite();
    const stack = addStack(fake.account, "UPDATE_IN_PROGRESS", before);
    fake.account.onPause = (count) => {
      if (count === 2) stack.status = "UPDATE_COMPLETE";
    };
    stack.events.push({
      id: "old",
      at: 0,
      resource: "Bucket",
      physicalId: "lab-jobs",
      type: "AWS::S3::Bucket",
      status: "CREATE_COMPLETE",
      reason: undefined,
    });
    expect(await setUp(fake)).toMatchObject({ kind: "made" });
    expect(fake.context.output.out.slice(1)).toEqual([
      "CloudFormation is still at work on the stack nextstrain-batch (UPDATE_IN_PROGRESS). Waiting for it.",
      "Nothing is to be changed: all of it is as asked for.",
    ]);
  });

  test("a rollback that failed is taken up again", async () => {
    const fake = fakeSite();
    addStack(fake.account, "UPDATE_ROLLBACK_FAILED", before);
    expect(await setUp(fake)).toMatchObject({ kind: "made" });
    expect(fake.account.done).toEqual(["continue rollback"]);
  });

  test("a dry run says that AWS plans nothing as long as a rollback has failed, and leaves that as it is", async () => {
    const fake = fakeSite({ by: "nobody" });
    addStack(fake.account, "UPDATE_ROLLBACK_FAILED", before);
    const error = await failureOf(setUp(fake, { dryRun: true }));
    expect([error.message, error.hint]).toEqual([
      expect.stringContaining("UPDATE_ROLLBACK_FAILED"),
      expect.stringContaining("without --dry-run"),
    ]);
    expect([fake.account.done, fake.account.openChangeSets.size]).toEqual([[], 0]);
  });

  test("a rollback that fails again says what to do", async () => {
    const fake = fakeSite();
    addStack(fake.account, "UPDATE_ROLLBACK_FAILED", before);
    fake.account.failing.set("JobQueue", "no");
    expect((await failureOf(setUp(fake))).hint).toContain("Continue update rollback");
  });
});
