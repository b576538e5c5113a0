import { LOG_GROUP } from "../aws/log-place.ts";
import { CancelledError, UserError } from "../errors.ts";
import { planTable } from "./plan.ts";
import { resourceLine } from "./progress.ts";
import { deleteStack, isOnlyProposed, quietStack } from "./settle.ts";
import type { Site } from "./site.ts";
import { type Stack, type StackResource, setupCommand } from "./stacks.ts";

export interface RemovalRequest {
  readonly stackName: string;
  /** Whether a bucket that is not empty goes, too. */
  readonly deleteData: boolean;
  readonly dryRun: boolean;
}

/** What becomes of the bucket. */
type BucketFate =
  /** It was not made by the stack, or is gone. */
  | { readonly kind: "none" }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "empty and remove"; readonly name: string }
  | { readonly kind: "keep"; readonly name: string };

/**
 * Takes all of the stack away; the bucket where it is empty, or with `deleteData`. The log group stays: it is not the set-up's alone.
 * Returns whether anything was removed. Throws UserError where something stays, with the resource's own reason.
 */
export async function removeAwsBatch(site: Site, request: RemovalRequest): Promise<boolean> {
  const { io } = site.context;
  const { stackName, dryRun } = request;
  const before = await site.services.stacks.find(stackName);
  const stack = await quietStack(site, stackName);
  if (stack === undefined) {
    if (before !== undefined) return finishRemoval(site, before, request);
    io.out(`There is no stack ${stackName} in ${site.region}: nothing is to be removed.`);
    return false;
  }
  const bucket = await fateOfBucket(site, stack, request.deleteData);
  const resources = await site.services.stacks.resources(stack.id);
  const members = await membersToLeave(site, resources);
  show(site, stack, { resources, bucket, members });
  if (dryRun) {
    io.out("Nothing was done (--dry-run).");
    return false;
  }
  await agree(site, bucket);

  if (bucket.kind === "empty and remove") await empty(site, bucket.name);
  for (const user of members.users) await site.services.existing.leaveGroup(members.group, user);
  await deleteStack(site, stack, wordsOnLeaving(request, bucket));
  await endWithBucket(site, stackName, bucket);
  return true;
}

/** AWS goes on with the stack by itself, but knows nothing of the bucket, which is nobody's when the stack is gone. */
function wordsOnLeaving({ stackName, deleteData }: RemovalRequest, bucket: BucketFate): string[] {
  const again = `${setupCommand(stackName)} --remove${deleteData ? " --delete-data" : ""}`;
  const words = `AWS goes on deleting the stack ${stackName}. To see that through: ${again}`;
  return bucket.kind === "remove" || bucket.kind === "empty and remove"
    ? [words, `Run it while AWS is at that: later, the bucket ${bucket.name} has to be deleted by hand.`]
    : [words];
}

/** Where an earlier run was left while AWS deleted the stack, the bucket is still there. */
async function finishRemoval(
  site: Site,
  gone: Stack,
  { deleteData, dryRun }: RemovalRequest,
): Promise<boolean> {
  const bucket = await fateOfBucket(site, gone, deleteData);
  showBucket(site.context.io, bucket);
  if (dryRun) {
    site.context.io.out("Nothing was done (--dry-run).");
    return false;
  }
  if (bucket.kind === "remove" || bucket.kind === "empty and remove") await agree(site, bucket);
  await endWithBucket(site, gone.name, bucket);
  return true;
}

async function endWithBucket(site: Site, stackName: string, bucket: BucketFate): Promise<void> {
  const { io } = site.context;
  const stays = await removeBucket(site, bucket);
  io.out(
    `The stack ${stackName} is gone. The log group ${LOG_GROUP} stays: all users of AWS Batch here share it.`,
  );
  if (stays !== undefined) io.out(`The bucket ${stays} stays, too, with all that is in it.`);
}

/** Returns the bucket's name where it stays. */
async function removeBucket(site: Site, bucket: BucketFate): Promise<string | undefined> {
  const { buckets } = site.services;
  if (bucket.kind === "none") return undefined;
  // Jobs that ran until now may have left something.
  if (bucket.kind === "empty and remove") await empty(site, bucket.name);
  if (bucket.kind === "keep" || !(await buckets.isEmpty(bucket.name))) return bucket.name;
  await buckets.remove(bucket.name);
  site.context.io.out(resourceLine("✔ removed", "S3 bucket", bucket.name));
  return undefined;
}

