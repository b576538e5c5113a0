import type { Aws } from "./clients.ts";

/**
 * Makes the clients take credentials from where they came from anew, for those that AWS no longer accepts: the SDK keeps
 * credentials that don't say when they expire for ever. Throws where there are none to be had.
 */
export async function renewCredentials({ batch, batchOnce, logs, s3 }: Aws): Promise<void> {
  for (const client of [batch, batchOnce, logs, s3]) await client.config.credentials({ forceRefresh: true });
}
