import { describe, expect, test } from "vitest";
import { fakeSite } from "./testing/fake-site.ts";
import { failureOf, setUp } from "./testing/set-up.ts";

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