async function fateOfBucket({ services }: Site, stack: Stack, deleteData: boolean): Promise<BucketFate> {
  const name = stack.parameters.get("BucketName");
  if (name === undefined || stack.parameters.get("CreateBucket") !== "yes") return { kind: "none" };
  // Of a creation that failed, AWS has removed the bucket.
  if (stack.status.startsWith("ROLLBACK") || isOnlyProposed(stack)) return { kind: "none" };
  if ((await services.buckets.look(name)) !== "ours") return { kind: "none" };
  if (await services.buckets.isEmpty(name)) return { kind: "remove", name };
  return { kind: deleteData ? "empty and remove" : "keep", name };
}

/** The users of a group that goes. */
interface Members {
  readonly group: string;
  readonly users: readonly string[];
}

/** Users of the stack's group: a group with users can't be deleted. One that was adopted is none of its resources. */
async function membersToLeave({ services }: Site, resources: readonly StackResource[]): Promise<Members> {
  // A stack that is broken may have no outputs to name it.
  const group = resources.find(
    ({ type, status }) => type === "AWS::IAM::Group" && !isGone(status),
  )?.physicalId;
  if (group === undefined) return { group: "", users: [] };
  return { group, users: (await services.existing.group(group)) ?? [] };
}

function isGone(status: string): boolean {
  return status === "DELETE_COMPLETE" || status === "DELETE_SKIPPED";
}

function show(
  { context: { io } }: Site,
  stack: Stack,
  {
    resources,
    bucket,
    members,
  }: {
    readonly resources: readonly StackResource[];
    readonly bucket: BucketFate;
    readonly members: Members;
  },
): void {
  // What the template keeps has its own line below.
  const removed = resources.filter(({ type, status }) => !type.startsWith("AWS::S3::") && !isGone(status));
  io.out(`The stack ${stack.name} in ${stack.id.split(":")[3] ?? "this region"}:`);
  for (const line of planTable(removed.map((one) => ({ ...one, action: "remove" as const, properties: [] }))))
    io.out(line);
  showBucket(io, bucket);
  if (members.users.length > 0) io.out(`These users lose what the group allows: ${members.users.join(", ")}`);
  io.out("Jobs that still run or wait are ended.");
}

function showBucket(io: Site["context"]["io"], bucket: BucketFate): void {
  if (bucket.kind === "remove") io.out(`  - remove  the bucket ${bucket.name}, which is empty`);
  if (bucket.kind === "empty and remove")
    io.out(`  - remove  the bucket ${bucket.name} AND ALL THAT IS IN IT`);
  if (bucket.kind === "keep")
    io.out(`The bucket ${bucket.name} is not empty: it stays (--delete-data removes it, too).`);
}

async function agree({ questions, context }: Site, bucket: BucketFate): Promise<void> {
  if (questions.by === "nobody") {
    throw new UserError("Removing a set-up asks first, and there is no terminal to ask at.", {
      hint: "Add --yes to agree, or --dry-run to see what would be removed.",
    });
  }
  const isAgreed =
    (await questions.confirm("Remove all this?")) &&
    (bucket.kind !== "empty and remove" ||
      (await questions.confirm(
        `Really delete all builds and results in ${bucket.name}? They can't be had back.`,
      )));
  context.signal.throwIfAborted();
  if (!isAgreed) throw new CancelledError("Nothing was removed.", 1);
}

async function empty({ services, context: { io } }: Site, name: string): Promise<void> {
  let count = 0;
  io.live(() => `Emptying the bucket ${name}: ${count} deleted …`);
  try {
    await services.buckets.empty(name, (deleted) => {
      count = deleted;
    });
  } finally {
    io.live(undefined);
  }
  if (count > 0)
    io.out(resourceLine("✔ emptied", "S3 bucket", `${name}: ${count} ${count === 1 ? "object" : "objects"}`));
}
