import { hasEnded, type Job } from "../../aws/batch.ts";
import type { Context } from "../../cli/context.ts";
import { runsDirectory, updateRecord } from "../../runs/registry.ts";
import type { RunId, RunRecord } from "../../runs/types.ts";

/** What of a run's record may change once it is made. */
export type RecordChange = Partial<Omit<RunRecord, "version" | "runId">>;

/** What a job's description has for the record of its run: what is told of it once Batch has forgotten it. */
export function changeBy(job: Job, now: number): RecordChange {
  const ended: RecordChange = {
    statusReason: job.reason ?? job.statusReason,
    exitCode: job.exitCode,
    endedAt: job.stoppedAt ?? now,
  };
  return {
    status: job.status,
    // Batch doesn't say when the first child of an array began.
    ...(job.array ? {} : { startedAt: job.startedAt }),
    vcpus: job.container?.vcpus,
    memoryMib: job.container?.memoryMib,
    attempts: job.attempts,
    logStreams: job.logStreams,
    ...(job.log?.kind === "group" ? { logGroup: job.log.group } : {}),
    ...(hasEnded(job) ? ended : {}),
  };
}

/** Keeps the record of a run up to date, where this computer has one; not worth failing for. */
export async function noteRun(
  context: Context,
  runId: RunId | undefined,
  change: RecordChange,
): Promise<RunRecord | undefined> {
  if (runId === undefined) return undefined;
  return await updateRecord(runsDirectory(context), runId, change).catch((error: unknown) => {
    context.io.warn(
      `The record of this run could not be kept: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  });
}
