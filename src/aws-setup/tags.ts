import { formatTagList, joinTags, type Tags } from "../aws/tags.ts";
import { UserError } from "../errors.ts";
import type { Parameters } from "./parameters.ts";
import { isOnlyProposed } from "./settle.ts";
import type { Stack } from "./stacks.ts";

/**
 * The tags that a stack is to have: those that it has, and those given. Throws UserError where AWS could not change them: it replaces
 * a job queue whose tags change, which it can't do under the same name, and then rolls the whole change back.
 */
export function chooseTags(stack: Stack | undefined, given: Tags, { JobQueueName }: Parameters): Tags {
  const before = stack?.tags ?? {};
  const tags = joinTags(before, given);
  const isSame = Object.entries(given).every(
    ([key, value]) => Object.hasOwn(before, key) && before[key] === value,
  );
  if (isSame || stack === undefined || isOnlyProposed(stack)) return tags;
  if (stack.parameters.get("JobQueueName") !== JobQueueName) return tags;
  const has = formatTagList(before) || "none";
  throw new UserError(
    `AWS can't change the tags of a job queue that is there already: the stack ${stack.name} has ${has}.`,
    {
      hint: "Give the queue another name along with the tags: --aws-batch-queue NAME. AWS then makes a new one, and removes the old one with the jobs in it.",
    },
  );
}
