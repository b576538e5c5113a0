import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readLogPage } from "../../../aws/logs.ts";
import type { Context } from "../../../cli/context.ts";
import { lastState } from "../../../cli/control-characters.ts";
import { UserError } from "../../../errors.ts";
import { ownTemporaryName } from "../../../runs/temporaries.ts";
import { createTimelineReader } from "../../../workflow/snakemake-timeline.ts";
import { explanationLines } from "../explain.ts";
import { renderDiagnosis } from "../stages.ts";
import { type Account, openAccounts } from "./accounts.ts";
import { findJob } from "./find.ts";
import { factsOf, type JobFacts } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { accountOf, reasonOf, refresh, warnOfStale } from "./refresh.ts";
import { reportPage } from "./report-page.ts";
import { findWhy, type Why } from "./why.ts";

export interface ReportOptions extends JobsOptions {
  readonly id: string;
  /** Absolute; undefined: named after the job, in the working directory. */
  readonly output: string | undefined;
}

/** `nextstrain jobs report`: writes one page about a job, as far as it has come. Returns the exit status. */
export async function reportCommand(context: Context, options: ReportOptions): Promise<number> {
  const { io } = context;
  using accounts = openAccounts(context, options);
  const found = await findJob(context, accounts, options, options.id);
  const [known = found] = await refresh(context, accounts, [found], warnOfStale(context));
  const account = await accountOf(accounts, known);
  const facts = factsOf(known);
  const log = account === undefined ? NO_LOG : await readTimeline(context, account, facts);
  const why = account === undefined ? {} : await findWhy(context, account, known);
  const page = reportPage({ facts, ...log, why: whyLines(why), now: context.now() });
  const id = (facts.runId ?? facts.jobId ?? "job").slice(0, 8);
  const file = options.output ?? join(context.cwd, `nextstrain-report-${id}.html`);
  await writePage(file, page);
  if (log.withoutLog !== undefined) io.warn(log.withoutLog);
  io.out(`Report of job ${id}: ${file}`);
  return 0;
}

const NO_LOG = { rules: [], packedFrom: undefined, withoutLog: "The job's log could not be asked for." };

/** When each Snakemake job of the last attempt ran, by its log. What can't be read is said in its place. */
async function readTimeline(context: Context, { aws }: Account, { logGroup: group, logStreams }: JobFacts) {
  const { signal } = context;
  const stream = logStreams.at(-1);
  if (stream === undefined) return { ...NO_LOG, withoutLog: "The job has no log, or not yet." };
  const timeline = createTimelineReader();
  let packedFrom: number | undefined;
  let isThere = false;
  try {
    for (let token: string | undefined; ; ) {
      const position = token === undefined ? { since: undefined } : { token };
      const page = await readLogPage(aws.logs, { group, stream }, position, signal);
      if (page === undefined) break;
      isThere = true;
      for (const { timestamp, message } of page.lines) {
        if (/^\+ zip -u /.test(message)) packedFrom = timestamp;
        for (const line of message.split("\n")) timeline.push(lastState(line), timestamp);
      }
      if (page.nextToken === undefined || page.nextToken === token) break;
      token = page.nextToken;
    }
  } catch (error) {
    signal.throwIfAborted();
    return { ...NO_LOG, withoutLog: `The job's log could not be read: ${reasonOf(error)}.` };
  }
  if (!isThere)
    return { ...NO_LOG, withoutLog: `The job's log is gone: CloudWatch Logs has no stream ${stream}.` };
  return { rules: timeline.rules(), packedFrom, withoutLog: undefined };
}

function whyLines({ failed, waits }: Why): readonly string[] {
  if (failed) return explanationLines(failed);
  return waits ? renderDiagnosis("The job waits", waits) : [];
}

/** Whole or not at all. Throws UserError. */
async function writePage(file: string, page: string): Promise<void> {
  const temporary = join(dirname(file), ownTemporaryName());
  try {
    await writeFile(temporary, page);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new UserError(`${file} can't be written (${(error as NodeJS.ErrnoException).code ?? error}).`, {
      hint: "Name another file: --output FILE.",
      cause: error,
    });
  }
}
