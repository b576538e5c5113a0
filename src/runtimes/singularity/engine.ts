import { basename } from "node:path";
import type { Context } from "../../cli/context.ts";
import { findProgram } from "../../cli/programs.ts";
import { UserError } from "../../errors.ts";
import { ask } from "../local/ask.ts";

/** Singularity, or Apptainer: much the same under two names. */
export interface Engine {
  readonly kind: "singularity" | "apptainer";
  /** Absolute path of the program. */
  readonly program: string;
  readonly version: string;
}

export type EngineSeen =
  | { readonly kind: "works"; readonly engine: Engine }
  | { readonly kind: "absent" }
  | { readonly kind: "broken"; readonly program: string; readonly reason: string };

/** Looks for `singularity`, then for `apptainer`. */
export async function lookForEngine(context: Context): Promise<EngineSeen> {
  for (const name of ["singularity", "apptainer"] as const) {
    const program = await findProgram(context, name);
    if (program === undefined) continue;
    const answer = await ask(context, { program, args: ["--version"], env: context.env });
    if (!answer.ok) return { kind: "broken", program, reason: answer.reason };
    // Apptainer brings the command `singularity`, too: what it says of itself counts.
    const [, said = basename(name), version = "unknown"] =
      /^(\S+?)(?:-ce)? version (\S+)/.exec(answer.out.trim()) ?? [];
    return {
      kind: "works",
      engine: { kind: said === "apptainer" ? "apptainer" : "singularity", program, version },
    };
  }
  return { kind: "absent" };
}

/** Throws UserError, with what can be done instead, where there is none that works. */
export async function findEngine(context: Context): Promise<Engine> {
  const seen = await lookForEngine(context);
  if (seen.kind === "works") return seen.engine;
  const problem =
    seen.kind === "absent" ? "neither is installed here" : `${seen.program} does not work: ${seen.reason}`;
  throw new UserError(`The singularity runtime needs Singularity or Apptainer, and ${problem}.`, {
    hint: INSTALL,
  });
}

/** What to do where there is no engine. */
export const INSTALL =
  "Install Apptainer (https://apptainer.org/docs/admin/main/installation.html), on a cluster try `module load apptainer` or ask its administrators, or use another runtime: `nextstrain check-setup` shows what works here.";

/** Whether it knows `--no-eval`: Singularity from 3.10, Apptainer from 1.1. */
export function hasNoEval({ kind, version }: Engine): boolean {
  const [, major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  const [since, sinceMinor] = kind === "apptainer" ? [1, 1] : [3, 10];
  return major > since || (major === since && minor >= sinceMinor);
}
