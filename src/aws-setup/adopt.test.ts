import { describe, expect, test } from "vitest";
import { fakeSite } from "./testing/fake-site.ts";
import { failureOf, setUp } from "./testing/set-up.ts";

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
      existingGroup: "arn:aws:iam::123456789012:group/lab/scientists",
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
