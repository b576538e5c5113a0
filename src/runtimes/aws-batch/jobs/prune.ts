import type { Context } from "../../../cli/context.ts";
import { listRuns, removeRun, runsDirectory } from "../../../runs/registry.ts";
import { factsOf, hasResultsLeft, isEnded, ofRecord } from "./known-job.ts";
import { plain, whereOf } from "./rows.ts";

/** A job whose end nobody saw has ended by then. Milliseconds. */
const LIVING = 60 * 24 * 60 * 60 * 1000;

export interface PruneOptions {
  /** Records of jobs that have ended and whose results are home, too, where they are older. Milliseconds. */
  readonly olderThan: number | undefined;
  /** Say what would be removed, and remove nothing. */
  readonly dryRun: boolean;
}

/**
 * `nextstrain jobs prune`: forgets the runs whose results the bucket has deleted by now, and with an age, those that are older and at home.
 * Jobs, results and logs on AWS stay. Returns the exit status.
 */
export async function pruneCommand(context: Context, { olderThan, dryRun }: PruneOptions): Promise<number> {
  const { io } = context;
  const directory = runsDirectory(context);
  const { runs, skipped } = await listRuns(directory);
  for (const { reason } of skipped) io.warn(reason);
  const now = context.now();
  const gone = runs
    .map(ofRecord)
    .map(factsOf)
    .filter((facts) => {
      // One that is still at its upload, or whose job may still run, is not forgotten.
      if (!isEnded(facts.status) && now - (facts.createdAt ?? now) < LIVING) return false;
      if (facts.expiresAt !== undefined && now > facts.expiresAt) return true;
      const isOld = olderThan !== undefined && now - (facts.stoppedAt ?? facts.createdAt ?? now) > olderThan;
      return isOld && !hasResultsLeft(facts, now);
    });
  for (const facts of gone) {
    if (facts.runId === undefined) continue;
    if (!dryRun) await removeRun(directory, facts.runId);
    io.out(
      `${dryRun ? "Would forget" : "Forgot"} ${facts.runId}  ${facts.status}  ${plain(whereOf(facts, context.home))}`,
    );
  }
  const left = runs.length - gone.length;
  io.err(`${gone.length} of ${runs.length} records ${dryRun ? "would go" : "are gone"}, ${left} stay.`);
  return 0;
}
