import type { Context } from "../../cli/context.ts";
import { ask } from "./ask.ts";

/** The version of a Snakemake that is installed here; undefined where it can't be told. */
export async function snakemakeVersion(
  context: Pick<Context, "signal">,
  program: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const answer = await ask(context, { program, args: ["--version"], env });
  return answer.ok ? answer.out.trim() : undefined;
}

/** Whether a Snakemake has `--benchmark-extended`: from 8.11 on. */
export function hasBenchmarkExtended(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 11);
}
