import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { runTool } from "./run-tool.ts";

/** Has the local AWS of this environment do these things wrong from now on, and nothing else: a fault plan's rules and seed. */
export async function useFaults(
  env: Readonly<Record<string, string>>,
  rules: readonly object[],
  seed = 1,
): Promise<void> {
  const plan = join(env.HOME ?? "", "plan.json");
  await writeFile(plan, JSON.stringify({ seed, rules }));
  const started = await runTool(["local-aws", "start", "--faults", plan], { env });
  expect(started).toMatchObject({ exitStatus: 0, stderr: "" });
}
