import { hasEnded, terminateJob } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import type { Context } from "../../cli/context.ts";
import type { Run } from "./run.ts";

/** Asks Batch to stop the job that was attached to; false where it has ended already. Throws UserError. */
export async function askToStop({ io }: Context, aws: Aws, { jobId, job }: Run): Promise<boolean> {
  if (job && hasEnded(job)) {
    io.out(`Job ${jobId} has ended already (${job.status}): there is nothing to cancel.`);
    return false;
  }
  await terminateJob(aws.batch, jobId, "Cancelled by the user.");
  io.out("Cancelling the job, and waiting for it to stop.");
  return true;
}
