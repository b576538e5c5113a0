import type { Tags } from "../aws/tags.ts";

/** The name of the stack where the user gives none. */
export const DEFAULT_STACK = "nextstrain-batch";

/** The command that takes a stack up again. */
export function setupCommand(stackName: string): string {
  return `nextstrain setup aws-batch${stackName === DEFAULT_STACK ? "" : ` --stack-name ${stackName}`}`;
}

/** A stack as CloudFormation describes it, reduced to what the set-up reads. */
export interface Stack {
  readonly id: string;
  readonly name: string;
  /** `CREATE_COMPLETE`, `ROLLBACK_IN_PROGRESS`, … */
  readonly status: string;
  readonly reason: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
  /** CloudFormation gives them to all resources that can have some. */
  readonly tags: Tags;
}

/** Something that happened to a resource of a stack, or to the stack itself. */
export interface StackEvent {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The name that the template gives it; the stack's own for the stack. */
  readonly resource: string;
  /** The name that it has outside; undefined as long as it has none. */
  readonly physicalId: string | undefined;
  /** `AWS::S3::Bucket` */
  readonly type: string;
  /** `CREATE_IN_PROGRESS`, `CREATE_COMPLETE`, `DELETE_FAILED`, … */
  readonly status: string;
  readonly reason: string | undefined;
}

/** What of a stack exists. */
export interface StackResource {
  readonly resource: string;
  readonly physicalId: string | undefined;
  readonly type: string;
  readonly status: string;
}

/** What a change set would do to one resource. */
export interface Change {
  readonly action: "add" | "modify" | "replace" | "may replace" | "remove";
  readonly resource: string;
  readonly physicalId: string | undefined;
  readonly type: string;
  /** Names of the properties that change. */
  readonly properties: readonly string[];
}

export type ChangeSet =
  | { readonly kind: "pending" }
  | { readonly kind: "ready"; readonly changes: readonly Change[] }
  /** There is nothing to change. */
  | { readonly kind: "empty" }
  /** AWS refuses it, for these reasons. */
  | { readonly kind: "failed"; readonly reasons: readonly string[] };

/** What is to be made of a stack. */
export interface Proposal {
  readonly stackName: string;
  readonly changeSetName: string;
  /** Whether there is no such stack yet. */
  readonly isNew: boolean;
  readonly template: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** All that the stack is to have. */
  readonly tags: Tags;
}

/** What the set-up uses of CloudFormation. All throw UserError where AWS refuses. */
export interface Stacks {
  /** By name or id; undefined where there is none, or it is deleted. */
  find(nameOrId: string): Promise<Stack | undefined>;
  /**
   * Begins to make a change set (CreateChangeSet); returns its ARN. This, and what else begins something, is not broken off by
   * Control-C, which counts after it.
   */
  propose(proposal: Proposal): Promise<string>;
  changeSet(arn: string): Promise<ChangeSet>;
  /** Begins to carry it out (ExecuteChangeSet). */
  execute(changeSet: string): Promise<void>;
  /** Takes back what `propose` made: the change set and, where it was new, the empty stack. Works after Control-C, too. */
  discard(proposal: Proposal): Promise<void>;
  /** Oldest first, those after `since` only. Works for a stack that is deleted, by its id. */
  events(stackId: string, since: string | undefined): Promise<readonly StackEvent[]>;
  resources(stackId: string): Promise<readonly StackResource[]>;
  /** Begins to delete (DeleteStack). */
  remove(stackId: string): Promise<void>;
  /** Takes up a rollback that failed (ContinueUpdateRollback). */
  continueRollback(stackId: string): Promise<void>;
}
