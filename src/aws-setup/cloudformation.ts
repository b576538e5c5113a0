import { setTimeout as sleep } from "node:timers/promises";
import {
  type CloudFormationClient,
  ContinueUpdateRollbackCommand,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  paginateDescribeStackEvents,
  paginateListStackResources,
  type StackEvent as SdkEvent,
  type Stack as SdkStack,
} from "@aws-sdk/client-cloudformation";
import { explained } from "../aws/errors.ts";
import { readChangeSet } from "./change-set.ts";
import type { Proposal, Stack, StackEvent, StackResource, Stacks } from "./stacks.ts";

/** {@link Stacks} of an account and region. */
export function createStacks(client: CloudFormationClient, signal: AbortSignal): Stacks {
  return {
    find: (name) => explained(`look up the stack ${name}`, signal, () => findStack(client, name, signal)),

    async propose({ stackName, changeSetName, isNew, template, parameters, tags }) {
      const { Id = "" } = await begin(`plan the stack ${stackName}`, signal, () =>
        client.send(
          new CreateChangeSetCommand({
            StackName: stackName,
            ChangeSetName: changeSetName,
            ChangeSetType: isNew ? "CREATE" : "UPDATE",
            TemplateBody: template,
            // The guide's roles and policies have names of their own.
            Capabilities: ["CAPABILITY_NAMED_IAM"],
            Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
              ParameterKey,
              ParameterValue,
            })),
            ...(Object.keys(tags).length > 0
              ? { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }
              : {}),
          }),
        ),
      );
      return Id;
    },

    changeSet: (arn) => explained("read the plan", signal, () => readChangeSet(client, arn, signal)),

    async execute(changeSet) {
      await begin("carry out the plan", signal, () =>
        client.send(
          new ExecuteChangeSetCommand({
            ChangeSetName: changeSet,
            // Where no answer comes, the SDK asks again: by this, AWS knows that it is the same request.
            ClientRequestToken: changeSet.split("/").at(-1),
          }),
        ),
      );
    },

    discard: (proposal) =>
      // Without the program's signal: it may be what has been aborted.
      explained("reach CloudFormation", new AbortController().signal, () => discard(client, proposal)),

    events: (stackId, since) =>
      explained("read the stack's events", signal, () => readEvents(client, stackId, { since, signal })),

    resources: (stackId) =>
      explained("list the stack's resources", signal, () => readResources(client, stackId, signal)),

    async remove(stackId) {
      await begin("delete the stack", signal, () =>
        client.send(new DeleteStackCommand({ StackName: stackId })),
      );
    },

    async continueRollback(stackId) {
      await begin("go on with the stack's rollback", signal, () =>
        client.send(new ContinueUpdateRollbackCommand({ StackName: stackId })),
      );
    },
  };
}

/**
 * Has AWS begin something. Control-C takes effect after the answer: who breaks such a request off doesn't know whether AWS is at
 * work now, and what there is to take back.
 */
async function begin<T>(doing: string, signal: AbortSignal, request: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return explained(doing, signal, request);
}

async function findStack(
  client: CloudFormationClient,
  name: string,
  abortSignal: AbortSignal,
): Promise<Stack | undefined> {
  try {
    const { Stacks: found = [] } = await client.send(new DescribeStacksCommand({ StackName: name }), {
      abortSignal,
    });
    return found[0] === undefined || found[0].StackStatus === "DELETE_COMPLETE"
      ? undefined
      : readStack(found[0]);
  } catch (error) {
    if (isNoStack(error)) return undefined;
    throw error;
  }
}

/** DescribeStacks has no error of its own for it: a ValidationError that says so is all there is. */
function isNoStack(error: unknown): boolean {
  return error instanceof Error && error.name === "ValidationError" && /does not exist/.test(error.message);
}

