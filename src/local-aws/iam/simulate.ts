import { AwsError } from "../http.ts";
import { type IamCall, type Operation, pageOf, type Run, required } from "./call.ts";
import { entityArn } from "./describe.ts";
import { decide, type Policy } from "./policy.ts";
import { type Entity, noSuchEntity, policiesOf } from "./store.ts";

const decisions = { allowed: "allowed", denied: "explicitDeny", "not allowed": "implicitDeny" } as const;

/** SimulatePrincipalPolicy: what the policies of a user, group or role would decide; a result for each action and resource. */
const simulatePrincipalPolicy: Run = (call) => {
  const policies = policiesOfSource(call, required(call, "PolicySourceArn"));
  const actions = members(call, "ActionNames");
  if (actions.length === 0) {
    throw new AwsError("ValidationError", "1 validation error detected: Value null at 'actionNames'");
  }
  const resources = members(call, "ResourceArns");
  const results = actions.flatMap((action) =>
    (resources.length === 0 ? ["*"] : resources).map((resource) => ({
      EvalActionName: action,
      EvalResourceName: resource,
      EvalDecision: policies === undefined ? "allowed" : decisions[decide(policies, { action, resource })],
      MatchedStatements: {},
      MissingContextValues: {},
    })),
  );
  const { items, more } = pageOf(call, results);
  return { EvaluationResults: { member: items }, ...more };
};

/** Undefined for the owner, who may do everything. */
function policiesOfSource(call: IamCall, arn: string): readonly Policy[] | undefined {
  const { store, accountId, caller } = call;
  for (const kind of ["users", "groups", "roles"] as const) {
    const entities: readonly Entity[] = Object.values(store.state[kind]);
    const found = entities.find((entity) => entityArn(kind, entity, accountId) === arn);
    if (found !== undefined) return policiesOf(store, found);
  }
  if (caller.kind === "user" && caller.arn === arn) return undefined;
  throw noSuchEntity(`The entity with ARN ${arn} cannot be found.`);
}

/** A list of the query protocol: `NAME.member.1`, `NAME.member.2`, … */
function members({ parameters }: IamCall, name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 1; ; index += 1) {
    const value = parameters.get(`${name}.member.${index}`);
    if (value === null) return values;
    values.push(value);
  }
}

/** Questions about policies. */
export const simulationOperations: Readonly<Record<string, Operation>> = {
  SimulatePrincipalPolicy: {
    run: simulatePrincipalPolicy,
    reads: ["PolicySourceArn", "ActionNames", "ResourceArns", "Marker", "MaxItems"],
  },
};
