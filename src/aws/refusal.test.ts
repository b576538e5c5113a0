import { describe, expect, test } from "vitest";
import { explainAwsError } from "./errors.ts";
import { type PolicyKind, type Refusal, readRefusal } from "./refusal.ts";
import { adviseOnRefusal } from "./refusal-advice.ts";

const USER = "arn:aws:iam::123456789012:user/ada";
const ROLE = "arn:aws:sts::123456789012:assumed-role/Scientist/ada@example.org";
const QUEUE = "arn:aws:batch:us-east-1:123456789012:job-queue/x";
const submit = `User: ${ROLE} is not authorized to perform: batch:SubmitJob on resource: ${QUEUE}`;

type Cause = readonly [Refusal["effect"], PolicyKind | undefined];

describe("AWS's sentence, taken apart", () => {
  test.each<[string, ...Cause]>([
    ["because no identity-based policy allows the batch:SubmitJob action", "missing allow", "identity"],
    ["because no resource-based policy allows the batch:SubmitJob action", "missing allow", "resource"],
    [
      "because no service control policy allows the batch:SubmitJob action",
      "missing allow",
      "service control",
    ],
    ["because no permissions boundary allows the batch:SubmitJob action", "missing allow", "boundary"],
    ["because no session policy allows the batch:SubmitJob action", "missing allow", "session"],
    ["because no VPC endpoint policy allows the batch:SubmitJob action", "missing allow", "endpoint"],
    ["because no role trust policy allows the batch:SubmitJob action", "missing allow", "trust"],
    ["with an explicit deny in an identity-based policy", "explicit deny", "identity"],
    ["with an explicit deny in a resource-based policy", "explicit deny", "resource"],
    ["with an explicit deny in a service control policy", "explicit deny", "service control"],
    ["with an explicit deny in a resource control policy", "explicit deny", "resource control"],
    ["with an explicit deny in a permissions boundary", "explicit deny", "boundary"],
    ["with an explicit deny in a session policy", "explicit deny", "session"],
    ["with an explicit deny in a VPC endpoint policy", "explicit deny", "endpoint"],
    ["with an explicit deny in a role trust policy", "explicit deny", "trust"],
    [
      "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1",
      "explicit deny",
      "service control",
    ],
    ["with an explicit deny", "explicit deny", undefined],
    ["", undefined, undefined],
  ])("… %s", (end, effect, policy) => {
    const sentence = `${submit} ${end}`.trim();
    expect(readRefusal(sentence)).toEqual({
      sentence,
      who: ROLE,
      action: "batch:SubmitJob",
      resource: QUEUE,
      effect,
      policy,
    });
  });

  test("S3 quotes the resource, which may have blanks in it", () => {
    const key = "arn:aws:s3:::lab-jobs/a b/run.zip";
    const end = "with an explicit deny in a resource-based policy";
    const refusal = readRefusal(
      `User: ${USER} is not authorized to perform: s3:PutObject on resource: "${key}" ${end}`,
    );
    expect(refusal).toMatchObject({ resource: key, effect: "explicit deny", policy: "resource" });
  });

  test("KMS does not say which of two it is", () => {
    const refusal = readRefusal(
      `User: ${USER} is not authorized to perform: kms:GenerateDataKey on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
    );
    expect(refusal).toMatchObject({ action: "kms:GenerateDataKey", effect: undefined, policy: "resource" });
  });

  test("a resource of any length does not hide the cause, and is shortened for people", () => {
    const refusal = readRefusal(
      `User: ${USER} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b/${"k".repeat(1000)}" with an explicit deny in a session policy`,
    );
    expect(refusal).toMatchObject({ effect: "explicit deny", policy: "session" });
    expect(refusal.sentence).toHaveLength(700);
  });

  test.each([
    [
      "a line of a job's log",
      `upload failed: ../build.zip to s3://b/k An error occurred (AccessDenied) when calling the PutObject operation: ${submit}`,
    ],
    [
      "CloudFormation's reason",
      `Resource handler returned message: "${submit} (Service: Batch, Status Code: 403, Request ID: 1)" (RequestToken: 2)`,
    ],
    [
      "EC2's words",
      `You are not authorized to perform this operation. ${submit}. Encoded authorization failure message: ${"x".repeat(900)}`,
    ],
    ["something for terminals", `\u001B[31m${submit}\u001B[0m\n`],
  ])("of %s only the sentence is quoted", (_, text) => {
    expect(readRefusal(text).sentence).toBe(submit);
  });

  test.each([
    ["Access Denied", "Access Denied"],
    [
      "upload failed: An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
      "Access Denied",
    ],
  ])("%s is all that there is", (text, sentence) => {
    expect(readRefusal(text)).toEqual({ ...readRefusal(""), sentence });
  });
});

describe("who can cure it", () => {
  const advice = (end: string) => adviseOnRefusal(readRefusal(`${submit} ${end}`));

  test("a permission that is missing is the account's administrator's to give", () => {
    expect(advice("because no identity-based policy allows the batch:SubmitJob action")).toBe(
      "Ask the administrator of your AWS account for the permission batch:SubmitJob.",
    );
  });

  test.each<[string, RegExp]>([
    ["an identity-based policy", /administrator of your AWS account .* your user, group or role\.$/],
    ["a resource-based policy", /the resource's own policy\.$/],
    [
      "a service control policy",
      /administrator of your organisation .* cannot change it\) .*service control/,
    ],
    ["a resource control policy", /administrator of your organisation .* resource control policy/],
    ["a permissions boundary", /administrator of your AWS account .* permissions boundary/],
    ["a session policy", /whoever issues these credentials/],
    ["a VPC endpoint policy", /administrator of the network .* VPC endpoint/],
  ])("an explicit deny in %s: not by allowing more", (kind, expected) => {
    const told = advice(`with an explicit deny in ${kind}`);
    expect(told).toContain("a further permission does not help");
    expect(told).not.toContain("for the permission");
    expect(told).toMatch(expected);
  });

  test.each<[string, RegExp]>([
    ["service control policy", /administrator of your organisation/],
    ["permissions boundary", /the permissions boundary of your user, group or role/],
    ["session policy", /whoever issues these credentials/],
    ["VPC endpoint policy", /administrator of the network/],
  ])("no %s allows it: a permission elsewhere does not help", (kind, expected) => {
    const told = advice(`because no ${kind} allows the batch:SubmitJob action`);
    expect(told).toContain("a permission elsewhere does not help");
    expect(told).toMatch(expected);
  });
});

describe("as an error", () => {
  const denied = (message: string, name = "AccessDeniedException") =>
    Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 403 } });

  test("AWS's sentence is quoted, and a deny is not called a missing permission", () => {
    const sentence = `${submit} with an explicit deny in a service control policy`;
    const told = explainAwsError(denied(sentence), "submit the job");
    expect(told).toMatchObject({
      message: `AWS does not allow you to submit the job (AccessDeniedException). AWS says: “${sentence}”.`,
      hint: expect.stringMatching(/organisation/),
    });
    expect(told).not.toMatchObject({ hint: expect.stringMatching(/for the permission/) });
  });

  test("an answer to HEAD, which has no sentence, quotes nothing", () => {
    const told = explainAwsError(denied("UnknownError", "Unknown"), "look up the bucket");
    expect(told).toMatchObject({ message: "AWS does not allow you to look up the bucket (Unknown)." });
  });
});
