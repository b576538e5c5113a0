import { describe, expect, test } from "vitest";
import type { Io } from "../cli/io.ts";
import { CancelledError, UserError } from "../errors.ts";
import { type SetupRequest, setUpAwsBatch } from "./index.ts";
import { DEFAULTS } from "./parameters.ts";
import { addStack, type FakeSite, fakeSite } from "./testing/fake-account.ts";

const configured = { bucket: "nextstrain-jobs", queue: "nextstrain-job-queue", job: "nextstrain-job" };

const setUp = ({ site }: FakeSite, request: Partial<SetupRequest> = {}) =>
  setUpAwsBatch(site, {
    stackName: "nextstrain-batch",
    given: {},
    named: {},
    adopt: false,
    configured,
    chosen: {},
    dryRun: false,
    force: false,
    ...request,
  });

/** An account where somebody has set up what is configured. */
function configuredSite(options?: Parameters<typeof fakeSite>[0]): FakeSite {
  const fake = fakeSite(options);
  fake.account.buckets.set("nextstrain-jobs", { state: "ours", objects: 3 });
  fake.account.queues.add("nextstrain-job-queue");
  fake.account.definitions.add("nextstrain-job");
  return fake;
}

/** The parameters of a set-up made before. */
const before = {
  ...DEFAULTS,
  BucketName: "lab-jobs",
  MaxVcpus: "512",
  VpcId: "vpc-00000001",
  SubnetIds: "subnet-0000000a",
};

const failureOf = (promise: Promise<unknown>): Promise<UserError> =>
  promise.then(
    () => {
      throw new Error("it succeeded");
    },
    (error: unknown) => {
      if (error instanceof UserError) return error;
      throw error;
    },
  );

describe("looking first", () => {
  test("what is configured and there is only found: nothing is done", async () => {
    const fake = configuredSite();
    expect(await setUp(fake)).toEqual({ kind: "found", names: configured });
    expect(fake.account.done).toEqual([]);
  });

  test("who may use a set-up, but not see stacks, is told of the set-up", async () => {
    const fake = configuredSite();
    fake.account.denied.add("find");
    expect(await setUp(fake)).toMatchObject({ kind: "found" });
  });

  test("who may not see stacks, and has nothing configured, is told that", async () => {
    const fake = fakeSite();
    fake.account.denied.add("find");
    expect((await failureOf(setUp(fake))).message).toContain("does not allow");
  });

  test("--force makes another, with other names", async () => {
    const fake = configuredSite();
    const given = { BucketName: "other-jobs", JobQueueName: "other-queue" };
    expect(await setUp(fake, { force: true, given })).toMatchObject({ kind: "made" });
    expect(fake.account.done).toEqual(["create nextstrain-batch"]);
  });

  test("--force with the names that are taken says which option helps", async () => {
    const error = await failureOf(
      setUp(configuredSite(), { force: true, given: { BucketName: "other-jobs" } }),
    );
    expect(error.message).toContain("job queue nextstrain-job-queue");
    expect(error.hint).toContain("--aws-batch-queue");
  });

  test("where nobody can be asked, nothing is begun", async () => {
    const fake = fakeSite({ by: "nobody" });
    expect((await failureOf(setUp(fake))).hint).toContain("--yes");
    expect([fake.account.done, fake.account.stacks.size]).toEqual([[], 0]);
  });
});

