import { terminateJob } from "../../../aws/batch.ts";
import type { Context } from "../../../cli/context.ts";
import { shortIds } from "../../../runs/find.ts";
import { takeInterrupts } from "../interrupts.ts";
import { createNotifier } from "../notify.ts";
import type { NotifyOptions } from "../options.ts";
import { type Accounts, openAccounts } from "./accounts.ts";
import { findJobs } from "./find.ts";
import { bringEachHome } from "./homeward.ts";
import { jobJson } from "./json.ts";
import { factsOf, isEnded, type KnownJob, ofRecord } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { type PollEvent, pollJobs } from "./poll.ts";
import { readRecords } from "./records.ts";
import { reasonOf } from "./refresh.ts";
import { idOf, runTimeOf, whereOf } from "./rows.ts";
import { mustReach } from "./run-of.ts";
import { openScreen } from "./screen.ts";
import { readScreenLogs } from "./screen-logs.ts";
import { tellTrouble } from "./trouble-lines.ts";
import { beginWatched, type Watched } from "./watched.ts";

export interface WatchJobsOptions extends JobsOptions {
  /** All that are under way, where empty. */
  readonly ids: readonly string[];
  readonly download: boolean;
  /** A line of JSON for each event. */
  readonly json: boolean;
  readonly notify: NotifyOptions | undefined;
}

/**
 * `nextstrain jobs watch`: many jobs at once, until all have ended; the results of each are brought home as it ends. Returns the exit
 * status: 1 where a job failed, or results could not be brought.
 */
export async function watchCommand(context: Context, options: WatchJobsOptions): Promise<number> {
  const { io } = context;
  using accounts = openAccounts(context, options);
  const jobs = await findWhatToWatch(context, accounts, options);
  if (jobs.length === 0) {
    io.err("No job that was started from this computer is under way. `nextstrain jobs` lists all.");
    return 0;
  }
  using interrupts = takeInterrupts(context, { detachOnInterrupt: true, cancel: undefined });
  const { signal } = interrupts;
  const ending = new AbortController();
  const short = shortIds(jobs);
  const watched = jobs.map((known) => beginWatched(idOf(known, short), known, context.now()));
  const isScreen = io.columns() !== undefined && !options.json;
  using screen = isScreen
    ? await openScreen({ ...context, signal }, watched, {
        leave: interrupts.depart,
        cancel: (job) => stopJob(context, accounts, job),
      })
    : undefined;
  const logs = screen && readScreenLogs(context, accounts, screen, AbortSignal.any([signal, ending.signal]));
  const notifier = createNotifier({ ...context, signal }, options.notify);
  const home = bringEachHome({ ...context, signal }, accounts, { ...options, notifier });
  try {
    const polled = pollJobs(context, accounts, jobs, { signal, patience: options.patience });
    for await (const event of polled) {
      tell(context, watched, event, options);
      if (event.kind === "changed" && isEnded(factsOf(event.known).status))
        home.add(watched[event.index] as Watched);
    }
    const failures = await home.done();
    await notifier.done();
    return failures > 0 || watched.some(({ known }) => factsOf(known).status === "FAILED") ? 1 : 0;
  } catch (error) {
    const departure = interrupts.departure();
    if (departure === undefined) throw error;
    io.live(undefined);
    if (departure.kind === "leave") return departure.exitStatus;
    io.err("The jobs go on without this program; `nextstrain jobs watch` takes them up again.");
    return 0;
  } finally {
    ending.abort();
    io.live(undefined);
    screen?.[Symbol.dispose]();
    await logs?.catch(() => {});
  }
}

async function findWhatToWatch(
  context: Context,
  accounts: Accounts,
  options: WatchJobsOptions,
): Promise<readonly KnownJob[]> {
  if (options.ids.length > 0) return findJobs(context, accounts, options, options.ids);
  const records = await readRecords(context, options);
  return records.filter(({ status, jobId }) => jobId !== undefined && !isEnded(status)).map(ofRecord);
}

/** Asks AWS Batch to stop a job. What keeps it from that is said. */
async function stopJob({ io }: Context, accounts: Accounts, job: Watched): Promise<void> {
  const { jobId } = job.known;
  if (jobId === undefined) return;
  try {
    job.isStopping = true;
    const { aws } = await mustReach(accounts, job.known);
    await terminateJob(aws.batch, jobId, "Cancelled by the user.");
    io.err(`Cancelling job ${job.id}`);
  } catch (error) {
    job.isStopping = false;
    io.err(`Error: Job ${job.id} could not be cancelled: ${reasonOf(error)}.`);
  }
}

/** Says on standard output that a job is in another state, and what is wrong with AWS beside it. */
function tell(
  context: Context,
  watched: readonly Watched[],
  event: PollEvent,
  { json }: WatchJobsOptions,
): void {
  const { io } = context;
  if (event.kind !== "changed") {
    tellTrouble(io, event);
    return;
  }
  const job = watched[event.index];
  if (job === undefined) return;
  job.known = event.known;
  job.since = context.now();
  const facts = factsOf(event.known);
  if (json) {
    io.out(JSON.stringify({ version: 1, event: "state", job: jobJson(facts, context.now()) }));
    return;
  }
  const exit = facts.exitCode ? ` (exit status ${facts.exitCode})` : "";
  const ran = isEnded(facts.status) ? runTimeOf(facts, context.now()) : "";
  io.out(
    `${job.id}  ${facts.status}${exit}${ran === "" ? "" : ` after ${ran}`}  ${whereOf(facts, context.home)}`,
  );
  if (facts.status === "FAILED") io.err(`Why ${job.id} failed: nextstrain jobs show ${job.id}`);
}
