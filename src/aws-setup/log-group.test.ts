import { describe, expect, test } from "vitest";
import { fakeSite } from "./testing/fake-site.ts";
import { addStack } from "./testing/fake-stacks.ts";
import { before, setUp } from "./testing/set-up.ts";

describe("the log group", () => {
  test("is made where it is missing, with a retention", async () => {
    const fake = fakeSite();
    fake.account.retention = undefined;
    await setUp(fake);
    expect(fake.account.done.slice(-2)).toEqual(["create log group", "keep logs 30 days"]);
  });

  test("gets the set-up's tags, where an account may demand them, if it is made", async () => {
    const fake = fakeSite();
    fake.account.retention = undefined;
    await setUp(fake, { tags: { project: "zika" } });
    expect(fake.account.done.slice(-2)).toEqual(["create log group with project=zika", "keep logs 30 days"]);
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