describe("making", () => {
  test("a plan is shown, agreed to and carried out, a line for each resource", async () => {
    const fake = fakeSite({ by: "person", answers: ["lab-jobs", true] });
    const result = await setUp(fake);
    expect(result).toMatchObject({ kind: "made", names: { ...configured, bucket: "lab-jobs" } });
    expect(fake.stack()?.parameters.get("SubnetIds")).toBe("subnet-0000000a,subnet-0000000b");
    expect(fake.account.asked).toEqual([
      "Name of the S3 bucket for builds' files (unique in the world)",
      "Create all this?",
    ]);
    expect(fake.context.output.out).toEqual([
      "Setting up AWS Batch in us-east-1, as the CloudFormation stack nextstrain-batch.",
      "4 resources to create:",
      "  + create  S3 bucket            Bucket",
      "  + create  IAM role             JobRole",
      "  + create  compute environment  ComputeEnvironment",
      "  + create  job queue            JobQueue",
      "✔ created  S3 bucket            Bucket (nextstrain-batch-Bucket), 1 s",
      "✔ created  IAM role             JobRole (nextstrain-batch-JobRole), 1 s",
      "✔ created  compute environment  ComputeEnvironment (nextstrain-batch-ComputeEnvironment), 1 s",
      "✔ created  job queue            JobQueue (nextstrain-batch-JobQueue), 1 s",
    ]);
    expect(fake.account.openChangeSets.size).toBe(0);
  });

  test("the live line says what is planned, and what is being worked on", async () => {
    const fake = fakeSite();
    const shown: string[] = [];
    let render: (() => string) | undefined;
    const live: Io["live"] = (next) => {
      render = next;
      if (next) shown.push(next());
    };
    Object.assign(fake.context.io, { live });
    fake.account.onPause = () => {
      if (render) shown.push(render());
    };
    await setUp(fake);
    expect(shown).toContain("CloudFormation is planning …");
    expect(shown.join("\n")).toMatch(/^CloudFormation is at ComputeEnvironment \(\d+ s\)$/m);
    expect(render).toBeUndefined();
  });

  test("with --yes the bucket is named after the account", async () => {
    const fake = fakeSite();
    await setUp(fake);
    expect(fake.stack()?.parameters.get("BucketName")).toBe("nextstrain-jobs-123456789012");
  });

  test("names from the settings are used, and options go before them", async () => {
    const fake = fakeSite();
    await setUp(fake, {
      chosen: { BucketName: "chosen-jobs", JobQueueName: "chosen-queue" },
      given: { JobQueueName: "given-queue" },
    });
    expect(fake.stack()?.parameters.get("BucketName")).toBe("chosen-jobs");
    expect(fake.stack()?.parameters.get("JobQueueName")).toBe("given-queue");
  });

  test("a no leaves nothing behind", async () => {
    const fake = fakeSite({ by: "person", answers: ["lab-jobs", false] });
    await expect(setUp(fake)).rejects.toThrow(new CancelledError("Nothing was changed.", 1));
    expect([fake.account.stacks.size, fake.account.openChangeSets.size, fake.account.done]).toEqual([
      0,
      0,
      [],
    ]);
  });

  test("a dry run leaves nothing behind, and needs nobody to ask", async () => {
    const fake = fakeSite({ by: "nobody" });
    fake.account.retention = undefined;
    expect(await setUp(fake, { dryRun: true })).toEqual({ kind: "shown" });
    expect([fake.account.stacks.size, fake.account.openChangeSets.size, fake.account.done]).toEqual([
      0,
      0,
      [],
    ]);
    expect(fake.context.output.out).toContain(
      "  + create  the log group /aws/batch/job, outside of the stack",
    );
  });

  test("a plan that CloudFormation refuses leaves nothing behind", async () => {
    const fake = fakeSite();
    fake.account.refusal = "Template error: no such thing";
    expect((await failureOf(setUp(fake))).message).toContain("Template error: no such thing");
    expect([fake.account.stacks.size, fake.account.openChangeSets.size]).toEqual([0, 0]);
  });

  test("Control-C while it is planned leaves nothing behind", async () => {
    const fake = fakeSite();
    const { changeSet } = fake.site.services.stacks;
    fake.site.services.stacks.changeSet = async (arn) => {
      await changeSet(arn);
      return { kind: "pending" };
    };
    fake.account.onPause = () => fake.interrupt.abort(new CancelledError());
    await expect(setUp(fake)).rejects.toThrow(CancelledError);
    expect([fake.account.stacks.size, fake.account.openChangeSets.size]).toEqual([0, 0]);
  });

  test("a plan that can't be taken back is warned of, and what went wrong first is told", async () => {
    const fake = fakeSite();
    fake.account.refusal = "Template error: no such thing";
    fake.site.services.stacks.discard = async () => {
      throw new UserError("AWS can't be reached.");
    };
    expect((await failureOf(setUp(fake))).message).toContain("Template error");
    expect(fake.context.output.err.join()).toContain("could not be taken back: AWS can't be reached.");
  });

  test("Control-C at the question leaves nothing behind", async () => {
    const fake = fakeSite({ by: "person", answers: ["lab-jobs"] });
    const { confirm } = fake.site.questions;
    fake.site.questions.confirm = (message) => {
      fake.interrupt.abort(new CancelledError());
      return confirm(message);
    };
    await expect(setUp(fake)).rejects.toThrow(CancelledError);
    expect([fake.account.stacks.size, fake.account.openChangeSets.size]).toEqual([0, 0]);
  });

  test("Control-C while it is made: the last words say what goes on, and how to go on with it", async () => {
    const fake = fakeSite();
    fake.account.onPause = (count) => {
      if (count === 4) fake.interrupt.abort(new CancelledError());
    };
    await expect(setUp(fake)).rejects.toThrow(CancelledError);
    fake.finish();
    expect(fake.context.output.out.slice(-2)).toEqual([
      "AWS goes on with the stack nextstrain-batch. To wait for it and finish: nextstrain setup aws-batch",
      "To take it all away again: nextstrain setup aws-batch --remove",
    ]);
    expect(fake.stack()?.status).toBe("CREATE_IN_PROGRESS");

    // The same, where the network breaks.
    const broken = fakeSite();
    broken.account.onPause = (count) => {
      if (count === 4) throw new UserError("AWS can't be reached.");
    };
    await failureOf(setUp(broken, { stackName: "other" }));
    broken.finish();
    expect(broken.context.output.out.at(-2)).toContain("nextstrain setup aws-batch --stack-name other");
  });

  test("a failure says which resource and why, not what its neighbours say, and what was taken back", async () => {
    const fake = fakeSite();
    fake.account.failing.set("JobRole", "Role with name NextstrainJobsRole already exists.");
    const error = await failureOf(setUp(fake));
    expect(error.message).toBe(
      "The stack nextstrain-batch could not be created (ROLLBACK_COMPLETE):\n" +
        "  IAM role JobRole: Role with name NextstrainJobsRole already exists.",
    );
    expect(error.hint).toContain("AWS has taken back");
    expect(fake.context.output.out.join("\n")).toContain("✔ removed  S3 bucket            Bucket");
  });

  test("a missing service-linked role is named with the command that makes it", async () => {
    const fake = fakeSite();
    fake.account.failing.set(
      "ComputeEnvironment",
      "The service-linked role for spot.amazonaws.com is missing",
    );
    expect((await failureOf(setUp(fake))).hint).toContain("--aws-service-name spot.amazonaws.com");
  });
});

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

  test("a rollback that fails again says what to do", async () => {
    const fake = fakeSite();
    addStack(fake.account, "UPDATE_ROLLBACK_FAILED", before);
    fake.account.failing.set("JobQueue", "no");
    expect((await failureOf(setUp(fake))).hint).toContain("Continue update rollback");
  });
});

