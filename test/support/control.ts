// `nextstrain local-aws …` by its code, in this process: starting the program takes longer than what it does here. What the
// commands themselves say and do is tested in test/local-aws and test/e2e.
import {
  ensureLocalAws,
  inspectLocalAws,
  type LocalAws,
  stopLocalAws,
  useFaultPlan,
} from "../../src/aws/local-aws.ts";
import type { LocalAwsStatus } from "../../src/aws/local-aws-control.ts";
import { exportLines } from "../../src/aws/local-aws-environment.ts";
import { testContext } from "./context.ts";

type Environment = Readonly<Record<string, string>>;

/** What a local AWS says of itself, with how often each rule of its fault plan was applied. */
export type ControlStatus = LocalAwsStatus & {
  readonly faults: { readonly rules: readonly { readonly applied: number }[] };
};

const contextOf = (env: Environment) => ({ ...testContext({ env }), now: Date.now });

/** `local-aws start`: the local AWS of this environment's home, started if it does not run. */
const ensure = (env: Environment): Promise<LocalAws> => ensureLocalAws(contextOf(env));

/** `local-aws stop` */
export const stop = (env: Environment): Promise<boolean> => stopLocalAws(contextOf(env));

/** `local-aws status --json` of one that runs. */
export async function statusOf(env: Environment): Promise<ControlStatus> {
  const found = await inspectLocalAws(contextOf(env));
  if (found === undefined) throw new Error("local AWS is not running");
  return found.status as ControlStatus;
}

/** `local-aws start --faults` with this plan. */
export async function startWithPlan(env: Environment, plan: object): Promise<void> {
  await ensure(env);
  await useFaultPlan(contextOf(env), JSON.stringify(plan));
}

/** What `local-aws env` prints. */
export async function exportsOf(env: Environment): Promise<string> {
  return exportLines(await ensure(env), env).join("\n");
}
