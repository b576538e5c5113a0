import type { Context } from "../../../cli/context.ts";
import { shortIds } from "../../../runs/find.ts";
import { listRuns, runsDirectory } from "../../../runs/registry.ts";
import { factsOf, ofRecord } from "./known-job.ts";
import { ageOf, idOf, whereOf } from "./rows.ts";

/** Older ones are not offered. */
const MOST = 100;

/**
 * What shells complete ids of jobs to, the newest first: on each line an id, a tab and what it is of. By this computer's records alone: who
 * presses Tab doesn't wait for AWS.
 */
export async function completeJobs(context: Context): Promise<void> {
  const { runs } = await listRuns(runsDirectory(context));
  const jobs = runs.filter(({ jobId }) => jobId !== undefined).map(ofRecord);
  const short = shortIds(jobs);
  const now = context.now();
  const lines = jobs.slice(0, MOST).map((known) => {
    const facts = factsOf(known);
    return `${idOf(known, short)}\t${facts.status}, ${ageOf(facts, now)} ago, ${whereOf(facts, context.home)}`;
  });
  const newest = lines[0];
  if (newest !== undefined) context.io.out([...lines, `last\t${newest.replace("\t", ": ")}`].join("\n"));
}