describe("what exists already", () => {
  const arn = "arn:aws:iam::123456789012:policy/NextstrainJobsAccessToBucket";
  const policyFor = (bucket: string) => ({ arn, document: `{"Resource": ["arn:aws:s3:::${bucket}/*"]}` });

  test("a bucket, a role and policies of those names are adopted after asking", async () => {
    const fake = fakeSite({ by: "person", answers: [true, true] });
    fake.account.buckets.set("lab-jobs", { state: "ours", objects: 1 });
    fake.account.roles.set("NextstrainJobsRole", "arn:aws:iam::123456789012:role/NextstrainJobsRole");
    fake.account.policies.set("NextstrainJobsAccessToBucket", policyFor("lab-jobs"));
    await setUp(fake, { given: { BucketName: "lab-jobs" } });
    expect(fake.context.output.out.slice(1, 5)).toEqual([
      "These exist already, and can be used as they are:",
      "  the S3 bucket lab-jobs",
      "  the role NextstrainJobsRole",
      "  the policy NextstrainJobsAccessToBucket",
    ]);
    expect(Object.fromEntries(fake.stack()?.parameters ?? [])).toMatchObject({
      CreateBucket: "no",
      ExistingJobRole: "NextstrainJobsRole",
      ExistingBucketPolicyArn: arn,
      ExistingLogsPolicyArn: "",
    });
  });

  test("--yes alone takes nothing over; --adopt does", async () => {
    const fake = fakeSite();
    fake.account.roles.set("NextstrainJobsRole", "arn:aws:iam::123456789012:role/NextstrainJobsRole");
    expect((await failureOf(setUp(fake))).hint).toContain("--adopt");
    expect(fake.account.stacks.size).toBe(0);
    await setUp(fake, { adopt: true });
    expect(fake.stack()?.parameters.get("ExistingJobRole")).toBe("NextstrainJobsRole");
  });

  test.each([{ adopt: true }, { named: { existingJobRole: "NextstrainJobsRole" } }])(
    "a role with a path is not adopted (%j): the template could not name it",
    async (request) => {
      const fake = fakeSite();
      fake.account.roles.set("NextstrainJobsRole", "arn:aws:iam::123456789012:role/lab/NextstrainJobsRole");
      expect((await failureOf(setUp(fake, request))).message).toContain("has a path");
      expect(fake.account.stacks.size).toBe(0);
    },
  );

  test("a policy for another bucket is not adopted: jobs would be refused their files", async () => {
    const fake = fakeSite();
    fake.account.policies.set("NextstrainJobsAccessToBucket", policyFor("eu-jobs"));
    const error = await failureOf(setUp(fake, { adopt: true, given: { BucketName: "us-jobs" } }));
    expect(error.message).toContain("for eu-jobs, not for us-jobs");
    expect(error.hint).toContain("--s3-bucket eu-jobs");
  });

  test.each([
    ["lab-*", true],
    ["*", true],
    ["lab.jobs", false],
    ["eu-*", false],
  ])("a policy for buckets %s is adopted for lab-jobs: %s", async (pattern, isAdopted) => {
    const fake = fakeSite();
    fake.account.policies.set("NextstrainJobsAccessToBucket", policyFor(pattern));
    const done = setUp(fake, { adopt: true, given: { BucketName: "lab-jobs" } });
    if (isAdopted) await done;
    else await failureOf(done);
    expect(fake.account.stacks.size).toBe(isAdopted ? 1 : 0);
  });

  test("a bucket of somebody else's is said to be taken", async () => {
    const fake = fakeSite();
    fake.account.buckets.set("nextstrain-jobs", { state: "somebody else's", objects: 0 });
    const error = await failureOf(setUp(fake, { given: { BucketName: "nextstrain-jobs" } }));
    expect(error.hint).toContain("choose another");
  });

  test("what the options name is looked up", async () => {
    const fake = fakeSite();
    fake.account.policies.set("MyPolicy", {
      arn: "arn:aws:iam::123456789012:policy/MyPolicy",
      document: "{}",
    });
    fake.account.groups.set("scientists", []);
    const named = {
      existingLogsPolicy: "arn:aws:iam::123456789012:policy/MyPolicy",
      existingGroup: "scientists",
    };
    await setUp(fake, { named });
    expect(Object.fromEntries(fake.stack()?.parameters ?? [])).toMatchObject({
      ExistingLogsPolicyArn: "arn:aws:iam::123456789012:policy/MyPolicy",
      ExistingGroup: "scientists",
    });
    const error = await failureOf(setUp(fakeSite(), { named: { existingJobRole: "NoRole" } }));
    expect(error.message).toContain("There is no role NoRole");
  });
});

