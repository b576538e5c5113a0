import { UserError } from "../../errors.ts";
import type { Change, ChangeSet, Proposal, Stack, StackEvent, Stacks } from "../stacks.ts";
import type { FakeAccount, FakeStack } from "./fake-account.ts";

/** What the fake's template has. */
const RESOURCES: Readonly<Record<string, string>> = {
  Bucket: "AWS::S3::Bucket",
  JobRole: "AWS::IAM::Role",
  ComputeEnvironment: "AWS::Batch::ComputeEnvironment",
  JobQueue: "AWS::Batch::JobQueue",
};

/** What every set-up's stack has. */
const PARAMETERS = {
  BucketName: "lab-jobs",
  JobQueueName: "nextstrain-job-queue",
  JobDefinitionName: "nextstrain-job",
};

/** Puts a set-up's stack into the account. */
export function addStack(
  account: FakeAccount,
  status: string,
  parameters: Readonly<Record<string, string>> = {},
): FakeStack {
  const stack = newStack("nextstrain-batch", status);
  stack.parameters = new Map(Object.entries({ ...PARAMETERS, ...parameters }));
  stack.resources = Object.keys(RESOURCES);
  account.stacks.set(stack.name, stack);
  return stack;
}

let made = 0;

function newStack(name: string, status: string): FakeStack {
  made += 1;
  const id = `arn:aws:cloudformation:us-east-1:123456789012:stack/${name}/${made}`;
  return { name, id, status, parameters: new Map(), outputs: new Map(), tags: {}, events: [], resources: [] };
}

