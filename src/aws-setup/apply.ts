import { isCuredByAllowing, readRefusal } from "../aws/refusal.ts";
import { adviseOnRefusal } from "../aws/refusal-advice.ts";
import { UserError } from "../errors.ts";
import { failureLines, followToTheEnd, lastEvent } from "./progress.ts";
import type { Plan } from "./propose.ts";
import type { Site } from "./site.ts";
import { setupCommand } from "./stacks.ts";

/**
 * Carries a plan out, with live progress. Where that fails, AWS takes back what it had done, and the UserError says what failed in
 * its own words. AWS goes on where the user leaves in the middle: the program's last words say so.
 */
export async function applyPlan(site: Site, plan: Plan): Promise<void> {
  const { stacks } = site.services;
  const stack = await stacks.find(plan.stackName);
  const again = setupCommand(plan.stackName);
  if (stack === undefined) {
    throw new UserError(`The stack ${plan.stackName} has been deleted meanwhile.`, {
      hint: `To create it anew: ${again}`,
    });
  }
  const since = await lastEvent(site, stack.id);
  await plan.execute();
  const ended = await followToTheEnd(site, stack.id, since, [
    `AWS goes on with the stack ${plan.stackName}. To wait for it and finish: ${again}`,
    `To take it all away again: ${again} --remove`,
  ]);
  if (ended.status === "CREATE_COMPLETE" || ended.status === "UPDATE_COMPLETE") {
    // What a change has replaced is deleted at its end; where that fails, AWS forgets it.
    for (const line of failureLines(ended.failures)) {
      site.context.io.warn(`Left behind, and no longer part of the stack: ${line}`);
    }
    return;
  }
  const did = plan.isNew ? "created" : "changed";
  const reasons = failureLines(ended.failures);
  throw new UserError(
    [
      `The stack ${plan.stackName} could not be ${did} (${ended.status}):`,
      ...reasons.map((line) => `  ${line}`),
    ].join("\n"),
    { hint: hintFor(reasons, ended.status) },
  );
}

function hintFor(lines: readonly string[], status: string): string {
  const reasons = lines.join("\n");
  const service = /(batch|ecs|spot|autoscaling)\.amazonaws\.com/.exec(reasons)?.[1];
  const refusal = lines.map(readRefusal).find(({ action }) => action !== undefined);
  if (refusal !== undefined && !isCuredByAllowing(refusal)) return adviseOnRefusal(refusal);
  if (/service.?linked role/i.test(reasons)) {
    return `AWS makes that role itself, where it may: aws iam create-service-linked-role --aws-service-name ${service ?? "batch"}.amazonaws.com`;
  }
  return status.endsWith("ROLLBACK_COMPLETE")
    ? "AWS has taken back what it had done. Mend that, and run the same command again."
    : "Not all could be taken back: see the stack's events in the CloudFormation console, or remove it with --remove.";
}
