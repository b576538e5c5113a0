import type { Context } from "../../../cli/context.ts";
import { listRuns, runsDirectory } from "../../../runs/registry.ts";
import type { RunRecord } from "../../../runs/types.ts";
import type { JobsOptions } from "./options.ts";

/** How far back the queue's list is looked through: Batch forgets jobs a week after they ended. Milliseconds. */
export const MEMORY = 14 * 24 * 60 * 60 * 1000;

/** The records of this computer that a command is about, newest first; what is unusable is named once. */
export async function readRecords(
  context: Context,
  { localAws }: Pick<JobsOptions, "localAws">,
): Promise<readonly RunRecord[]> {
  const { runs, skipped } = await listRuns(runsDirectory(context));
  for (const { reason } of skipped) context.io.warn(reason);
  return localAws ? runs.filter((record) => record.localAws) : runs;
}
