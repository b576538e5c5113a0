import { startWithPlan } from "./control.ts";

/** Has the local AWS of this environment do these things wrong from now on, and nothing else: a fault plan's rules and seed. */
export async function useFaults(
  env: Readonly<Record<string, string>>,
  rules: readonly object[],
  seed = 1,
): Promise<void> {
  await startWithPlan(env, { seed, rules });
}
