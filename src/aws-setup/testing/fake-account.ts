import { type TestContext, testContext } from "../../../test/support/context.ts";
import type { OwnedIo } from "../../cli/io.ts";
import { UserError } from "../../errors.ts";
import type { BucketState, InstanceType, Subnet } from "../services.ts";
import type { Questions, Site } from "../site.ts";
import type { Change, ChangeSet, Proposal, Stack, StackEvent, Stacks } from "../stacks.ts";

/** A stack of the fake, and what happened to it. */
export interface FakeStack {
  readonly name: string;
  readonly id: string;
  status: string;
  parameters: Map<string, string>;
  outputs: Map<string, string>;
  readonly events: StackEvent[];
  resources: string[];
}

/** What there is in the account; tests change it as they need. */
export interface FakeAccount {
  readonly stacks: Map<string, FakeStack>;
  /** Change sets that nobody has carried out or taken back. */
  readonly openChangeSets: Set<string>;
  readonly buckets: Map<string, { state: BucketState; objects: number }>;
  readonly roles: Map<string, string>;
  readonly policies: Map<string, { readonly arn: string; readonly document: string }>;
  readonly groups: Map<string, string[]>;
  readonly queues: Set<string>;
  readonly definitions: Set<string>;
  retention: number | "ever" | undefined;
  defaultVpc: string | undefined;
  subnets: Subnet[];
  instanceTypes: InstanceType[] | undefined;
  /** Why a resource can't be made or deleted, by its name in the template. */
  readonly failing: Map<string, string>;
  /** Why CloudFormation refuses any plan. */
  refusal: string | undefined;
  /** What may not be asked. */
  readonly denied: Set<keyof Stacks>;
  /** Each request that changes something, in order. */
  readonly done: string[];
  /** Asked questions. */
  readonly asked: string[];
  /** Runs before each wait, with its number from 1: a place to press Control-C. */
  onPause: (count: number) => void;
}

export interface FakeSite {
  /** Its parts may be replaced. */
  readonly site: Site & {
    readonly questions: { -readonly [Name in keyof Questions]: Questions[Name] };
    readonly services: { readonly stacks: { -readonly [Name in keyof Stacks]: Stacks[Name] } };
  };
  readonly account: FakeAccount;
  readonly context: TestContext;
  readonly interrupt: AbortController;
  stack(name?: string): FakeStack | undefined;
  /** As at the program's end: prints the last words. */
  finish(): void;
}

/** What the fake's template has. */
const RESOURCES: Readonly<Record<string, string>> = {
  Bucket: "AWS::S3::Bucket",
  JobRole: "AWS::IAM::Role",
  ComputeEnvironment: "AWS::Batch::ComputeEnvironment",
  JobQueue: "AWS::Batch::JobQueue",
};

/** An account that is CloudFormation enough for the set-up: it works a step further with each wait. */
export function fakeSite(
  options: { readonly by?: Questions["by"]; readonly answers?: readonly (boolean | string)[] } = {},
): FakeSite {
  const interrupt = new AbortController();
  const context = testContext({ signal: interrupt.signal });
  const answers = [...(options.answers ?? [])];
  const steps: (() => void)[] = [];
  const account: FakeAccount = {
    stacks: new Map(),
    openChangeSets: new Set(),
    buckets: new Map(),
    roles: new Map(),
    policies: new Map(),
    groups: new Map(),
    queues: new Set(),
    definitions: new Set(),
    retention: 30,
    defaultVpc: "vpc-00000001",
    subnets: [
      { id: "subnet-0000000a", vpc: "vpc-00000001", zone: "us-east-1a", isPublic: true },
      { id: "subnet-0000000b", vpc: "vpc-00000001", zone: "us-east-1b", isPublic: true },
    ],
    instanceTypes: [
      { name: "c5.xlarge", vcpus: 4, memoryMib: 8192, hasDisks: false },
      { name: "c5.2xlarge", vcpus: 8, memoryMib: 16_384, hasDisks: false },
      { name: "c5d.xlarge", vcpus: 4, memoryMib: 8192, hasDisks: true },
    ],
    failing: new Map(),
    refusal: undefined,
    denied: new Set(),
    done: [],
    asked: [],
    onPause: () => {},
  };
  let pauses = 0;
  const next = async <T>(message: string, fallback: T): Promise<boolean | string | T> => {
    account.asked.push(message);
    interrupt.signal.throwIfAborted();
    return answers.shift() ?? fallback;
  };
  const site: FakeSite["site"] = {
    context,
    region: "us-east-1",
    questions: {
      by: options.by ?? "yes",
      confirm: async (message) => (await next(message, true)) === true,
      text: async (message, suggestion) => String(await next(message, suggestion)),
    },
    services: {
      stacks: fakeStacks(account, steps, interrupt.signal),
      network: {
        defaultVpc: async () => account.defaultVpc,
        subnets: async (which) => {
          if ("vpc" in which) return account.subnets.filter(({ vpc }) => vpc === which.vpc);
          const found = account.subnets.filter(({ id }) => which.ids.includes(id));
          return found.length === which.ids.length ? found : undefined;
        },
        instanceTypes: async (names) =>
          account.instanceTypes?.filter(({ name }) =>
            names.some((wanted) => name === wanted || name.startsWith(`${wanted}.`)),
          ),
      },
      existing: {
        accountId: async () => "123456789012",
        role: async (name) => account.roles.get(name),
        policy: async (name) => account.policies.get(name),
        group: async (name) => account.groups.get(name),
        async leaveGroup(name, user) {
          account.done.push(`${user} leaves ${name}`);
        },
        queue: async (name) => account.queues.has(name),
        definition: async (name) => account.definitions.has(name),
      },
      buckets: {
        look: async (name) => account.buckets.get(name)?.state ?? "absent",
        isEmpty: async (name) => (account.buckets.get(name)?.objects ?? 0) === 0,
        async empty(name, deleted) {
          const bucket = account.buckets.get(name);
          if (bucket === undefined || bucket.objects === 0) return;
          account.done.push(`empty ${name}`);
          deleted(bucket.objects);
          bucket.objects = 0;
        },
        async remove(name) {
          account.done.push(`remove ${name}`);
          account.buckets.delete(name);
        },
      },
      logs: {
        retention: async () => account.retention,
        async create() {
          account.done.push("create log group");
        },
        async keep(days) {
          account.done.push(`keep logs ${days} days`);
          account.retention = days;
        },
      },
    },
    async pause() {
      pauses += 1;
      account.onPause(pauses);
      interrupt.signal.throwIfAborted();
      steps.shift()?.();
    },
  };
  return {
    site,
    account,
    context,
    interrupt,
    stack: (name = "nextstrain-batch") => account.stacks.get(name),
    finish: () => (context.io as OwnedIo).finish(),
  };
}

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
  return { name, id, status, parameters: new Map(), outputs: new Map(), events: [], resources: [] };
}

function fakeStacks(account: FakeAccount, steps: (() => void)[], signal: AbortSignal): Stacks {
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
