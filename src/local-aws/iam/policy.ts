import { matchesGlob } from "../glob.ts";
import { AwsError } from "../http.ts";

/** What somebody wants to do, and to what. */
export interface Wish {
  /** `s3:GetObject` */
  readonly action: string;
  /** Amazon resource name, or `*` for actions that have no resource. */
  readonly resource: string;
}

type Effect = "Allow" | "Deny";

interface Statement {
  readonly effect: Effect;
  readonly actions: readonly string[];
  readonly exceptActions: boolean;
  readonly resources: readonly string[];
  readonly exceptResources: boolean;
  readonly isConditional: boolean;
}

/** A policy, ready to be asked. */
export type Policy = readonly Statement[];

/**
 * Reads a policy document ("IAM JSON policy elements reference").
 *
 * @throws AwsError MalformedPolicyDocument
 */
export function parsePolicy(document: string): Policy {
  let policy: unknown;
  try {
    policy = JSON.parse(document);
  } catch {
    throw malformed("Syntax errors in policy.");
  }
  if (!isRecord(policy)) throw malformed("Syntax errors in policy.");
  if (policy.Version !== undefined && policy.Version !== "2012-10-17" && policy.Version !== "2008-10-17") {
    throw malformed("The policy must contain a valid version string.");
  }
  const statements = Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement];
  if (statements.length === 0) throw malformed("Syntax errors in policy.");
  return statements.map(readStatement);
}

function readStatement(statement: unknown): Statement {
  if (!isRecord(statement)) throw malformed("Syntax errors in policy.");
  const { Effect: effect, Action, NotAction, Resource, NotResource, Condition } = statement;
  if (effect !== "Allow" && effect !== "Deny") throw malformed("Policy statement must have an Effect.");
  if (Action === undefined && NotAction === undefined) {
    throw malformed("Policy statement must contain actions.");
  }
  if (Resource === undefined && NotResource === undefined) {
    throw malformed("Policy statement must contain resources.");
  }
  return {
    effect,
    actions: strings(Action ?? NotAction),
    exceptActions: Action === undefined,
    resources: strings(Resource ?? NotResource),
    exceptResources: Resource === undefined,
    isConditional: isRecord(Condition) && Object.keys(Condition).length > 0,
  };
}

function strings(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one) => {
    if (typeof one !== "string") throw malformed("Syntax errors in policy.");
    return one;
  });
}

/**
 * Whether policies let something happen: one must allow it, and none deny it ("Policy evaluation logic"). Conditions are not evaluated:
 * what is allowed under one is not allowed, and what is denied under one is denied.
 */
export function decide(policies: readonly Policy[], wish: Wish): "allowed" | "denied" | "not allowed" {
  const matching = policies.flat().filter((statement) => applies(statement, wish));
  if (matching.some(({ effect }) => effect === "Deny")) return "denied";
  return matching.some(({ effect, isConditional }) => effect === "Allow" && !isConditional)
    ? "allowed"
    : "not allowed";
}

function applies(statement: Statement, { action, resource }: Wish): boolean {
  // Names of actions know no case, resources do.
  const hasAction = statement.actions.some((one) => matchesGlob(one, action, { ignoreCase: true }));
  const hasResource = statement.resources.some((one) => matchesGlob(one, resource));
  return hasAction !== statement.exceptActions && hasResource !== statement.exceptResources;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function malformed(message: string): AwsError {
  return new AwsError("MalformedPolicyDocument", message, 400);
}
