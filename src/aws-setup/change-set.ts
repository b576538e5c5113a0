import {
  type CloudFormationClient,
  DescribeChangeSetCommand,
  DescribeEventsCommand,
  type OperationEvent,
  type ResourceChange,
  type Change as SdkChange,
} from "@aws-sdk/client-cloudformation";
import { kindOf } from "./kinds.ts";
import type { Change, ChangeSet } from "./stacks.ts";

/** A change set as it is now: all of its changes where it is ready, and where AWS has refused it, why. */
export async function readChangeSet(
  client: CloudFormationClient,
  arn: string,
  abortSignal: AbortSignal,
): Promise<ChangeSet> {
  const changes: Change[] = [];
  let next: string | undefined;
  do {
    const page = await client.send(new DescribeChangeSetCommand({ ChangeSetName: arn, NextToken: next }), {
      abortSignal,
    });
    if (page.Status === "FAILED") {
      const reason = page.StatusReason ?? "CloudFormation gave no reason";
      if (isWithoutChanges(reason)) return { kind: "empty" };
      const reasons = await validationErrors(client, arn, abortSignal);
      return { kind: "failed", reasons: reasons.length > 0 ? reasons : [reason] };
    }
    if (page.Status !== "CREATE_COMPLETE") return { kind: "pending" };
    changes.push(...(page.Changes ?? []).flatMap(readChange));
    next = page.NextToken;
  } while (next !== undefined);
  return { kind: "ready", changes };
}

/** A change set without changes has failed, as CloudFormation sees it, and only its reason tells. */
function isWithoutChanges(reason: string): boolean {
  return /didn't contain changes|no updates are to be performed/i.test(reason);
}

/**
 * What CloudFormation, which looks at a plan before it takes it, has found wrong with it (pre-deployment validation): the change
 * set's own reason says no more than to ask for these.
 */
async function validationErrors(
  client: CloudFormationClient,
  arn: string,
  abortSignal: AbortSignal,
): Promise<string[]> {
  const lines: string[] = [];
  let next: string | undefined;
  try {
    do {
      const request = { ChangeSetName: arn, Filters: { FailedEvents: true }, NextToken: next };
      const page = await client.send(new DescribeEventsCommand(request), { abortSignal });
      lines.push(...(page.OperationEvents ?? []).flatMap(errorLine));
      next = page.NextToken;
    } while (next !== undefined);
  } catch {
    // Who may not ask has the change set's own reason.
    abortSignal.throwIfAborted();
  }
  return [...new Set(lines)];
}

function errorLine(event: OperationEvent): string[] {
  // A warning is no reason to refuse.
  if (event.ValidationFailureMode === "WARN" || event.HookFailureMode === "WARN") return [];
  const reason = event.ValidationStatusReason ?? event.HookStatusReason;
  if (reason === undefined) return [];
  const { LogicalResourceId: resource, ResourceType: type = "resource" } = event;
  return [resource === undefined ? reason : `${kindOf(type)} ${resource}: ${reason}`];
}

function readChange({ ResourceChange: change }: SdkChange): Change[] {
  if (change === undefined) return [];
  const properties = (change.Details ?? []).flatMap(({ Target }) => (Target?.Name ? [Target.Name] : []));
  return [
    {
      action: readAction(change),
      resource: change.LogicalResourceId ?? "",
      physicalId: change.PhysicalResourceId,
      type: change.ResourceType ?? "",
      properties: [...new Set(properties)],
    },
  ];
}

function readAction({ Action, Replacement }: ResourceChange): Change["action"] {
  if (Action === "Add" || Action === "Import") return "add";
  if (Action === "Remove") return "remove";
  if (Replacement === "True") return "replace";
  return Replacement === "Conditional" ? "may replace" : "modify";
}