describe("the network", () => {
  test("no default VPC", async () => {
    const fake = fakeSite();
    fake.account.defaultVpc = undefined;
    expect((await failureOf(setUp(fake))).hint).toContain("--vpc");
  });

  test("a VPC without subnets", async () => {
    const error = await failureOf(setUp(fakeSite(), { given: { VpcId: "vpc-00000009" } }));
    expect(error.message).toContain("The VPC vpc-00000009 has no subnets");
  });

  test("subnets that don't exist, or are of another VPC", async () => {
    const given = { SubnetIds: "subnet-0000000a,subnet-0000000f" };
    expect((await failureOf(setUp(fakeSite(), { given }))).message).toContain("don't exist in us-east-1");
    const other = { SubnetIds: "subnet-0000000a", VpcId: "vpc-00000009" };
    expect((await failureOf(setUp(fakeSite(), { given: other }))).message).toContain("Not all subnets");
  });

  test("subnets without public addresses are warned of", async () => {
    const fake = fakeSite();
    fake.account.subnets = [
      { id: "subnet-0000000c", vpc: "vpc-00000001", zone: "us-east-1a", isPublic: false },
    ];
    await setUp(fake);
    expect(fake.context.output.err.join()).toContain("NAT gateway");
  });
});

describe("the size of jobs", () => {
  test.each([
    [{ JobMemoryMib: "16384" }, "No c5 has room for a job of 4 vCPUs and 16384 MiB."],
    [{ JobCpus: "16" }, "No c5 has room for a job of 16 vCPUs"],
    [{ JobCpus: "8", MaxVcpus: "4" }, "never starts where all jobs have 4 at most"],
    [{ InstanceTypes: "c5,x99" }, "EC2 has no instance type or family x99"],
    [{ DiskKind: "nvme", InstanceTypes: "c5" }, "c5 has none"],
  ])("%o is refused before anything is made", async (given, message) => {
    const fake = fakeSite();
    expect((await failureOf(setUp(fake, { given }))).message).toContain(message);
    expect(fake.account.stacks.size).toBe(0);
  });

  test.each([
    [{ JobMemoryMib: "15200", JobCpus: "8" }],
    [{ DiskKind: "nvme" }],
    [{ DiskKind: "nvme", InstanceTypes: "c5", ExtraDiskGib: "100" }],
  ])("%o fits", async (given) => {
    expect(await setUp(fakeSite(), { given })).toMatchObject({ kind: "made" });
  });

  test("where nobody may ask for instance types, AWS has the last word", async () => {
    const fake = fakeSite();
    fake.account.instanceTypes = undefined;
    expect(await setUp(fake)).toMatchObject({ kind: "made" });
  });
});

