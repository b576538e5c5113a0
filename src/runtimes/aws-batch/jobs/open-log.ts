import { readLogPage } from "../../../aws/logs.ts";
import { lastState, withoutControls } from "../../../cli/control-characters.ts";
import { jobText } from "../live-text.ts";
import type { Accounts } from "./accounts.ts";
import { factsOf, isEnded } from "./known-job.ts";
import { accountOf, reasonOf } from "./refresh.ts";
import type { Watched } from "./watched.ts";

/** Lines that are kept of a log, the last ones. */
const MOST = 5_000;

/** A job's log on the screen. */
export interface OpenLog {
  readonly job: Watched;
  stream: string | undefined;
  token: string | undefined;
  lines: readonly string[];
  /** Lines below what is shown; 0 follows the log. */
  below: number;
  /** Why there are no lines, or no more. */
  problem: string | undefined;
  hasMore: boolean;
  /** When it was last asked for. Milliseconds since 1970. */
  readAt: number;
}

export function openLog(job: Watched): OpenLog {
  const unread = { stream: undefined, token: undefined, lines: [], problem: undefined };
  return { job, ...unread, below: 0, hasMore: true, readAt: 0 };
}

/** Reads what has come since the last time. What can't be read is said in the log's place; fails only where the signal is aborted. */
export async function readOpenLog(
  accounts: Accounts,
  log: OpenLog,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<void> {
  log.readAt = now;
  log.hasMore = false;
  const { known } = log.job;
  const { logGroup: group, logStreams, status } = factsOf(known);
  const stream = logStreams.at(-1);
  if (known.job?.log?.kind === "elsewhere") {
    log.problem = `The job's log can't be shown: its job definition sends it to ${known.job.log.where}.`;
    return;
  }
  if (stream === undefined) {
    log.problem = isEnded(status)
      ? "The job ended before it had a log."
      : `No log yet: the job is ${status}.`;
    return;
  }
  if (log.stream !== stream) Object.assign(log, { stream, token: undefined, lines: [], below: 0 });
  try {
    const account = await accountOf(accounts, known);
    if (account === undefined) {
      log.problem = "The log can't be read from here: the job is in another account.";
      return;
    }
    const position = log.token === undefined ? ({ atEnd: true } as const) : { token: log.token };
    const page = await readLogPage(account.aws.logs, { group, stream }, position, signal);
    log.problem = page === undefined ? `CloudWatch Logs has no stream ${stream}.` : undefined;
    if (page === undefined) return;
    log.hasMore = page.lines.length > 0;
    log.token = page.nextToken;
    const lines = page.lines.flatMap(({ message }) => message.replace(/\n$/, "").split("\n").map(toRow));
    // Whoever reads further up stays there.
    if (log.below > 0) log.below += lines.length;
    log.lines = [...log.lines, ...lines].slice(-MOST);
  } catch (error) {
    signal.throwIfAborted();
    log.problem = `The log could not be read: ${reasonOf(error)}.`;
  }
}

function toRow(line: string): string {
  return withoutControls(lastState(line), { keepColours: false }).replaceAll("\t", "    ");
}

/** Scrolls so many lines up, or down where negative. */
export function scroll(log: OpenLog, by: number, rows: number): void {
  const most = Math.max(0, log.lines.length - roomIn(rows));
  log.below = Math.min(most, Math.max(0, log.below + by));
}

/** Lines of the log that there is room for between the title and the keys. */
export function roomIn(rows: number): number {
  return Math.max(1, rows - 2);
}

/** The log in so many lines, the last ones first where there is not room for all. */
export function logText(
  log: OpenLog,
  { now, rows }: { readonly now: number; readonly rows: number },
): string {
  const { id, known, since, progress } = log.job;
  const { status, startedAt } = factsOf(known);
  const age = now - (status === "RUNNING" ? (startedAt ?? since) : since);
  const state = isEnded(status)
    ? status
    : jobText({ status, age, progress: progress.state(), trouble: undefined });
  const end = log.lines.length - log.below;
  const lines = log.lines.slice(Math.max(0, end - roomIn(rows)), end);
  const problem = log.problem ?? (log.lines.length === 0 ? "Reading the log" : undefined);
  const keys = "Keys: up and down scroll, Esc goes back to the jobs";
  return [
    `Log of ${id}  ${state}`,
    ...lines.slice(problem === undefined ? 0 : -(roomIn(rows) - 1)),
    ...(problem === undefined ? [] : [problem]),
    log.below > 0 ? `${keys} (${log.below} more lines below)` : keys,
  ].join("\n");
}