function readStack(stack: SdkStack): Stack {
  return {
    id: stack.StackId ?? "",
    name: stack.StackName ?? "",
    status: stack.StackStatus ?? "",
    reason: stack.StackStatusReason,
    parameters: new Map(
      (stack.Parameters ?? []).map(({ ParameterKey = "", ParameterValue = "" }) => [
        ParameterKey,
        ParameterValue,
      ]),
    ),
    outputs: new Map(
      (stack.Outputs ?? []).map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]),
    ),
    // AWS's own can't be given back to it.
    tags: Object.fromEntries(
      (stack.Tags ?? [])
        .filter(({ Key = "" }) => !/^aws:/i.test(Key))
        .map(({ Key = "", Value = "" }) => [Key, Value]),
    ),
  };
}

async function discard(client: CloudFormationClient, proposal: Proposal): Promise<void> {
  const abortSignal = AbortSignal.timeout(DISCARD_LIMIT);
  const { stackName: StackName, changeSetName: ChangeSetName, isNew } = proposal;
  await untilPlanned(client, { StackName, ChangeSetName }, abortSignal);
  if (!isNew) {
    await client.send(new DeleteChangeSetCommand({ StackName, ChangeSetName }), { abortSignal });
    return;
  }
  // A stack that only ever was proposed holds nothing, and goes with its change sets.
  const stack = await findStack(client, StackName, abortSignal);
  if (stack?.status !== "REVIEW_IN_PROGRESS") return;
  await client.send(new DeleteStackCommand({ StackName: stack.id }), { abortSignal });
}

/** Milliseconds to take a plan back. */
const DISCARD_LIMIT = 30_000;
/** Milliseconds between two looks at a plan that is to be taken back. */
const DISCARD_PAUSE = 500;

/** A change set can't be deleted while CloudFormation works on it (InvalidChangeSetStatus), as after Control-C. */
async function untilPlanned(
  client: CloudFormationClient,
  changeSet: { readonly StackName: string; readonly ChangeSetName: string },
  abortSignal: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      const { Status = "" } = await client.send(new DescribeChangeSetCommand(changeSet), { abortSignal });
      if (Status !== "CREATE_PENDING" && Status !== "CREATE_IN_PROGRESS") return;
      await sleep(DISCARD_PAUSE, undefined, { signal: abortSignal });
    }
  } catch (error) {
    // It never came to be, or is gone.
    if (!isNoStack(error) && !isNoChangeSet(error)) throw error;
  }
}

function isNoChangeSet(error: unknown): boolean {
  return error instanceof Error && /^ChangeSetNotFound/.test(error.name);
}

async function readEvents(
  client: CloudFormationClient,
  stackId: string,
  { since, signal }: { readonly since: string | undefined; readonly signal: AbortSignal },
): Promise<StackEvent[]> {
  const events: StackEvent[] = [];
  const pages = paginateDescribeStackEvents({ client }, { StackName: stackId }, { abortSignal: signal });
  // AWS gives the newest first: what is known already ends the reading.
  for await (const { StackEvents = [] } of pages) {
    const known = StackEvents.findIndex(({ EventId }) => EventId === since);
    events.push(...(known < 0 ? StackEvents : StackEvents.slice(0, known)).map(readEvent));
    if (known >= 0) break;
  }
  return events.reverse();
}

function readEvent(event: SdkEvent): StackEvent {
  return {
    id: event.EventId ?? "",
    at: event.Timestamp?.getTime() ?? 0,
    resource: event.LogicalResourceId ?? "",
    physicalId: event.PhysicalResourceId || undefined,
    type: event.ResourceType ?? "",
    status: event.ResourceStatus ?? "",
    reason: event.ResourceStatusReason,
  };
}

async function readResources(
  client: CloudFormationClient,
  stackId: string,
  signal: AbortSignal,
): Promise<StackResource[]> {
  const resources: StackResource[] = [];
  const pages = paginateListStackResources({ client }, { StackName: stackId }, { abortSignal: signal });
  for await (const { StackResourceSummaries = [] } of pages) {
    for (const summary of StackResourceSummaries) {
      resources.push({
        resource: summary.LogicalResourceId ?? "",
        physicalId: summary.PhysicalResourceId || undefined,
        type: summary.ResourceType ?? "",
        status: summary.ResourceStatus ?? "",
      });
    }
  }
  return resources;
}
