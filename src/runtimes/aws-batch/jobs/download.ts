import type { Context } from "../../../cli/context.ts";
import { UsageError, UserError } from "../../../errors.ts";
import { shortIds } from "../../../runs/find.ts";
import { bringHome } from "../bring-back.ts";
import { findLeft } from "../checkpoint.ts";
import { bringAllHome, describeMembers } from "../fan-out/describe.ts";
import { describeCheckpoint } from "../kept-work.ts";
import { type Accounts, openAccounts } from "./accounts.ts";
import { findJobs } from "./find.ts";
import { factsOf, isEnded, type KnownJob } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { requirePlace } from "./place.ts";
import { mustRefresh } from "./refresh.ts";
import { idOf } from "./rows.ts";
import { jobOf, mustReach, runOf } from "./run-of.ts";

export interface DownloadOptions extends JobsOptions {
  readonly ids: readonly string[];
  /** Absolute; undefined: to where each build was started. */
  readonly into: string | undefined;
}

/** `nextstrain jobs download`. Where it is about several jobs, one that fails doesn't keep the others. Returns the exit status. */
export async function downloadCommand(context: Context, options: DownloadOptions): Promise<number> {
  const { io } = context;
  using accounts = openAccounts(context, options);
  const jobs = await mustRefresh(context, accounts, await findJobs(context, accounts, options, options.ids));
  if (jobs.length > 1 && options.into !== undefined) {
    throw new UsageError(
      "--into takes the results of one job: those of several would lie on top of each other.",
      {
        hint: "Name one job, or leave --into out: each job's results then go to where its build was started.",
      },
    );
  }
  const short = shortIds(jobs);
  let failures = 0;
  for (const known of jobs) {
    try {
      if (jobs.length > 1) io.out(`Job ${idOf(known, short)}`);
      await downloadJob(context, accounts, known, options.into);
    } catch (error) {
      if (jobs.length === 1 || !(error instanceof UserError)) throw error;
      failures += 1;
      io.err(`Error: ${error.message}`);
      if (error.hint) io.err(error.hint);
    }
  }
  return failures > 0 ? 1 : 0;
}

/** Brings the results of a job that has ended home. Throws UserError where there are none, or no more. */
export async function downloadJob(
  context: Context,
  accounts: Accounts,
  known: KnownJob,
  into: string | undefined,
): Promise<void> {
  const { status, startedAt, runId, jobId, children } = factsOf(known);
  const id = runId ?? jobId;
  if (status === "UNSUBMITTED") throw new UserError(`Run ${id} has no job, and so no results.`);
  if (!isEnded(status) && status !== "UNKNOWN") {
    throw new UserError(`Job ${id} is ${status}: its results come when it has ended.`, {
      hint: `nextstrain jobs attach ${id} waits for that, and so does nextstrain jobs watch.`,
    });
  }
  if (isEnded(status) && startedAt === undefined && children === undefined) {
    throw new UserError(`Job ${id} ended before it ran: it has no results.`, {
      hint: `nextstrain jobs show ${id} says why.`,
    });
  }
  const { aws } = await mustReach(accounts, known);
  const place = await requirePlace(known, into);
  const { signal, io } = context;
  const run = runOf(known, place);
  const members = children && (await describeMembers(context, aws, run));
  if (members) return bringAllHome(context, aws, { run, members, place });
  const job = jobOf(known);
  const { killed, checkpoint } = await findLeft(aws, job, run.part ?? run.workdir, signal);
  await bringHome(context, aws, run, {
    ...{ place, wanted: undefined, killed, signal },
    checkpoint: checkpoint?.object,
  });
  if (checkpoint !== undefined) io.out(describeCheckpoint(job, checkpoint));
}
