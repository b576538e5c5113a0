import { type EvaluationResult, SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import type { Aws } from "../../aws/clients.ts";
import { type PolicyKind, type Refusal, UNEXPLAINED } from "../../aws/refusal.ts";
import { look } from "../look.ts";
import type { Seen } from "../seen.ts";

/** What is to be found out: whether somebody may do things to something. */
export interface Question {
  /** Name of resource of the user or role. */
  readonly who: string;
  readonly actions: readonly string[];
  /** Name of resource; `*` where the actions have none. */
  readonly resource: string;
}

/** Whether AWS would let an action happen. */
export type Decision =
  | { readonly kind: "allowed" }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** That hangs on what only a real request would tell. */
  | { readonly kind: "untold" };

/** By action. */
export type Decisions = ReadonlyMap<string, Decision>;

/** Asks IAM what its policies let a user or role do; nothing is done (SimulatePrincipalPolicy). */
export function simulate(
  aws: Aws,
  { who, actions, resource }: Question,
  signal: AbortSignal,
): Promise<Seen<Decisions>> {
  return look(
    { doing: `ask what ${who} may do`, permission: "iam:SimulatePrincipalPolicy", signal },
    async (abortSignal) => {
      const iam = await aws.iam();
      const { EvaluationResults = [] } = await iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: who,
          ActionNames: [...actions],
          ResourceArns: [resource],
        }),
        { abortSignal },
      );
      return new Map(EvaluationResults.map((result) => [result.EvalActionName ?? "", decisionOf(result)]));
    },
  );
}

function decisionOf(result: EvaluationResult): Decision {
  const { EvalActionName: action, EvalDecision, MissingContextValues = [] } = result;
  if (EvalDecision === "allowed") return { kind: "allowed" };
  if (MissingContextValues.length > 0) return { kind: "untold" };
  const effect = EvalDecision === "explicitDeny" ? "explicit deny" : "missing allow";
  return { kind: "refused", refusal: { ...UNEXPLAINED, action, effect, policy: policyOf(result) } };
}

function policyOf({
  EvalDecision,
  OrganizationsDecisionDetail: organisation,
  PermissionsBoundaryDecisionDetail: boundary,
}: EvaluationResult): PolicyKind | undefined {
  if (organisation?.AllowedByOrganizations === false) return "service control";
  if (boundary?.AllowedByPermissionsBoundary === false) return "boundary";
  return EvalDecision === "explicitDeny" ? undefined : "identity";
}
