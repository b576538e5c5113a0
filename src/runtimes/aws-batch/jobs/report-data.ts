import { readLogPage } from "../../../aws/logs.ts";
import type { Context } from "../../../cli/context.ts";
import { lastState } from "../../../cli/control-characters.ts";
import { createTimelineReader, type TimedRule } from "../../../workflow/snakemake-timeline.ts";
import { explanationLines } from "../explain.ts";
import { renderDiagnosis } from "../stages.ts";
import type { Account, Accounts } from "./accounts.ts";
import { factsOf, type JobFacts, type KnownJob } from "./known-job.ts";
import { accountOf, reasonOf } from "./refresh.ts";
import type { ReportInput } from "./report-page.ts";
import { findWhy, type Why } from "./why.ts";

/** All that a report tells. */
export interface ReportData extends Omit<ReportInput, "why"> {
  readonly why: Why;
}

/** Gathers what a report of a job tells; of the log, a second time, only what is new. Throws where the signal is aborted. */
export type ReportSource = (known: KnownJob, signal: AbortSignal) => Promise<ReportData>;

export function createReportSource(context: Context, accounts: Accounts): ReportSource {
  const readTimeline = createTimelineSource();
  return async (known, signal) => {
    const account = await accountOf(accounts, known);
    const facts = factsOf(known);
    const now = context.now();
    if (account === undefined) {
      const withoutLog = "The job's log could not be asked for.";
      return { facts, rules: [], packedFrom: undefined, withoutLog, why: {}, now };
    }
    const timeline = await readTimeline(account, facts, signal);
    return { facts, ...timeline, why: await findWhy({ ...context, signal }, account, known), now };
  };
}

/** What is shown of why a job waits or failed. */
export function whyLines({ failed, waits }: Why): readonly string[] {
  if (failed) return explanationLines(failed);
  return waits ? renderDiagnosis("The job waits", waits) : [];
}

interface Timeline {
  readonly rules: readonly TimedRule[];
  readonly packedFrom: number | undefined;
  readonly withoutLog: string | undefined;
}

/** When each Snakemake job of the last attempt ran, by its log. What can't be read is said in its place. */
function createTimelineSource() {
  let timeline = createTimelineReader();
  let stream: string | undefined;
  let token: string | undefined;
  let packedFrom: number | undefined;

  const without = (withoutLog: string): Timeline => ({ rules: timeline.rules(), packedFrom, withoutLog });
  return async (
    { aws }: Account,
    { logGroup: group, logStreams }: JobFacts,
    signal: AbortSignal,
  ): Promise<Timeline> => {
    const last = logStreams.at(-1);
    if (last !== stream) {
      timeline = createTimelineReader();
      stream = last;
      token = undefined;
      packedFrom = undefined;
    }
    if (stream === undefined) return without("The job has no log, or not yet.");
    try {
      for (;;) {
        const position = token === undefined ? { since: undefined } : { token };
        const page = await readLogPage(aws.logs, { group, stream }, position, signal);
        if (page === undefined)
          return without(`The job's log is gone: CloudWatch Logs has no stream ${stream}.`);
        for (const { timestamp, message } of page.lines) {
          if (/^\+ zip -u /.test(message)) packedFrom = timestamp;
          for (const line of message.split("\n")) timeline.push(lastState(line), timestamp);
        }
        if (page.nextToken === undefined || page.nextToken === token) break;
        token = page.nextToken;
      }
    } catch (error) {
      signal.throwIfAborted();
      return without(`The job's log could not be read: ${reasonOf(error)}.`);
    }
    return { rules: timeline.rules(), packedFrom, withoutLog: undefined };
  };
}
