import { type TestContext, testContext } from "../../../test/support/context.ts";
import { formatTagList } from "../../aws/tags.ts";
import type { OwnedIo } from "../../cli/io.ts";
import type { Questions, Site } from "../site.ts";
import type { Stacks } from "../stacks.ts";
import type { FakeAccount, FakeStack } from "./fake-account.ts";
import { fakeStacks } from "./fake-stacks.ts";

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
        async create(tags) {
          const tagged = formatTagList(tags);
          account.done.push(`create log group${tagged && ` with ${tagged}`}`);
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
