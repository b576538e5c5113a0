import type { Context } from "../../../cli/context.ts";
import type { Io } from "../../../cli/io.ts";
import { UserError } from "../../../errors.ts";
import { cleanUpVariables } from "../envd.ts";
import type { Notifier } from "../notify.ts";
import type { Accounts } from "./accounts.ts";
import { downloadJob } from "./download.ts";
import { factsOf, hasResultsLeft, type KnownJob } from "./known-job.ts";
import { mustReach, runOf } from "./run-of.ts";
import type { Watched } from "./watched.ts";

/** Brings results home, one job after the other, while others are still watched. */
interface Homeward {
  add(job: Watched): void;
  /** Resolves with how many could not be brought, once all have had their turn. */
  done(): Promise<number>;
}

interface HomewardOptions {
  readonly download: boolean;
  /** A line of JSON for each event. */
  readonly json: boolean;
  /** Hears of each that has had its turn. */
  readonly notifier: Notifier;
}

export function bringEachHome(
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
