/**
 * What AWS takes as a policy document ("Grammar of the IAM JSON policy language", IAM User Guide), in the order in which it complains.
 */
import { checkConditions, isDateTaken } from "./policy-conditions.ts";
import { checkResource } from "./policy-resources.ts";

/** Of a user, group or role; of a role, who may assume it; of a bucket. */
export type PolicyKind = "identity" | "trust" | "bucket";

/** A statement whose form has been checked. Single values have become lists of one. */
export interface CheckedStatement {
  readonly effect: string;
  readonly principal: unknown;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const syntax = "Syntax errors in policy.";
const legacy = "The policy failed legacy parsing";
const elements = [
  ...["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"],
  "Condition",
];
const trustActions = [
  ...["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "SetSourceIdentity", "TagSession"],
  ...["SetContext", "*"],
].map((name) => `sts:${name}`);

/**
 * Reads a policy document.
 *
 * @param refuse makes the error of what AWS says to it
 */
export function checkPolicy(
  text: string,
  kind: PolicyKind,
  refuse: (message: string) => Error,
): readonly CheckedStatement[] {
  const statements = readSyntax(text, kind, refuse);
  const checked = statements.map((statement) => read(statement));
  for (const [index, { effect }] of checked.entries()) {
    const areDatesTaken = isDateTaken(statements[index]?.Condition);
    if (!["Allow", "Deny"].includes(effect) || !areDatesTaken) throw refuse(legacy);
  }
  const problems = checked.flatMap(({ resources }) => resources.map(checkResource));
  if (problems.includes("legacy")) throw refuse(legacy);
  const ids = statements.map(({ Sid }) => Sid).filter((id) => id !== undefined && id !== "");
  if (new Set(ids).size < ids.length) {
    throw refuse("Statement IDs (SID) in a single policy must be unique.");
  }
  if (checked.some(({ actions }) => actions.length === 0)) {
    throw refuse("Policy statement must contain actions.");
  }
  const problem = problems.find((one) => one !== undefined);
  if (problem !== undefined) throw refuse(problem);
  for (const action of checked.flatMap(({ actions }) => actions)) checkAction(action, refuse);
  for (const [index, statement] of statements.entries()) {
    const one = checked[index];
    if (one !== undefined) checkOfKind(statement, one, kind, refuse);
  }
  return checked;
}

function readSyntax(text: string, kind: PolicyKind, refuse: (message: string) => Error): readonly Json[] {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw refuse(syntax);
  }
  const hasForm =
    isRecord(policy) &&
    Object.keys(policy).every((name) => ["Version", "Id", "Statement"].includes(name)) &&
    [undefined, "2008-10-17", "2012-10-17"].some((known) => known === policy.Version) &&
    isTextOrAbsent(policy.Id);
  if (!hasForm) throw refuse(syntax);
  const { Version, Statement } = policy as Json;
  const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  if (statements.length === 0 || !statements.every(isStatement)) throw refuse(syntax);
  // S3 still takes the older one.
  if (kind === "identity" && Version !== "2012-10-17") {
    throw refuse("Policy document must be version 2012-10-17 or greater.");
  }
  return statements;
}

function isStatement(statement: unknown): statement is Json {
  if (!isRecord(statement)) return false;
  const has = (name: string) => statement[name] !== undefined;
  return (
    Object.keys(statement).every((name) => elements.includes(name)) &&
    isText(statement.Effect) &&
    /^(allow|deny)$/i.test(statement.Effect) &&
    isTextOrAbsent(statement.Sid) &&
    [["Action", "NotAction"] as const, ["Resource", "NotResource"] as const].every(
      ([one, other]) =>
        !(has(one) && has(other)) && isTextOrTexts(statement[one]) && isTextOrTexts(statement[other]),
    ) &&
    !(has("Principal") && has("NotPrincipal")) &&
    isPrincipal(statement.Principal) &&
    isPrincipal(statement.NotPrincipal) &&
    checkConditions(statement.Condition)
  );
}

function isPrincipal(principal: unknown): boolean {
  if (principal === undefined || principal === "*") return true;
  if (!isRecord(principal) || Object.keys(principal).length === 0) return false;
  return Object.entries(principal).every(
    ([type, value]) =>
      ["AWS", "Service", "Federated", "CanonicalUser"].includes(type) &&
      value !== undefined &&
      isTextOrTexts(value),
  );
}

function read(statement: Json): CheckedStatement {
  return {
    effect: String(statement.Effect),
    principal: statement.Principal ?? statement.NotPrincipal,
    actions: list(statement.Action ?? statement.NotAction),
    resources: list(statement.Resource ?? statement.NotResource),
  };
}

function checkAction(action: string, refuse: (message: string) => Error): void {
  if (action === "*") return;
  const [vendor = "", ...rest] = action.split(":");
  if (rest.length === 0) {
    throw refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  }
  if (rest.length > 1) throw refuse("Actions/Condition can contain only one colon.");
  if (vendor !== "*" && !/^[A-Za-z0-9.-]+$/.test(vendor)) throw refuse(`Vendor ${vendor} is not valid`);
}

function checkOfKind(
  statement: Json,
  { principal, actions, resources }: CheckedStatement,
  kind: PolicyKind,
  refuse: (message: string) => Error,
): void {
  const namesResources = statement.Resource !== undefined || statement.NotResource !== undefined;
  if (kind !== "trust" && resources.length === 0) throw refuse("Policy statement must contain resources.");
  if (kind === "trust" && namesResources) throw refuse("Has prohibited field Resource.");
  if (kind === "identity" && principal !== undefined) {
    throw refuse("Policy document should not specify a principal.");
  }
  if (kind !== "identity" && principal === undefined) throw refuse("Missing required field Principal");
  const mayAssume = actions.every((action) => trustActions.some((one) => sameName(one, action)));
  if (kind === "trust" && !mayAssume) {
    throw refuse("AssumeRole policy may only specify STS AssumeRole actions.");
  }
}

const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === "string";

const isTextOrAbsent = (value: unknown) => value === undefined || isText(value);

const isTextOrTexts = (value: unknown) =>
  isTextOrAbsent(value) || (Array.isArray(value) && value.every(isText));

/** Of what `isTextOrTexts` has seen. */
const list = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((one) => isText(one));
