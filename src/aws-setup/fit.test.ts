import { describe, expect, test } from "vitest";
import { fakeSite } from "./testing/fake-site.ts";
import { failureOf, setUp } from "./testing/set-up.ts";

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
    [{ InstanceTypes: "c5, c5d" }],
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
