import {
  clientException,
  optionalObject,
  optionalObjects,
  optionalStrings,
  requiredName,
  requiredString,
  tagsOf,
} from "../fields.ts";
import { batchArn, nameOf } from "../names.ts";
import { page } from "../paging.ts";
import { policyDetail } from "../render.ts";
import { isShare } from "../shares.ts";
import type { Json, SchedulingPolicy } from "../types.ts";
import type { BatchContext, Operation } from "./operation.ts";

/** CreateSchedulingPolicy: of fair shares. */
export const createSchedulingPolicy: Operation = async (input, context) => {
  const name = requiredName(input, "name");
  if (context.store.policies.has(name)) throw clientException("Object already exists");
  const policy: SchedulingPolicy = { name, ...readFairShares(input), tags: tagsOf(input) };
  context.store.policies.set(name, policy);
  await context.store.saveRegistry();
  return { name, arn: batchArn(context, "scheduling-policy", name) };
};

/** UpdateSchedulingPolicy: replaces the shares. */
export const updateSchedulingPolicy: Operation = async (input, context) => {
  const policy = requiredPolicy(context, requiredString(input, "arn"));
  context.store.policies.set(policy.name, { ...policy, ...readFairShares(input) });
  await context.store.saveRegistry();
  context.scheduler.schedule();
  return {};
};

/** DeleteSchedulingPolicy: only where no queue has it. */
export const deleteSchedulingPolicy: Operation = async (input, context) => {
  const name = nameOf(context, "scheduling-policy", requiredString(input, "arn"));
  for (const queue of context.store.queues.values()) {
    if (queue.schedulingPolicy === name) {
      throw clientException("Cannot delete, found existing JobQueue relationship");
    }
  }
  context.store.policies.delete(name);
  await context.store.saveRegistry();
  return {};
};

/** DescribeSchedulingPolicies: by ARN; unknown ones are left out. */
export const describeSchedulingPolicies: Operation = (input, context) => {
  const arns = optionalStrings(input, "arns");
  if (!arns?.length) throw clientException("arns must not be empty.");
  if (arns.length > 100) throw clientException("At most 100 scheduling policies can be described at once.");
  const found = arns.map((arn) => context.store.policies.get(nameOf(context, "scheduling-policy", arn)));
  return {
    schedulingPolicies: found
      .filter((policy) => policy !== undefined)
      .map((policy) => policyDetail(context, policy)),
  };
};

/** ListSchedulingPolicies: their ARNs, 100 a page. */
export const listSchedulingPolicies: Operation = (input, context) => {
  const { items, nextToken } = page(input, [...context.store.policies.values()], ({ name }) => name);
  return {
    schedulingPolicies: items.map(({ name }) => ({ arn: batchArn(context, "scheduling-policy", name) })),
    ...(nextToken ? { nextToken } : {}),
  };
};

/** The policy of an ARN. Throws as AWS does where there is none. */
export function requiredPolicy(context: BatchContext, arn: string): SchedulingPolicy {
  const policy = context.store.policies.get(nameOf(context, "scheduling-policy", arn));
  if (policy === undefined) throw clientException(`SchedulingPolicy ${arn} does not exist.`);
  return policy;
}

function readFairShares(input: Json): Pick<SchedulingPolicy, "fairShares"> {
  const fairShares = optionalObject(input, "fairsharePolicy");
  if (fairShares === undefined) return {};
  within(fairShares, "shareDecaySeconds", 0, 604_800);
  within(fairShares, "computeReservation", 0, 99);
  const names = (optionalObjects(fairShares, "shareDistribution") ?? []).map((share) => {
    const name = requiredString(share, "shareIdentifier");
    if (!isShare(name)) {
      throw clientException(
        `shareIdentifier is limited to 255 alphanumeric characters, optionally followed by an asterisk: ${name}`,
      );
    }
    within(share, "weightFactor", 0.0001, 999.9999);
    return name;
  });
  const overlapping = names.find((name, index) =>
    names.some((other, at) => at !== index && covers(other, name)),
  );
  if (overlapping !== undefined) throw clientException(`Share identifiers overlap: ${overlapping}`);
  return { fairShares };
}

function within(input: Json, key: string, least: number, most: number): void {
  const value = input[key] ?? undefined;
  if (value === undefined) return;
  if (typeof value !== "number" || value < least || value > most) {
    throw clientException(`${key} must be between ${least} and ${most}.`);
  }
}

/** Whether one share of a policy is another's prefix, or the same. */
function covers(share: string, name: string): boolean {
  const bare = name.replace(/\*$/, "");
  return share.endsWith("*") ? bare.startsWith(share.slice(0, -1)) : share === name;
}
