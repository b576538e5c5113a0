import { describe, expect, test } from "vitest";
import { checkPolicy, type PolicyKind } from "./policy-grammar.ts";

const statement = { Effect: "Allow", Action: "s3:ListBucket", Resource: "arn:aws:s3:::a-bucket" };
const Version = "2012-10-17";

function said(policy: unknown, kind: PolicyKind = "identity"): string {
  try {
    checkPolicy(
      typeof policy === "string" ? policy : JSON.stringify(policy),
      kind,
      (words) => new Error(words),
    );
    return "taken";
  } catch (error) {
    return (error as Error).message;
  }
}
const saidOf = (change: object) => said({ Version, Statement: { ...statement, ...change } });
const without = (...names: string[]) => Object.fromEntries(names.map((name) => [name, undefined]));

describe("a policy is taken", () => {
  test.each<object>([
    {},
    { Action: ["s3:*", "*", "iam: any thing"], Resource: ["*", "arn:aws:logs:*:*:log-group:/a:*"] },
    {
      ...without("Action", "Resource"),
      NotAction: "iam:*",
      NotResource: "arn:aws:iam::*:user/${aws:username}",
    },
    { Resource: "arn:aws:s3:us-west-2:123456789012:accesspoint/mine/object/*", Sid: "" },
    { Condition: { "ForAnyValue:StringLikeIfExists": { "s3:prefix": ["", "home/"] }, unknown: {} } },
    { Condition: { DateLessThan: { "aws:CurrentTime": ["2017-07-01T00:00:00Z", "1500000000", "2016"] } } },
    { Condition: { Bool: { "aws:SecureTransport": true }, NumericEquals: { "s3:max-keys": 10 } } },
  ])("%j", (change) => {
    expect(saidOf(change)).toBe("taken");
  });
});

describe("a policy is refused in AWS's words", () => {
  test.each([
    ["{", /^Syntax errors/],
    [{ Version, Statement: [] }, /^Syntax errors/],
    [{ Version, Statement: ["x"] }, /^Syntax errors/],
    [{ Version, Statement: statement, Conditions: {} }, /^Syntax errors/],
    [{ Version, Id: [], Statement: statement }, /^Syntax errors/],
    [{ Version: "2013-10-17", Statement: statement }, /^Syntax errors/],
    [{ Statement: statement }, /version 2012-10-17 or greater/],
    [
      {
        Version,
        Statement: [
          { ...statement, Sid: "a" },
          { ...statement, Sid: "a" },
        ],
      },
      /must be unique/,
    ],
  ])("%j", (policy, words) => {
    expect(said(policy)).toMatch(words);
  });

  test.each<[object, RegExp]>([
    [{ Effect: "Perhaps" }, /^Syntax errors/],
    [{ Effect: ["Allow"] }, /^Syntax errors/],
    [{ Effect: "allow" }, /legacy parsing/],
    [{ Sid: {} }, /^Syntax errors/],
    [{ Resources: "*" }, /^Syntax errors/],
    [{ NotAction: "iam:*" }, /^Syntax errors/],
    [{ Action: [[]] }, /^Syntax errors/],
    [{ Action: [] }, /must contain actions/],
    [without("Action"), /must contain actions/],
    [{ Action: "ListBucket" }, /prefaced by a vendor/],
    [{ Action: "s3:List:Bucket" }, /only one colon/],
    [{ Action: "a b:c" }, /^Vendor a b is not valid$/],
    [{ Resource: "a-bucket" }, /^Resource a-bucket must be in ARN format or "\*"\.$/],
    [
      { Resource: "arn:amazon:s3:::x" },
      /^Partition "amazon" is not valid for resource "arn:amazon:s3:::x"\.$/,
    ],
    [{ Resource: "arn:aws" }, /vendor must be fully qualified/],
    [{ Resource: "arn:aws:s3::x" }, /legacy parsing/],
    [{ Resource: "arn:aws:s3:us-east-1::x" }, /can not contain region/],
    [{ Resource: "arn:aws:iam::1:bucket" }, /^IAM resource path must/],
    [{ Resource: [] }, /must contain resources/],
    [{ Condition: [] }, /^Syntax errors/],
    [{ Condition: { StringEqual: { a: "b" } } }, /^Syntax errors/],
    [{ Condition: { StringEquals: { a: {} } } }, /^Syntax errors/],
    [{ Condition: { DateLessThan: { a: "2016-13-01" } } }, /legacy parsing/],
    [{ Principal: "*" }, /should not specify a principal/],
  ])("with %j", (change, words) => {
    expect(saidOf(change)).toMatch(words);
  });
});

describe("who may assume a role", () => {
  const trust = {
    Effect: "Allow",
    Principal: { Service: "ecs-tasks.amazonaws.com" },
    Action: "sts:AssumeRole",
  };
  test.each<[object, RegExp]>([
    [{}, /^taken$/],
    [{ Principal: { AWS: ["123456789012"] }, Action: ["sts:AssumeRole", "sts:TagSession"] }, /^taken$/],
    [{ Principal: undefined }, /Principal/],
    [{ Principal: { Nobody: "x" } }, /^Syntax errors/],
    [{ Action: "s3:GetObject" }, /only specify STS/],
    [{ Resource: "*" }, /prohibited field Resource/],
  ])("%j", (change, words) => {
    expect(said({ Version, Statement: { ...trust, ...change } }, "trust")).toMatch(words);
  });
});
