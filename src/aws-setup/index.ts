import { isDenied } from "../aws/errors.ts";
import { LOG_GROUP } from "../aws/log-place.ts";
import type { Tags } from "../aws/tags.ts";
import { CancelledError, UserError } from "../errors.ts";
import { adoptExisting } from "./adopt.ts";
import { applyPlan } from "./apply.ts";
import { chooseBucket } from "./bucket-choice.ts";
import { checkFit } from "./fit.ts";
import { planLogGroup, settleLogGroup } from "./log-group.ts";
import { adoptNamed, type Named } from "./named.ts";
import { chooseNetwork } from "./network.ts";
import { completeParameters, type Parameters, type SomeParameters } from "./parameters.ts";
import { dangerToJobs, planSummary, planTable } from "./plan.ts";
import { type Plan, proposePlan } from "./propose.ts";
import { logRetention } from "./retention.ts";
import { isBroken, mendStack, plannableStack, quietStack } from "./settle.ts";
import type { Site } from "./site.ts";
import { type Stack, setupCommand } from "./stacks.ts";
import { chooseTags } from "./tags.ts";
import { readTemplate } from "./template.ts";

/** What a build needs to know of a set-up. */
export interface Names {
  readonly bucket: string;
  readonly queue: string;
  readonly job: string;
}

export interface SetupRequest {
  readonly stackName: string;
  /** What the options say. */
  readonly given: SomeParameters;
  /** What is to be used instead of made. */
  readonly named: Named;
  /** Whether to use all that exists already under the names of a set-up. */
  readonly adopt: boolean;
  /** What builds use now: by option, environment, config file or default. */
  readonly configured: Names;
  /** Those of them that somebody chose, by environment or config file. */
  readonly chosen: SomeParameters;
  /** Tags for all of the stack, besides those that it has. */
  readonly tags: Tags;
  readonly dryRun: boolean;
  readonly force: boolean;
}

/** How a set-up came out. */
export type SetupResult =
  /** There is one already that somebody else made: nothing was done. */
  | { readonly kind: "found"; readonly names: Names }
  /** It was shown what would be done. */
  | { readonly kind: "shown" }
  | { readonly kind: "made"; readonly names: Names; readonly outputs: ReadonlyMap<string, string> };

/**
 * Sets AWS up: look, ask, plan, confirm, apply, log group. Says what it does. Throws UserError for what can't be done, with
 * nothing half-done but what it says; CancelledError where the user doesn't agree.
 */
export async function setUpAwsBatch(site: Site, request: SetupRequest): Promise<SetupResult> {
  const { io } = site.context;
  const { stackName, dryRun, configured } = request;
  const worksAlready = !request.force && (await exists(site, configured));
  const found = await findOwnStack(site, stackName, worksAlready);
  if (worksAlready && found === undefined) return { kind: "found", names: configured };
  if (site.questions.by === "nobody" && !dryRun) throw nobodyToAsk();

  io.out(`Setting up AWS Batch in ${site.region}, as the CloudFormation stack ${stackName}.`);
  const quiet = await quietStack(site, stackName);
  // A dry run leaves even what is broken as it is, and plans a stack beside it.
  const isShownBeside = dryRun && quiet !== undefined && isBroken(quiet);
  if (isShownBeside) io.out(`The stack ${stackName} is broken (${quiet.status}): it would be deleted first.`);
  const stack = isShownBeside ? undefined : dryRun ? plannableStack(quiet) : await mendStack(site, quiet);
  const parameters = await chooseParameters(site, request, stack);
  const tags = chooseTags(stack, request.tags, parameters);
  const logPlan = await planLogGroup(site, logRetention(Number(parameters.RetentionDays)), tags);

  await using plan = await proposePlan(site, {
    stackName: isShownBeside ? `${stackName}-dry-run` : stackName,
    stack,
    template: await readTemplate(),
    parameters,
    tags,
  });
  for (const line of describePlan(plan)) io.out(line);
  // Jobs that run have the limit of when they were submitted.
  const danger = dangerToJobs(plan.changes, Number(stack?.parameters.get("TimeoutSeconds") ?? 0));
  if (danger !== undefined) io.warn(danger);
  if (logPlan.kind === "create") io.out(`  + create  the log group ${LOG_GROUP}, outside of the stack`);
  if (dryRun) {
    io.out("Nothing was done (--dry-run).");
    return { kind: "shown" };
  }
  if (!plan.isEmpty) {
    const question = stack === undefined ? "Create all this?" : "Make these changes?";
    if (!(await site.questions.confirm(question))) throw new CancelledError("Nothing was changed.", 1);
    await applyPlan(site, plan);
    // Where the user leaves at the next question, or may not do the rest.
    const rest = `what is left (log group, config file, checks) is done by: ${setupCommand(stackName)}`;
    io.lastWords([`The stack ${stackName} is as planned; ${rest}`]);
  }
  await settleLogGroup(site, logPlan, !plan.isEmpty);
  io.lastWords(undefined);
  const made = await site.services.stacks.find(stackName);
  return { kind: "made", names: namesOf(parameters), outputs: made?.outputs ?? new Map() };
}

/** Whether all that a build needs is there. */
async function exists({ services }: Site, { bucket, queue, job }: Names): Promise<boolean> {
  const [hasQueue, hasJob, state] = await Promise.all([
    services.existing.queue(queue),
    services.existing.definition(job),
    services.buckets.look(bucket),
  ]);
  return hasQueue && hasJob && state === "ours";
}

/** The stack of the name. Who may use a set-up but not see stacks has none of their own. */
async function findOwnStack(
  { services }: Site,
  name: string,
  mayBeDenied: boolean,
): Promise<Stack | undefined> {
  try {
    return await services.stacks.find(name);
  } catch (error) {
    if (mayBeDenied && error instanceof UserError && isDenied(error.cause)) return undefined;
    throw error;
  }
}

async function chooseParameters(
  site: Site,
  request: SetupRequest,
  stack: Stack | undefined,
): Promise<Parameters> {
  const before = stack && stack.parameters.size > 0 ? stack.parameters : undefined;
  const BucketName = await chooseBucket(site, {
    given: request.given.BucketName,
    before: before?.get("BucketName"),
    configured: request.chosen.BucketName,
  });
  // A bucket of another name is made, unless it turns out to exist.
  const fresh: SomeParameters = before?.get("BucketName") === BucketName ? {} : { CreateBucket: "yes" };
  const network = await chooseNetwork(site, request.given, before);
  const named = await adoptNamed(site, request.named, BucketName);
  const wanted = completeParameters(
    { ...request.given, BucketName, ...fresh, ...network, ...named },
    before,
    request.chosen,
  );
  await checkFit(site, wanted);
  return { ...wanted, ...(await adoptExisting(site, wanted, { before, adopt: request.adopt })) };
}

function describePlan({ isEmpty, changes }: Plan): string[] {
  if (isEmpty) return ["Nothing is to be changed: all of it is as asked for."];
  if (changes.length === 0) return ["No resource is to be changed, only what the stack says of itself."];
  return [`${capital(planSummary(changes))}:`, ...planTable(changes)];
}

function namesOf(parameters: Parameters): Names {
  return {
    bucket: parameters.BucketName,
    queue: parameters.JobQueueName,
    job: parameters.JobDefinitionName,
  };
}

function nobodyToAsk(): UserError {
  return new UserError("Setting up AWS asks first, and there is no terminal to ask at.", {
    hint: "Add --yes to agree to the plan, or --dry-run to see it.",
  });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
