import { openAws } from "../../aws/clients.ts";
import { ensureLocalAws } from "../../aws/local-aws.ts";
import { openFacts } from "../../checks/facts.ts";
import type { Finding } from "../../checks/finding.ts";
import { examineSetup } from "../../checks/setup/table.ts";
import type { Context } from "../../cli/context.ts";
import { setupNames } from "./bucket.ts";
import type { AwsBatchOptions } from "./options.ts";

/** What of a build's options matters to its set-up. */
export type SetupOptions = Pick<
  AwsBatchOptions,
  "localAws" | "queue" | "job" | "bucket" | "cpus" | "memoryMib"
>;

/** Goes through all that AWS must have for builds. Throws UsageError for a bucket's name that can be none. */
export async function checkAwsBatch(context: Context, options: SetupOptions): Promise<readonly Finding[]> {
  const names = setupNames(options);
  const local = options.localAws ? await ensureLocalAws(context) : undefined;
  using aws = await openAws(context, local);
  return await examineSetup(openFacts(aws, names, context.signal, options));
}
