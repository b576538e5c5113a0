import type { Context } from "../../cli/context.ts";
import type { Variables } from "../../workflow/envdir.ts";
import { jobEnvironment, WELL_KNOWN_VARIABLES } from "../../workflow/job-environment.ts";
import type { BuildRequest } from "../build-request.ts";

/** The variables that a build is given, by the same rules as a job's on AWS Batch; null: to be unset. */
export async function buildVariables(
  { env, cwd }: Pick<Context, "env" | "cwd">,
  request: Pick<BuildRequest, "env" | "envdirs">,
): Promise<{ readonly variables: Variables; readonly warnings: readonly string[] }> {
  return jobEnvironment({
    env: request.env,
    envdirs: request.envdirs,
    settings: env.NEXTSTRAIN_RUNTIME_ENVDIRS,
    environment: env,
    cwd,
  });
}

/**
 * The environment of a program that runs on this computer, outside of any container: that of this program, but of the
 * well-known variables only those that the build is given, and with PWD where the program runs.
 */
export function hostEnvironment(
  { env }: Pick<Context, "env">,
  variables: Variables,
  directory: string,
): Record<string, string | undefined> {
  const inherited = Object.entries(env).filter(
    ([name]) => !WELL_KNOWN_VARIABLES.includes(name) && name !== "OLDPWD",
  );
  const given = [...variables].map(([name, value]) => [name, value ?? undefined] as const);
  return { ...Object.fromEntries(inherited), ...Object.fromEntries(given), PWD: directory };
}