/** CloudFormation's side of the account. `steps` is filled with what is left to do, each of them a wait's worth. */
export function fakeStacks(account: FakeAccount, steps: (() => void)[], signal: AbortSignal): Stacks {
  const proposals = new Map<string, Proposal>();
  const byId = (key: string) =>
    [...account.stacks.values()].find((stack) => stack.name === key || stack.id === key);
  // AWS tells of a deleted stack by its id.
  const events = new Map<string, StackEvent[]>();
  const record = (stack: FakeStack, resource: string, status: string, reason?: string) => {
    const type = RESOURCES[resource] ?? "AWS::CloudFormation::Stack";
    const physicalId = resource === stack.name ? stack.id : `${stack.name}-${resource}`;
    stack.events.push({
      id: `event-${stack.events.length}`,
      at: 1000 * stack.events.length,
      resource,
      physicalId,
      type,
      status,
      reason,
    });
  };
  const set = (stack: FakeStack, status: string) => {
    stack.status = status;
    record(stack, stack.name, status);
  };
  const allow = (operation: keyof Stacks) => {
    signal.throwIfAborted();
    if (account.denied.has(operation)) throw denied();
  };

  const work = (
    stack: FakeStack,
    kind: "CREATE" | "UPDATE",
    resources: readonly string[],
    then: () => void,
  ) => {
    set(stack, `${kind}_IN_PROGRESS`);
    const failing = resources.find((resource) => account.failing.has(resource));
    for (const resource of resources) {
      steps.push(() => record(stack, resource, `${kind}_IN_PROGRESS`));
      if (failing === undefined) steps.push(() => record(stack, resource, `${kind}_COMPLETE`));
    }
    steps.push(() => {
      if (failing === undefined) {
        then();
        set(stack, `${kind}_COMPLETE`);
        return;
      }
      record(stack, failing, `${kind}_FAILED`, account.failing.get(failing));
      for (const other of resources.filter((resource) => resource !== failing)) {
        record(stack, other, `${kind}_FAILED`, "Resource creation cancelled");
      }
      set(stack, kind === "CREATE" ? "ROLLBACK_IN_PROGRESS" : "UPDATE_ROLLBACK_IN_PROGRESS");
      steps.push(() => {
        const undone = kind === "CREATE" ? "DELETE_COMPLETE" : "UPDATE_COMPLETE";
        for (const resource of resources) record(stack, resource, undone);
        set(stack, kind === "CREATE" ? "ROLLBACK_COMPLETE" : "UPDATE_ROLLBACK_COMPLETE");
      });
    });
  };

  return {
    async find(key) {
      allow("find");
      const stack = byId(key);
      return stack && ({ ...stack, reason: undefined } satisfies Stack);
    },
    async propose(proposal) {
      allow("propose");
      const existing = byId(proposal.stackName);
      if (proposal.isNew && existing === undefined) {
        account.stacks.set(proposal.stackName, newStack(proposal.stackName, "REVIEW_IN_PROGRESS"));
      }
      proposals.set(proposal.changeSetName, proposal);
      account.openChangeSets.add(proposal.changeSetName);
      return proposal.changeSetName;
    },
    async changeSet(arn) {
      allow("changeSet");
      if (account.refusal !== undefined) return { kind: "failed", reasons: [account.refusal] };
      const proposal = proposals.get(arn);
      const stack = byId(proposal?.stackName ?? "");
      if (proposal === undefined || stack === undefined) throw new Error("no such change set");
      return planOf(proposal, stack);
    },
    async execute(arn) {
      allow("execute");
      const proposal = proposals.get(arn);
      const stack = byId(proposal?.stackName ?? "");
      if (proposal === undefined || stack === undefined) throw new Error("no such change set");
      account.openChangeSets.delete(arn);
      account.done.push(`${proposal.isNew ? "create" : "update"} ${stack.name}`);
      const resources = proposal.isNew ? Object.keys(RESOURCES) : ["ComputeEnvironment"];
      work(stack, proposal.isNew ? "CREATE" : "UPDATE", resources, () => {
        stack.parameters = new Map(Object.entries(proposal.parameters));
        stack.tags = proposal.tags;
        stack.outputs = new Map([["GroupName", "nextstrain-batch-JobsGroup-1"]]);
        stack.resources = Object.keys(RESOURCES);
      });
    },
    async discard({ stackName, changeSetName, isNew }) {
      account.openChangeSets.delete(changeSetName);
      if (isNew && byId(stackName)?.status === "REVIEW_IN_PROGRESS") account.stacks.delete(stackName);
    },
    async events(id, since) {
      allow("events");
      const all = byId(id)?.events ?? events.get(id) ?? [];
      return all.slice(all.findIndex((event) => event.id === since) + 1);
    },
    async resources(id) {
      return (byId(id)?.resources ?? []).map((resource) => ({
        resource,
        physicalId: resource,
        type: RESOURCES[resource] ?? "",
        status: "CREATE_COMPLETE",
      }));
    },
    async remove(id) {
      allow("remove");
      const stack = byId(id);
      if (stack === undefined) return;
      account.done.push(`delete ${stack.name}`);
      set(stack, "DELETE_IN_PROGRESS");
      const failing = stack.resources.find((resource) => account.failing.has(resource));
      steps.push(() => {
        for (const resource of stack.resources.filter((one) => one !== failing)) {
          record(stack, resource, resource === "Bucket" ? "DELETE_SKIPPED" : "DELETE_COMPLETE");
        }
        if (failing === undefined) {
          events.set(stack.id, stack.events);
          account.stacks.delete(stack.name);
          return;
        }
        record(stack, failing, "DELETE_FAILED", account.failing.get(failing));
        set(stack, "DELETE_FAILED");
      });
    },
    async continueRollback(id) {
      const stack = byId(id);
      if (stack === undefined) return;
      account.done.push("continue rollback");
      set(stack, "UPDATE_ROLLBACK_IN_PROGRESS");
      steps.push(() =>
        set(stack, account.failing.size > 0 ? "UPDATE_ROLLBACK_FAILED" : "UPDATE_ROLLBACK_COMPLETE"),
      );
    },
  };
}

function planOf(proposal: Proposal, stack: FakeStack): ChangeSet {
  const change = (resource: string, action: Change["action"], properties: string[] = []): Change => ({
    action,
    resource,
    physicalId: undefined,
    type: RESOURCES[resource] ?? "",
    properties,
  });
  if (proposal.isNew) {
    return { kind: "ready", changes: Object.keys(RESOURCES).map((resource) => change(resource, "add")) };
  }
  const same = Object.entries(proposal.parameters).every(
    ([name, value]) => stack.parameters.get(name) === value,
  );
  return same
    ? { kind: "empty" }
    : { kind: "ready", changes: [change("ComputeEnvironment", "modify", ["ComputeResources"])] };
}

/** As the SDK and `explained` make it. */
function denied(): Error {
  const cause = Object.assign(new Error("no"), { name: "AccessDenied", $metadata: { httpStatusCode: 403 } });
  return new UserError("AWS does not allow you to look up the stack.", { cause });
}
