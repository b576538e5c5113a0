import { SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import type { Aws } from "../../aws/clients.ts";
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

/** Whether AWS would let each action happen; undefined where that hangs on what only a real request would tell. */
export type Decisions = ReadonlyMap<string, boolean | undefined>;

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
      return new Map(
        EvaluationResults.map(({ EvalActionName = "", EvalDecision, MissingContextValues = [] }) => {
          const isAllowed = EvalDecision === "allowed";
          return [EvalActionName, !isAllowed && MissingContextValues.length > 0 ? undefined : isAllowed];
        }),
      );
    },
  );
}
