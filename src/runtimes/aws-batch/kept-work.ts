import type { Job } from "../../aws/batch.ts";
import type { Progress } from "../../workflow/snakemake-log.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { wasKilled } from "./outcome.ts";

/** Milliseconds. */
const MINUTE = 60_000;

/**
 * What is left of a job that was stopped and uploaded what it had finished, in a sentence.
 *
 * @param areHere whether that was brought back
 */
export function describeKeptWork(job: Job, progress: Progress | undefined, areHere: boolean): string {
  const { startedAt, stoppedAt } = job;
  const after =
    startedAt === undefined || stoppedAt === undefined ? "" : ` after ${spell(stoppedAt - startedAt)}`;
  const steps =
    progress?.total === undefined ? undefined : `${progress.done} of ${progress.total} steps are done`;
  const where = areHere ? "here" : "among the job's results";
  const what = steps === undefined ? `What was finished is ${where}` : `${steps} and ${where}`;
  return `Stopped${after}: ${what}. The same command goes on from there.`;
}

/** What is left of a job that was killed, or whose results could not be uploaded, where that was brought back, in two sentences. */
export function describeCheckpoint(job: Job | undefined, { madeAt }: Checkpoint): string {
  const stoppedAt = job?.stoppedAt;
  const when =
    stoppedAt === undefined ? "" : `, made ${spell(Math.max(0, stoppedAt - madeAt))} before its end`;
  const why =
    job === undefined || wasKilled(job) ? "The job was killed" : "The job's results could not be uploaded";
  return `${why}; its last checkpoint${when}, is here. The same command goes on from there.`;
}

function spell(time: number): string {
  return time < 60 * MINUTE
    ? `${(time / MINUTE).toFixed(1)} minutes`
    : `${(time / (60 * MINUTE)).toFixed(1)} hours`;
}
