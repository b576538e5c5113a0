import { terminateJob } from "../../../aws/batch.ts";
import type { Context } from "../../../cli/context.ts";
import { UserError } from "../../../errors.ts";
import { shortIds } from "../../../runs/find.ts";
import { cleanUpVariables } from "../envd.ts";
import { firstOf } from "../fan-out/known.ts";
import { type Accounts, openAccounts } from "./accounts.ts";
import { findJobs } from "./find.ts";
import { factsOf, isEnded, type KnownJob } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { pollJobs } from "./poll.ts";
import { mustRefresh } from "./refresh.ts";
import { idOf } from "./rows.ts";
import { mustReach, runOf } from "./run-of.ts";
import { tellTrouble } from "./trouble-lines.ts";

export interface CancelOptions extends JobsOptions {
  readonly ids: readonly string[];
}

/** A job that was asked to stop. */
interface Stopping {
  known: KnownJob;
  readonly others: readonly KnownJob[];
  /** How many of these have not ended yet. */
  left: number;
}

/** `nextstrain jobs cancel`: asks AWS Batch to stop jobs, and waits until they have. Returns the exit status. */
export async function cancelCommand(context: Context, options: CancelOptions): Promise<number> {
  const { io } = context;
  using accounts = openAccounts(context, options);
  const jobs = await mustRefresh(context, accounts, await findJobs(context, accounts, options, options.ids));
  const short = shortIds(jobs);
  const stopping: Stopping[] = [];
  for (const known of jobs) {
    const { status } = factsOf(known);
    const id = idOf(known, short);
    if (known.jobId === undefined || known.job === undefined || isEnded(status)) {
      io.out(`Job ${id} ${whyNot(known)}: there is nothing to cancel.`);
      continue;
    }
    const { aws } = await mustReach(accounts, known);
    await terminateJob(aws.batch, known.jobId, "Cancelled by the user.");
    const first = firstOf(known.job, known.record);
    if (first !== undefined) await terminateJob(aws.batch, first, "Cancelled by the user.");
    io.out(`Cancelling job ${id}`);
    // The job that an array waits for: it may take longer to stop than the array, which has not begun.
    const others = first === undefined ? [] : [{ runId: undefined, jobId: first, arrayRecord: known.record }];
    stopping.push({ known, others, left: 1 + others.length });
  }
  const { signal } = context;
  let left = stopping.length;
  // What a job is given to save its results may be minutes.
  if (left > 0) io.live(() => `Waiting for ${left === 1 ? "the job" : `${left} jobs`} to stop`);
  const polled = stopping.flatMap((run) => [run.known, ...run.others].map((known) => ({ run, known })));
  const jobsOfAll = polled.map(({ known }) => known);
  for await (const event of pollJobs(context, accounts, jobsOfAll, { signal, patience: options.patience })) {
    if (event.kind !== "changed") {
      tellTrouble(io, event);
      continue;
    }
    const run = polled[event.index]?.run;
    if (run === undefined || !isEnded(factsOf(event.known).status)) continue;
    if (event.known.jobId === run.known.jobId) run.known = event.known;
    run.left -= 1;
    if (run.left > 0) continue;
    left -= 1;
    await tellOfEnd(context, accounts, run.known, short);
  }
  io.live(undefined);
  return 0;
}

function whyNot(known: KnownJob): string {
  const { status, isForgotten } = factsOf(known);
  if (isEnded(status)) return `has ended already (${status})`;
  return isForgotten ? "is forgotten by AWS Batch, so it has ended" : "was never submitted";
}

async function tellOfEnd(
  context: Context,
  accounts: Accounts,
  known: KnownJob,
  short: ReadonlyMap<string, string>,
): Promise<void> {
  const { status } = factsOf(known);
  const how = status === "SUCCEEDED" ? "had succeeded before it could be stopped" : "has stopped";
  context.io.out(`Job ${idOf(known, short)} ${how}`);
  try {
    const { aws } = await mustReach(accounts, known);
    if (known.job) await cleanUpVariables(context, aws, runOf(known, undefined), known.job);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}
