import { UserError } from "../errors.ts";
import type { ParameterName } from "./parameters.ts";
import { failureLines, followStack, followToTheEnd, lastEvent } from "./progress.ts";
import type { Site } from "./site.ts";
import { type Stack, setupCommand } from "./stacks.ts";

/** Stacks that CloudFormation takes no changes of: an earlier try has left them, and only deleting helps. */
const BROKEN: ReadonlySet<string> = new Set([
  "CREATE_FAILED",
  "ROLLBACK_COMPLETE",
  "ROLLBACK_FAILED",
  "DELETE_FAILED",
]);

export function isBroken({ status }: Stack): boolean {
  return BROKEN.has(status);
}

/** A stack that was proposed, and never made: a plan that nobody carried out. */
export function isOnlyProposed({ status }: Stack): boolean {
  return status === "REVIEW_IN_PROGRESS";
}

/**
 * Waits until nothing is going on at the stack. Undefined where there is none, or none any more. Throws UserError where the
 * stack of that name is something else's: with it would go all that is in it.
 */
export async function quietStack(site: Site, name: string): Promise<Stack | undefined> {
  const stack = await site.services.stacks.find(name);
  if (stack !== undefined) refuseForeign(stack);
  if (stack === undefined || isOnlyProposed(stack) || !stack.status.endsWith("_IN_PROGRESS")) return stack;
  site.context.io.out(
    `CloudFormation is still at work on the stack ${name} (${stack.status}). Waiting for it.`,
  );
  const { failures } = await followStack(site, stack.id, await lastEvent(site, stack.id), true);
  for (const line of failureLines(failures)) site.context.io.warn(line);
  return quietStack(site, name);
}

/** A set-up's stack is known by its parameters. One that was only proposed has none yet, and holds nothing. */
function refuseForeign(stack: Stack): void {
  const isSetup = OWN_PARAMETERS.every((name) => stack.parameters.has(name));
  if (isSetup || isOnlyProposed(stack)) return;
  throw new UserError(`The stack ${stack.name} (${stack.status}) is not a set-up of this program's.`, {
    hint: "Nothing was done to it. Name another: --stack-name NAME.",
  });
}

const OWN_PARAMETERS: readonly ParameterName[] = ["BucketName", "JobQueueName", "JobDefinitionName"];

/** The stack as a dry run takes it: as it is. Throws UserError where AWS plans nothing for it in that state. */
export function plannableStack(stack: Stack | undefined): Stack | undefined {
  if (stack?.status !== "UPDATE_ROLLBACK_FAILED") return stack;
  throw new UserError(
    `The last change to the stack ${stack.name} could not be taken back entirely (${stack.status}): AWS plans nothing for it.`,
    { hint: "Run it without --dry-run: that is tried again first, and the plan is asked about as ever." },
  );
}

/** Makes the stack one that can be changed, or goes away: what earlier tries have left broken is cleaned up, after saying so. */
export async function mendStack(site: Site, stack: Stack | undefined): Promise<Stack | undefined> {
  if (stack === undefined) return undefined;
  const { io } = site.context;
  const { stacks } = site.services;
  if (isOnlyProposed(stack)) {
    io.out(`The stack ${stack.name} is a plan of an earlier try that was never carried out. Deleting it.`);
    await stacks.remove(stack.id);
    await gone(site, stack.id);
    return undefined;
  }
  if (isBroken(stack)) {
    io.out(`The stack ${stack.name} was left by a try that failed (${stack.status}). Deleting it.`);
    await deleteStack(site, stack);
    return undefined;
  }
  if (stack.status === "UPDATE_ROLLBACK_FAILED") {
    io.out(`The last change to the stack ${stack.name} could not be taken back entirely. Trying that again.`);
    const since = await lastEvent(site, stack.id);
    await stacks.continueRollback(stack.id);
    const { status, failures } = await followStack(site, stack.id, since);
    if (status !== "UPDATE_ROLLBACK_COMPLETE") {
      throw new UserError(
        [`The stack ${stack.name} can't be brought back to what it was:`, ...failureLines(failures)].join(
          "\n",
        ),
        {
          hint: "Mend that, or skip the resource: CloudFormation console, Stack actions, Continue update rollback.",
        },
      );
    }
    return stacks.find(stack.name);
  }
  return stack;
}

/**
 * Deletes a stack, with live progress. Throws UserError with the resources' own reasons where some of it stays.
 *
 * @param lastWords what the program says in the end where the user leaves, and AWS goes on
 */
export async function deleteStack(
  site: Site,
  stack: Stack,
  lastWords: readonly string[] = [
    `AWS goes on deleting the stack ${stack.name}. To see that through: ${setupCommand(stack.name)} --remove`,
  ],
): Promise<void> {
  const { stacks } = site.services;
  const since = await lastEvent(site, stack.id);
  await stacks.remove(stack.id);
  const { status, failures } = await followToTheEnd(site, stack.id, since, lastWords);
  if (status === "GONE") return;
  throw new UserError(
    [`The stack ${stack.name} could not be deleted entirely (${status}):`, ...failureLines(failures)].join(
      "\n",
    ),
    { hint: "Mend that, and run the same command again." },
  );
}

/** A stack without resources has no events to follow. */
async function gone(site: Site, stackId: string): Promise<void> {
  while ((await site.services.stacks.find(stackId)) !== undefined) await site.pause();
}
