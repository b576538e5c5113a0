import { setTimeout as sleep } from "node:timers/promises";
import { haveFixedCredentials } from "../../../aws/credentials.ts";
import { explained } from "../../../aws/errors.ts";
import { type LogLine, readLogPage } from "../../../aws/logs.ts";
import type { Context } from "../../../cli/context.ts";
import { withoutControls } from "../../../cli/control-characters.ts";
import { UserError } from "../../../errors.ts";
import { describeMembers } from "../fan-out/describe.ts";
import { beside, type Member } from "../fan-out/members.ts";
import { takeInterrupts } from "../interrupts.ts";
import { jobSource } from "../job-source.ts";
import { createLogRenderer } from "../log-lines.ts";
import { createReport } from "../stages.ts";
import { watchJob } from "../watch.ts";
import { type Account, openAccounts } from "./accounts.ts";
import { findJob } from "./find.ts";
import { factsOf, hasResultsLeft, isEnded, type JobFacts, type KnownJob } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { mustRefresh } from "./refresh.ts";
import { mustReach, runOf } from "./run-of.ts";

export interface LogsOptions extends JobsOptions {
  readonly id: string;
  /** Go on until the job has ended. */
  readonly follow: boolean;
  /** Only lines from this time on. Milliseconds since 1970. */
  readonly since: number | undefined;
  /** Only lines that match. */
  readonly grep: RegExp | undefined;
  /** A line of JSON for each line. */
  readonly json: boolean;
}

interface LogPart {
  readonly stream: string;
  readonly lines: readonly LogLine[];
}

/** `nextstrain jobs logs`. Returns the exit status. */
export async function logsCommand(context: Context, options: LogsOptions): Promise<number> {
  using accounts = openAccounts(context, options);
  const [known] = await mustRefresh(context, accounts, [
    await findJob(context, accounts, options, options.id),
  ]);
  if (known === undefined) throw new Error(`no job for ${options.id}`);
  const account = await mustReach(accounts, known);
  const { children } = factsOf(known);
  const members = children && (await describeMembers(context, account.aws, runOf(known, undefined)));
  if (members) return readAllLogs(context, account, members, options);
  const print = createPrinter(context, options);
  const isLive = known.job !== undefined && !isEnded(known.job.status);
  if (isLive && options.follow) return followLog(account, known, { context, options, print });
  await readLogs(context, account, known, { since: options.since, print });
  return 0;
}

/** The logs of the jobs of a fan-out, one after the other, as far as they have come; each line says of which. */
async function readAllLogs(
  context: Context,
  account: Account,
  members: readonly Member[],
  options: LogsOptions,
): Promise<number> {
  const { io } = context;
  for (const member of members) {
    if (factsOf(member.known).logStreams.length === 0) continue;
    const ours = options.json ? context : { ...context, io: beside(io, member) };
    const print = createPrinter(ours, options);
    try {
      await readLogs(ours, account, member.known, { since: options.since, print });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      ours.io.warn(error.message);
    }
  }
  const isLive = members.some(({ known }) => known.job !== undefined && !isEnded(known.job.status));
  if (isLive && options.follow)
    io.err(
      `The jobs go on. To follow them: nextstrain jobs attach ${options.id}; or one: nextstrain jobs logs ${options.id}:0`,
    );
  return 0;
}

/** Prints what of a log is wanted. */
interface Printer {
  push(part: LogPart): void;
  end(): void;
}

function createPrinter(context: Context, { since = 0, grep, json }: LogsOptions): Printer {
  const { io } = context;
  const isWanted = ({ timestamp, message }: LogLine) =>
    timestamp >= since && (grep === undefined || grep.test(withoutControls(message, { keepColours: false })));
  const renderer = createLogRenderer({
    colours: io.colours,
    everyFile: context.env.NEXTSTRAIN_DEBUG === "1",
  });
  const print = (lines: readonly string[]) => {
    if (lines.length > 0) io.out(lines.join("\n"), { hasColours: io.colours });
  };
  return {
    push({ stream, lines }) {
      const wanted = lines.filter(isWanted);
      if (!json) return print(renderer.push({ stream, lines: wanted }));
      print(
        wanted.map(({ timestamp, message }) =>
          JSON.stringify({ version: 1, time: new Date(timestamp).toISOString(), stream, message }),
        ),
      );
    },
    end: () => print(renderer.flush()),
  };
}

