import type { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { expect, test } from "vitest";
import { CancelledError, UserError } from "../errors.ts";
import { createStacks } from "./cloudformation.ts";
import type { Stacks } from "./stacks.ts";

/** {@link createStacks} over answers by the command's name, one a request; and the requests. */
function stacksOf(answers: Readonly<Record<string, readonly unknown[]>>) {
  const requests: [name: string, input: object][] = [];
  const left = new Map(Object.entries(answers).map(([name, list]) => [name, [...list]]));
  const send = async (command: { readonly input: object }) => {
    const name = command.constructor.name.replace(/Command$/, "");
    requests.push([name, command.input]);
    const answer = left.get(name)?.shift() ?? {};
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const client = { send } as unknown as CloudFormationClient;
  return { stacks: createStacks(client, new AbortController().signal), requests };
}

const refusal = (message: string) =>
  Object.assign(new Error(message), { name: "ValidationError", $metadata: { httpStatusCode: 400 } });

test("a stack that AWS says does not exist, or is deleted, is none; another refusal is an error", async () => {
  const { stacks } = stacksOf({
    DescribeStacks: [
      refusal("Stack with id x does not exist"),
      { Stacks: [{ StackStatus: "DELETE_COMPLETE" }] },
      refusal("1 validation error detected"),
    ],
  });
  expect([await stacks.find("x"), await stacks.find("x")]).toEqual([undefined, undefined]);
  await expect(stacks.find("x")).rejects.toThrow(UserError);
});

test("a change set is read to its last page, with what is replaced", async () => {
  const change = (LogicalResourceId: string, more: object) => ({
    ResourceChange: { LogicalResourceId, ResourceType: "AWS::S3::Bucket", ...more },
  });
  const { stacks } = stacksOf({
    DescribeChangeSet: [
      { Status: "CREATE_IN_PROGRESS" },
      {
        Status: "CREATE_COMPLETE",
        NextToken: "2",
        Changes: [
          change("A", { Action: "Add" }),
          change("B", {
            Action: "Modify",
            Replacement: "False",
            Details: [{ Target: { Name: "Tags" } }, { Target: { Name: "Tags" } }, { Target: {} }],
          }),
        ],
      },
      {
        Status: "CREATE_COMPLETE",
        Changes: [
          change("C", { Action: "Modify", Replacement: "True" }),
          change("D", { Action: "Modify", Replacement: "Conditional" }),
          change("E", { Action: "Remove" }),
        ],
      },
    ],
  });
  expect(await stacks.changeSet("arn")).toEqual({ kind: "pending" });
  const planned = await stacks.changeSet("arn");
  expect(
    planned.kind === "ready" && planned.changes.map(({ action, resource }) => `${action} ${resource}`),
  ).toEqual(["add A", "modify B", "replace C", "may replace D", "remove E"]);
  expect(planned.kind === "ready" && planned.changes[1]?.properties).toEqual(["Tags"]);
});

test.each([
  ["The submitted information didn't contain changes. Submit different information.", { kind: "empty" }],
  ["No updates are to be performed.", { kind: "empty" }],
  ["Transform failed", { kind: "failed", reasons: ["Transform failed"] }],
])("a change set that has failed with “%s”", async (StatusReason, expected) => {
  const { stacks } = stacksOf({ DescribeChangeSet: [{ Status: "FAILED", StatusReason }] });
  expect(await stacks.changeSet("arn")).toEqual(expected);
});

const validationFailed = {
  Status: "FAILED",
  StatusReason:
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.",
};

test("a plan that CloudFormation's own validation refuses: the reasons are those of the resources", async () => {
  const found = (
    LogicalResourceId: string,
    ValidationFailureMode: string,
    ValidationStatusReason: string,
  ) => ({
    EventType: "VALIDATION_ERROR",
    ResourceType: "AWS::S3::Bucket",
    LogicalResourceId,
    ValidationFailureMode,
    ValidationStatusReason,
  });
  const { stacks, requests } = stacksOf({
    DescribeChangeSet: [validationFailed],
    DescribeEvents: [
      {
        NextToken: "2",
        OperationEvents: [
          { EventType: "STACK_EVENT", OperationType: "CREATE_CHANGESET", OperationStatus: "FAILED" },
          found("Bucket", "FAIL", "Resource with identifier 'lab-jobs' already exists."),
          found("Old", "WARN", "The bucket 'old-jobs' is not empty."),
        ],
      },
      { OperationEvents: [found("Other", "FAIL", "#/BucketName: too long")] },
    ],
  });
  expect(await stacks.changeSet("arn")).toEqual({
    kind: "failed",
    reasons: [
      "S3 bucket Bucket: Resource with identifier 'lab-jobs' already exists.",
      "S3 bucket Other: #/BucketName: too long",
    ],
  });
  expect(requests[1]).toEqual(["DescribeEvents", { ChangeSetName: "arn", Filters: { FailedEvents: true } }]);
});

test("who may not ask for those reasons gets the change set's", async () => {
  const { stacks } = stacksOf({
    DescribeChangeSet: [validationFailed],
    DescribeEvents: [Object.assign(refusal("not authorized"), { name: "AccessDenied" })],
  });
  expect(await stacks.changeSet("arn")).toEqual({ kind: "failed", reasons: [validationFailed.StatusReason] });
});

const proposal = { stackName: "s", changeSetName: "c", isNew: true, template: "", parameters: {}, tags: {} };

test("a new stack is taken back only while it is nothing but a plan", async () => {
  const planned = stacksOf({
    DescribeStacks: [{ Stacks: [{ StackId: "id", StackStatus: "REVIEW_IN_PROGRESS" }] }],
  });
  await planned.stacks.discard(proposal);
  expect(planned.requests.at(-1)).toEqual(["DeleteStack", { StackName: "id" }]);

  const executed = stacksOf({
    DescribeStacks: [{ Stacks: [{ StackId: "id", StackStatus: "CREATE_IN_PROGRESS" }] }],
  });
  await executed.stacks.discard(proposal);
  expect(executed.requests.map(([name]) => name)).toEqual(["DescribeChangeSet", "DescribeStacks"]);
});

test("of a stack that was there before, the change set alone is taken back, when AWS has done with it", async () => {
  const { stacks, requests } = stacksOf({
    DescribeChangeSet: [{ Status: "CREATE_IN_PROGRESS" }, { Status: "CREATE_COMPLETE" }],
  });
  await stacks.discard({ ...proposal, isNew: false });
  const changeSet = { StackName: "s", ChangeSetName: "c" };
  expect(requests).toEqual([
    ["DescribeChangeSet", changeSet],
    ["DescribeChangeSet", changeSet],
    ["DeleteChangeSet", changeSet],
  ]);
});

test.each(["ChangeSetNotFoundException", "ValidationError"])(
  "a plan that AWS has not taken up (%s) needs no taking back",
  async (name) => {
    const none = Object.assign(refusal("ChangeSet [c] does not exist"), { name });
    const { stacks, requests } = stacksOf({ DescribeChangeSet: [none], DescribeStacks: [{ Stacks: [] }] });
    await stacks.discard(proposal);
    expect(requests.map(([request]) => request)).toEqual(["DescribeChangeSet", "DescribeStacks"]);
  },
);

test.each([
  ["propose", (stacks: Stacks) => stacks.propose(proposal)],
  ["execute", (stacks: Stacks) => stacks.execute("arn")],
  ["remove", (stacks: Stacks) => stacks.remove("s")],
  ["continueRollback", (stacks: Stacks) => stacks.continueRollback("s")],
])(
  "%s is not broken off by Control-C, which else would leave open whether AWS is at work; and not begun after it",
  async (_, ask) => {
    const interrupt = new AbortController();
    const sent: string[] = [];
    const send = async (command: object, { abortSignal }: { readonly abortSignal?: AbortSignal } = {}) => {
      interrupt.abort(new CancelledError());
      abortSignal?.throwIfAborted();
      sent.push(command.constructor.name);
      return {};
    };
    const stacks = createStacks({ send } as unknown as CloudFormationClient, interrupt.signal);
    await ask(stacks);
    expect(sent).toHaveLength(1);
    await expect(ask(stacks)).rejects.toThrow(CancelledError);
    expect(sent).toHaveLength(1);
  },
);

test("a plan that is carried out has a token, by which a second try of the request is known", async () => {
  const { stacks, requests } = stacksOf({});
  await stacks.execute("arn:aws:cloudformation:us-east-1:123456789012:changeSet/nextstrain-1/a-b-c");
  expect(requests).toMatchObject([["ExecuteChangeSet", { ClientRequestToken: "a-b-c" }]]);
});

test("tags are asked for only where there are any, and AWS's own are not given back to it", async () => {
  const { stacks, requests } = stacksOf({
    DescribeStacks: [
      {
        Stacks: [
          {
            Tags: [
              { Key: "aws:x", Value: "1" },
              { Key: "project", Value: "zika" },
            ],
          },
        ],
      },
    ],
  });
  const proposal = { stackName: "s", changeSetName: "c", isNew: true, template: "", parameters: {} };
  await stacks.propose({ ...proposal, tags: {} });
  await stacks.propose({ ...proposal, tags: (await stacks.find("s"))?.tags ?? {} });
  const tags = requests.flatMap(([name, input]) => (name === "CreateChangeSet" ? [Object(input).Tags] : []));
  expect(tags).toEqual([undefined, [{ Key: "project", Value: "zika" }]]);
});
