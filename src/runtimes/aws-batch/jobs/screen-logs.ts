import { setTimeout as sleep } from "node:timers/promises";
import { isDenied } from "../../../aws/errors.ts";
import { readLogPage } from "../../../aws/logs.ts";
import type { Context } from "../../../cli/context.ts";
import { createProgressReader } from "../../../workflow/snakemake-log.ts";
import type { Accounts } from "./accounts.ts";
import { factsOf } from "./known-job.ts";
import { type OpenLog, readOpenLog } from "./open-log.ts";
import { accountOf } from "./refresh.ts";
import { lastWords, type Watched } from "./watched.ts";

/** GetLogEvents: the account's 10 to 25 requests a second are not ours alone. Milliseconds between two. */
const BETWEEN = 300;
/** Of one job, no more often than this. Milliseconds. */
const EACH = 3_000;

/** What is on the screen. */
export interface OnScreen {
  jobs(): readonly Watched[];
  /** The log that is shown in place of the jobs. */
  log(): OpenLog | undefined;
}

/**
 * Reads the ends of the logs of the jobs on the screen, or the one that is open there, one after the other and at a bounded rate, until the signal is aborted. What can't
 * be read is not shown.
 */
export async function readScreenLogs(
  context: Context,
  accounts: Accounts,
  screen: OnScreen,
  signal: AbortSignal,
): Promise<void> {
  let isForbidden = false;
  try {
    for (;;) {
      await sleep(BETWEEN, undefined, { signal });
      const now = context.now();
      const log = screen.log();
      if (log !== undefined) {
        if (now - log.readAt >= (log.hasMore ? 0 : EACH)) await readOpenLog(accounts, log, { now, signal });
        continue;
      }
      if (isForbidden) continue;
      const [next] = screen
        .jobs()
        .filter((job) => isReadable(job) && now - job.readAt >= EACH)
        .toSorted((one, other) => one.readAt - other.readAt);
      if (next === undefined) continue;
      next.readAt = now;
      isForbidden = await readEnd(accounts, next, signal).then(
        () => false,
        (error: unknown) => isDenied(error),
      );
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function isReadable({ known }: Watched): boolean {
  const { status, logStreams } = factsOf(known);
  return status === "RUNNING" && logStreams.length > 0 && known.job?.log?.kind !== "elsewhere";
}

async function readEnd(accounts: Accounts, job: Watched, signal: AbortSignal): Promise<void> {
  const account = await accountOf(accounts, job.known);
  const { logGroup: group, logStreams } = factsOf(job.known);
  const stream = logStreams.at(-1);
  if (account === undefined || stream === undefined) return;
  if (stream !== job.stream) {
    job.stream = stream;
    job.token = undefined;
    job.progress = createProgressReader();
  }
  const position = job.token === undefined ? ({ atEnd: true } as const) : { token: job.token };
  const page = await readLogPage(account.aws.logs, { group, stream }, position, signal);
  job.token = page?.nextToken;
  const messages = page?.lines.map(({ message }) => message) ?? [];
  for (const message of messages) job.progress.push(message);
  job.lastLine = lastWords(messages) ?? job.lastLine;
}
