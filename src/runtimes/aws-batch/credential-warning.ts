import type { Context } from "../../cli/context.ts";
import { spellTime } from "../../cli/time-text.ts";
import type { Variables } from "../../workflow/envdir.ts";

/**
 * What to say where the job is given temporary credentials that end before it may: it uploads its results with them.
 * Undefined where that isn't so, or isn't known: only `AWS_CREDENTIAL_EXPIRATION` tells when they end.
 */
export function credentialWarning(
  variables: Variables,
  env: Context["env"],
  {
    limit,
    now,
  }: { /** Seconds; undefined: none. */ readonly limit: number | undefined; readonly now: number },
): string | undefined {
  const token = variables.get("AWS_SESSION_TOKEN");
  const ends = Date.parse(env.AWS_CREDENTIAL_EXPIRATION ?? "");
  // Another token, from an envdir say, has another end.
  if (!token || token !== env.AWS_SESSION_TOKEN || Number.isNaN(ends)) return undefined;
  if (limit !== undefined && ends >= now + limit * 1000) return undefined;
  const until = limit === undefined ? "it has no time limit" : `its time limit is ${spellTime(limit)}`;
  return (
    `The job is given the temporary credentials in AWS_SESSION_TOKEN, which end at ${new Date(ends).toISOString()} ` +
    `(from AWS_CREDENTIAL_EXPIRATION), and ${until}: a job that runs longer than they do can't upload its results. ` +
    "Without them (--env with the variables that it needs) it uses its own role."
  );
}
