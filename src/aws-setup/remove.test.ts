import { describe, expect, test } from "vitest";
import { CancelledError, UserError } from "../errors.ts";
import { type RemovalRequest, removeAwsBatch } from "./remove.ts";
import { type FakeSite, fakeSite } from "./testing/fake-site.ts";
import { addStack } from "./testing/fake-stacks.ts";

const remove = ({ site }: FakeSite, request: Partial<RemovalRequest> = {}) =>
  removeAwsBatch(site, { stackName: "nextstrain-batch", deleteData: false, dryRun: false, ...request });

/** A set-up whose bucket holds so many objects. */
function madeSite(objects: number, options?: Parameters<typeof fakeSite>[0]): FakeSite {
  const fake = fakeSite(options);
  addStack(fake.account, "CREATE_COMPLETE", { BucketName: "lab-jobs", CreateBucket: "yes" });
  fake.account.buckets.set("lab-jobs", { state: "ours", objects });
  return fake;
}

/** The group of the users, as a stack lists it. */
const groupInStack = (name: string, status: string) => ({
  resource: "JobsGroup",
  physicalId: name,
  type: "AWS::IAM::Group",
  status,
});

describe("removing a set-up", () => {
  test("takes the stack away, and the bucket that is empty", async () => {
    const fake = madeSite(0, { by: "person", answers: [true] });
    expect(await remove(fake)).toBe(true);
    expect(fake.account.done).toEqual(["delete nextstrain-batch", "remove lab-jobs"]);
    expect(fake.context.output.out).toEqual([
      "The stack nextstrain-batch in us-east-1:",
      "  - remove  IAM role             JobRole",
      "  - remove  compute environment  ComputeEnvironment",
      "  - remove  job queue            JobQueue",
      "  - remove  the bucket lab-jobs, which is empty",
      "Jobs that still run or wait are ended.",
      "✔ removed  IAM role             JobRole (nextstrain-batch-JobRole)",
      "✔ removed  compute environment  ComputeEnvironment (nextstrain-batch-ComputeEnvironment)",
      "✔ removed  job queue            JobQueue (nextstrain-batch-JobQueue)",
      "✔ removed  S3 bucket            lab-jobs",
      "The stack nextstrain-batch is gone. The log group /aws/batch/job stays: all users of AWS Batch here share it.",
    ]);
  });

  test("leaves a bucket that is not empty", async () => {
    const fake = madeSite(3);
    await remove(fake);
    expect(fake.account.done).toEqual(["delete nextstrain-batch"]);
    expect(fake.context.output.out).toContain(
      "The bucket lab-jobs is not empty: it stays (--delete-data removes it, too).",
    );
  });

  test("with --delete-data empties the bucket first, after asking for that by itself", async () => {
    const fake = madeSite(3, { by: "person", answers: [true, true] });
    await remove(fake, { deleteData: true });
    expect(fake.account.asked).toEqual([
      "Remove all this?",
      "Really delete all builds and results in lab-jobs? They can't be had back.",
    ]);
    expect(fake.account.done).toEqual(["empty lab-jobs", "delete nextstrain-batch", "remove lab-jobs"]);
  });

  test.each([[[false]], [[true, false]]])("answers of %j leave all as it is", async (answers) => {
    const fake = madeSite(3, { by: "person", answers });
    await expect(remove(fake, { deleteData: true })).rejects.toThrow(CancelledError);
    expect(fake.account.done).toEqual([]);
  });

  test("a dry run shows it, and does nothing", async () => {
    const fake = madeSite(3, { by: "nobody" });
    expect(await remove(fake, { deleteData: true, dryRun: true })).toBe(false);
    expect(fake.account.done).toEqual([]);
    expect(fake.context.output.out).toContain("  - remove  the bucket lab-jobs AND ALL THAT IS IN IT");
  });

  test("where nobody can be asked, nothing is removed", async () => {
    const fake = madeSite(0, { by: "nobody" });
    await expect(remove(fake)).rejects.toThrow(UserError);
    expect(fake.account.done).toEqual([]);
  });

  test("a bucket that a last job has written to meanwhile stays", async () => {
    const fake = madeSite(0);
    fake.account.onPause = () => {
      fake.account.buckets.set("lab-jobs", { state: "ours", objects: 1 });
    };
    await remove(fake);
    expect(fake.account.done).toEqual(["delete nextstrain-batch"]);
    expect(fake.context.output.out.at(-1)).toBe("The bucket lab-jobs stays, too, with all that is in it.");
  });

  test("never touches a stack that is something else's", async () => {
    const fake = madeSite(0);
    fake.stack()?.parameters.delete("JobQueueName");
    await expect(remove(fake)).rejects.toThrow("is not a set-up of this program's");
    expect(fake.account.done).toEqual([]);
  });

  test("never touches a bucket that was adopted", async () => {
    const fake = madeSite(3);
    fake.stack()?.parameters.set("CreateBucket", "no");
    await remove(fake, { deleteData: true });
    expect(fake.account.done).toEqual(["delete nextstrain-batch"]);
    expect(fake.account.buckets.get("lab-jobs")?.objects).toBe(3);
  });

  test.each(["CREATE_COMPLETE", "DELETE_FAILED"])(
    "takes users out of the group that goes, of a stack in %s",
    async (status) => {
      const fake = madeSite(0);
      addStack(fake.account, status);
      fake.site.services.stacks.resources = async () => [groupInStack("jobs-group", "CREATE_COMPLETE")];
      fake.account.groups.set("jobs-group", ["ada", "grace"]);
      await remove(fake);
      expect(fake.account.done.slice(0, 2)).toEqual(["ada leaves jobs-group", "grace leaves jobs-group"]);
      expect(fake.context.output.out).toContain("These users lose what the group allows: ada, grace");
    },
  );

  test("takes users out of no other group", async () => {
    const adopted = madeSite(0);
    adopted.stack()?.outputs.set("GroupName", "jobs-group");
    adopted.stack()?.parameters.set("ExistingGroup", "jobs-group");
    adopted.account.groups.set("jobs-group", ["ada"]);
    await remove(adopted);
    expect(adopted.account.done).toEqual(["delete nextstrain-batch", "remove lab-jobs"]);

    const gone = madeSite(0);
    gone.site.services.stacks.resources = async () => [groupInStack("jobs-group", "DELETE_COMPLETE")];
    gone.account.groups.set("jobs-group", ["ada"]);
    await remove(gone);
    expect(gone.account.done).toEqual(["delete nextstrain-batch", "remove lab-jobs"]);
  });

  test("what can't be removed is said in its own words, and the bucket stays", async () => {
    const fake = madeSite(0);
    fake.account.failing.set("JobRole", "Cannot delete entity, must detach all policies first.");
    await expect(remove(fake)).rejects.toThrow(
      "The stack nextstrain-batch could not be deleted entirely (DELETE_FAILED):\n" +
        "IAM role JobRole: Cannot delete entity, must detach all policies first.",
    );
    expect(fake.account.buckets.has("lab-jobs")).toBe(true);
  });

  test("a removal that was left while AWS went on is seen through: the bucket goes, too", async () => {
    const fake = madeSite(0, { by: "person", answers: [true] });
    const stack = addStack(fake.account, "DELETE_IN_PROGRESS", { CreateBucket: "yes" });
    fake.account.onPause = () => fake.account.stacks.delete(stack.name);
    expect(await remove(fake)).toBe(true);
    expect(fake.account.done).toEqual(["remove lab-jobs"]);
    expect(fake.context.output.out).toContain("  - remove  the bucket lab-jobs, which is empty");
  });

  test("where there is nothing, that is fine", async () => {
    const fake = fakeSite();
    expect(await remove(fake)).toBe(false);
    expect(fake.context.output.out).toEqual([
      "There is no stack nextstrain-batch in us-east-1: nothing is to be removed.",
    ]);
  });

  test("a plan that was never carried out goes, too", async () => {
    const fake = fakeSite();
    addStack(fake.account, "REVIEW_IN_PROGRESS").resources = [];
    expect(await remove(fake)).toBe(true);
    expect(fake.account.stacks.size).toBe(0);
  });

  test("Control-C in the middle: the last words say that AWS goes on, and with what the bucket goes, too", async () => {
    const fake = madeSite(3);
    fake.account.onPause = () => fake.interrupt.abort(new CancelledError());
    await expect(remove(fake, { deleteData: true })).rejects.toThrow(CancelledError);
    fake.finish();
    expect(fake.context.output.out.slice(-2)).toEqual([
      "AWS goes on deleting the stack nextstrain-batch. To see that through: nextstrain setup aws-batch --remove --delete-data",
      "Run it while AWS is at that: later, the bucket lab-jobs has to be deleted by hand.",
    ]);

    const kept = madeSite(3);
    kept.account.onPause = () => kept.interrupt.abort(new CancelledError());
    await expect(remove(kept)).rejects.toThrow(CancelledError);
    kept.finish();
    expect(kept.context.output.out.at(-1)).toBe(
      "AWS goes on deleting the stack nextstrain-batch. To see that through: nextstrain setup aws-batch --remove",
    );
  });
});