interface Following {
  readonly context: Context;
  readonly options: LogsOptions;
  readonly print: Printer;
}

/** The log until the job has ended, by the watch of `build`. Leaving does nothing to the job. */
async function followLog(
  { aws, context: there }: Account,
  { jobId }: KnownJob,
  { context, options, print }: Following,
): Promise<number> {
  if (jobId === undefined) throw new Error("a job that is described has an id");
  using interrupts = takeInterrupts(context, { detachOnInterrupt: true, cancel: undefined });
  const { signal } = interrupts;
  // What is no line of the log is said beside it.
  const report = createReport({ ...context.io, out: context.io.err }, false);
  try {
    for await (const event of watchJob(jobSource(aws, jobId), {
      ...{ signal, withLog: true, patience: options.patience, now: context.now },
      credentialsAreFixed: haveFixedCredentials(there),
      sleep: (time, until) => sleep(time, undefined, { signal: until }).catch(() => until.throwIfAborted()),
    })) {
      if (event.kind === "log") print.push(event);
      else report(event);
      await context.io.drained(signal);
    }
  } catch (error) {
    const departure = interrupts.departure();
    if (departure === undefined) throw error;
    return departure.kind === "leave" ? departure.exitStatus : 0;
  } finally {
    print.end();
  }
  return 0;
}

/** What there is of the logs of all attempts. Throws UserError, with what is left, where there is none any more. */
async function readLogs(
  context: Context,
  { aws }: Account,
  known: KnownJob,
  { since, print }: { readonly since: number | undefined; readonly print: Printer },
): Promise<void> {
  const { signal, io } = context;
  const facts = factsOf(known);
  const { logGroup: group, logStreams } = facts;
  if (known.job?.log?.kind === "elsewhere") {
    throw new UserError(
      `The job's log can't be shown: its job definition sends it to ${known.job.log.where}.`,
    );
  }
  if (logStreams.length === 0) throw noStreams(facts, context.now());
  const missing: string[] = [];
  for (const stream of logStreams) {
    let position: Parameters<typeof readLogPage>[2] = { since };
    for (;;) {
      const page = await explained(`read the job's log (${group}, ${stream})`, signal, () =>
        readLogPage(aws.logs, { group, stream }, position, signal),
      );
      if (page === undefined) missing.push(stream);
      if (page === undefined) break;
      print.push({ stream, lines: page.lines });
      await io.drained(signal);
      // The same token twice: there is nothing more.
      if (page.nextToken === undefined || page.nextToken === position.token) break;
      position = { token: page.nextToken };
    }
  }
  print.end();
  const gone = `CloudWatch Logs has no stream ${missing.join(", ")} in the log group ${group}`;
  if (missing.length === logStreams.length) {
    throw new UserError(`The job's log is gone: ${gone}.`, {
      hint: `The group's retention deletes logs after a while.${whatIsLeft(facts, context.now())}`,
    });
  }
  if (missing.length > 0) io.warn(`The log of an earlier attempt is gone: ${gone}.`);
}

function noStreams(facts: JobFacts, now: number): UserError {
  const hint = whatIsLeft(facts, now).trim();
  if (facts.status === "UNKNOWN" || facts.isForgotten) {
    return new UserError(
      "Nobody knows any more where the job's log is: AWS Batch has forgotten the job, and no watch on this computer has seen it run.",
      { hint: `Logs are in the log group ${facts.logGroup}, by the names of their streams. ${hint}`.trim() },
    );
  }
  return new UserError(
    isEnded(facts.status)
      ? `There is no log: the job ended before it ran (${facts.statusReason ?? facts.status}).`
      : `There is no log yet: the job is ${facts.status}.`,
    { hint: isEnded(facts.status) ? undefined : "With --follow, `nextstrain jobs logs` waits for it." },
  );
}

function whatIsLeft(facts: JobFacts, now: number): string {
  const id = facts.runId ?? facts.jobId;
  return facts.status === "UNKNOWN" || hasResultsLeft(facts, now)
    ? ` Its results may still be there: nextstrain jobs download ${id}`
    : "";
}
