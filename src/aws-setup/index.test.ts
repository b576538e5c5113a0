import { describe, expect, test } from "vitest";
import type { Io } from "../cli/io.ts";
import { CancelledError, UserError } from "../errors.ts";
import { fakeSite } from "./testing/fake-site.ts";
import { configured, configuredSite, failureOf, setUp } from "./testing/set-up.ts";

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
    expect((await failureOf(setUp(fake))).message).toBe(
      "CloudFormation refuses the plan:\n  Template error: no such thing",
    );
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

  test("Control-C at the question about the log group: the last words say that the rest is still to do", async () => {
    const fake = fakeSite({ by: "person", answers: ["lab-jobs", true] });
    fake.account.retention = "ever";
    const { confirm } = fake.site.questions;
    fake.site.questions.confirm = (message) => {
      if (message.includes("log group")) fake.interrupt.abort(new CancelledError());
      return confirm(message);
    };
    await expect(setUp(fake)).rejects.toThrow(CancelledError);
    fake.finish();
    expect(fake.context.output.out.at(-1)).toBe(
      "The stack nextstrain-batch is as planned; what is left (log group, config file, checks) is done by: nextstrain setup aws-batch",
    );

    const finished = fakeSite();
    await setUp(finished);
    finished.finish();
    expect(finished.context.output.out.join("\n")).not.toContain("what is left");
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