describe("the log group", () => {
  test("is made where it is missing, with a retention", async () => {
    const fake = fakeSite();
    fake.account.retention = undefined;
    await setUp(fake);
    expect(fake.account.done.slice(-2)).toEqual(["create log group", "keep logs 30 days"]);
  });

  test("is asked about where nothing else is to be done", async () => {
    const fake = fakeSite({ by: "person", answers: [false] });
    addStack(fake.account, "CREATE_COMPLETE", before);
    fake.account.retention = undefined;
    await setUp(fake);
    expect([fake.account.asked, fake.account.done]).toEqual([["Create the log group /aws/batch/job?"], []]);
  });

  test("without a retention gets one with --yes", async () => {
    const fake = fakeSite();
    fake.account.retention = "ever";
    await setUp(fake);
    expect(fake.account.retention).toBe(30);
  });

  test("keeps its retention with --yes, and a person is asked", async () => {
    const fake = fakeSite();
    fake.account.retention = 365;
    await setUp(fake);
    expect(fake.account.retention).toBe(365);

    const asked = fakeSite({ by: "person", answers: ["lab-jobs", true, true] });
    asked.account.retention = 365;
    await setUp(asked);
    expect(asked.account.asked.at(-1)).toContain(
      "for 365 days. All users of AWS Batch here share it. Make it 30 days?",
    );
    expect(asked.account.retention).toBe(30);
  });
});
