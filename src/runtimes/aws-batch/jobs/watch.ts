import type { Context } from "../../../cli/context.ts";
import type { Io } from "../../../cli/io.ts";
import { UserError } from "../../../errors.ts";
import { shortIds } from "../../../runs/find.ts";
import { cleanUpVariables } from "../envd.ts";
import { takeInterrupts } from "../interrupts.ts";
import { createNotifier, type Notifier } from "../notify.ts";
import type { NotifyOptions } from "../options.ts";
import { type Accounts, openAccounts } from "./accounts.ts";
import { downloadJob } from "./download.ts";
import { findJobs } from "./find.ts";
import { jobJson } from "./json.ts";
import { factsOf, hasResultsLeft, isEnded, type KnownJob, ofRecord } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { type PollEvent, pollJobs } from "./poll.ts";
import { readRecords } from "./records.ts";
import { idOf, runTimeOf, whereOf } from "./rows.ts";
import { mustReach, runOf } from "./run-of.ts";
import { readScreenLogs } from "./screen-logs.ts";
import { tellTrouble } from "./trouble-lines.ts";
import { beginWatched, screenText, type Watched } from "./watched.ts";

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
  if (isScreen) io.live(() => screenText(watched, context.now(), context.home));
  const logs = isScreen
    ? readScreenLogs(context, accounts, watched, AbortSignal.any([signal, ending.signal]))
    : Promise.resolve();
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
    await logs.catch(() => {});
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

/** Brings results home, one job after the other, while others are still watched. */
interface Homeward {
  add(job: Watched): void;
  /** Resolves with how many could not be brought, once all have had their turn. */
  done(): Promise<number>;
}

interface HomewardOptions extends Pick<WatchJobsOptions, "download" | "json"> {
  /** Hears of each that has had its turn. */
  readonly notifier: Notifier;
}

function bringEachHome(
  context: Context,
  accounts: Accounts,
  { download, json, notifier }: HomewardOptions,
): Homeward {
  let failures = 0;
  const { io } = context;
  const bring = async (job: Watched) => {
    const quiet = { ...context, io: besideScreen(io, job.id, json) };
    const facts = factsOf(job.known);
    const isWanted = download && hasResultsLeft(facts, context.now());
    let error: string | undefined;
    try {
      await tidy(quiet, accounts, job.known);
      if (!isWanted) return;
      job.results = "bringing the results home";
      await downloadJob(quiet, accounts, job.known, undefined);
      job.results = "results are here";
    } catch (thrown) {
      context.signal.throwIfAborted();
      if (!(thrown instanceof UserError)) throw thrown;
      failures += 1;
      job.results = "results are on AWS";
      error = thrown.message;
      io.err(`${job.id}  Error: ${thrown.message}${thrown.hint ? ` ${thrown.hint}` : ""}`);
    }
    if (json) {
      const { runId = null, jobId = null } = facts;
      io.out(JSON.stringify({ version: 1, event: "results", runId, jobId, error: error ?? null }));
    }
  };
  let turn = Promise.resolve();
  return {
    add(job) {
      turn = turn.then(() => bring(job)).then(() => notifier.tell(job.known));
      // Told by done().
      turn.catch(() => {});
    },
    async done() {
      await turn;
      return failures;
    },
  };
}

/** Its variables are deleted by the job itself only where it has started. */
async function tidy(context: Context, accounts: Accounts, known: KnownJob): Promise<void> {
  if (known.job === undefined) return;
  const { aws } = await mustReach(accounts, known);
  await cleanUpVariables(context, aws, runOf(known, undefined), known.job);
}

/** The screen stays as it is, and each line says of which job it is. */
function besideScreen(io: Io, id: string, json: boolean): Io {
  const out: Io["out"] = json
    ? (line) => io.err(`${id}  ${line}`)
    : (line, options) => io.out(`${id}  ${line}`, options);
  return { ...io, out, err: (line) => io.err(`${id}  ${line}`), live: () => {} };
}
