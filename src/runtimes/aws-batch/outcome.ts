import type { Job } from "../../aws/batch.ts";

/** Whether a signal ended the command, as a lack of memory does: its exit status is 128 and the signal's number then. */
export function wasKilled({ status, exitCode }: Job): boolean {
  return status === "FAILED" && (exitCode === undefined || exitCode > 128);
}

/** The container's exit status; 1 where there is none, or where a job failed with a container that ended well. */
export function exitStatusOf(job: Job): number {
  if (job.status === "SUCCEEDED") return 0;
  return job.exitCode || 1;
}

/** How long the last attempt ran, in milliseconds; 0 where it didn't. */
export function ranFor({ startedAt, stoppedAt }: Job): number {
  return startedAt === undefined || stoppedAt === undefined ? 0 : Math.max(0, stoppedAt - startedAt);
}
