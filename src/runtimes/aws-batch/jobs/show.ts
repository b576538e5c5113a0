import type { Context } from "../../../cli/context.ts";
import { shellQuoted } from "../../../cli/shell-quoted.ts";
import { shortIds } from "../../../runs/find.ts";
import { formatBytes } from "../../../workflow/quantity.ts";
import { explanationLines } from "../explain.ts";
import { describeMembers } from "../fan-out/describe.ts";
import { memberJson, memberLines } from "../fan-out/show.ts";
import { formatAge } from "../live-text.ts";
import { describeUse } from "../peak-use.ts";
import { renderDiagnosis } from "../stages.ts";
import { openAccounts } from "./accounts.ts";
import { findJobs } from "./find.ts";
import { jobJson, whyJson } from "./json.ts";
import { factsOf, hasResultsLeft, isEnded, type JobFacts, type KnownJob } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { accountOf, refresh, warnOfStale } from "./refresh.ts";
import { childrenText, idOf, plain, runTimeOf, whereOf } from "./rows.ts";
import { runOf } from "./run-of.ts";
import { findWhy, type Why } from "./why.ts";

export interface ShowOptions extends JobsOptions {
  readonly ids: readonly string[];
  readonly json: boolean;
}

/** `nextstrain jobs show`. Returns the exit status. */
export async function showCommand(context: Context, options: ShowOptions): Promise<number> {
  const { io } = context;
  using accounts = openAccounts(context, options);
  // What the record has can be shown, whatever AWS says.
  const jobs = await refresh(
    context,
    accounts,
    await findJobs(context, accounts, options, options.ids),
    warnOfStale(context),
  );
  const short = shortIds(jobs);
  const shown: object[] = [];
  for (const [index, known] of jobs.entries()) {
    const facts = factsOf(known);
    const wasAsked = known.job !== undefined || known.isForgotten;
    const account = wasAsked ? await accountOf(accounts, known) : undefined;
    const isArray = facts.children !== undefined;
    const members =
      account && isArray ? await describeMembers(context, account.aws, runOf(known, undefined)) : undefined;
    const why = account === undefined || isArray ? {} : await findWhy(context, account, known);
    if (options.json) {
      const childJobs = members ? { childJobs: members.map(memberJson) } : {};
      shown.push({ ...jobJson(facts, context.now()), ...whyJson(why), ...childJobs });
      continue;
    }
    if (index > 0) io.out("");
    const id = idOf(known, short);
    for (const line of lines(context, known, { facts, why, id })) io.out(line);
    for (const line of members ? memberLines(members, { id, now: context.now() }) : []) io.out(line);
  }
  if (options.json) io.out(JSON.stringify({ version: 1, jobs: shown }, undefined, 2));
  return 0;
}

interface Shown {
  readonly facts: JobFacts;
  readonly why: Why;
  readonly id: string;
}

function lines(context: Context, known: KnownJob, { facts, why, id }: Shown): string[] {
  const now = context.now();
  const rows: (readonly [name: string, value: string | undefined])[] = [
    ["Run", facts.runId],
    ["Job", facts.jobId],
    ["State", stateText(known, facts)],
    ["Children", childrenText(facts)],
    ["Continues", facts.continues],
    ["Directory", whereOf(facts, context.home)],
    ["Command", facts.command && plain(facts.command.map(shellQuoted).join(" "))],
    ["Submitted", timeText(facts.createdAt, now)],
    ["Started", startText(facts)],
    ["Ended", endText(facts)],
    ["Queue", facts.queue && queueText(facts.queue, why)],
    ["Definition", facts.definition && plain(facts.definition)],
    ["Size", sizeText(facts)],
    ["Peak use", facts.peakUse && describeUse(facts.peakUse, facts)],
    ["Log", logText(facts)],
    ["Archive", facts.workdir && plain(facts.workdir)],
    ["Sent", facts.sentBytes === undefined ? undefined : formatBytes(facts.sentBytes)],
    ["Results", resultsText(facts, now)],
    ...facts.attempts.map((attempt, index) => [`Attempt ${index + 1}`, attemptText(attempt)] as const),
  ];
  const given = rows.filter(([, value]) => value !== undefined && value !== "");
  return [
    ...given.map(([name, value]) => `${`${name}:`.padEnd(13)}${value}`),
    ...(why.failed ? explanationLines(why.failed) : []),
    ...(why.waits ? renderDiagnosis("The job waits", why.waits) : []),
    ...nextSteps(facts, id, now),
  ];
}

function stateText(
  { isForgotten, record, jobId }: KnownJob,
  { status, exitCode, statusReason }: JobFacts,
): string {
  if (status === "UNSUBMITTED")
    return "UNSUBMITTED: the build was stopped before it had a job, or is still uploading";
  if (status === "UNKNOWN") {
    return record?.status || jobId
      ? `UNKNOWN: last seen ${record?.status ?? "when it was submitted"}, and AWS Batch has forgotten it since (it does a week after a job has ended)`
      : "UNKNOWN: AWS Batch has no job of this run any more (it forgets jobs a week after they ended)";
  }
  const exit = exitCode === undefined ? "" : ` (exit status ${exitCode})`;
  const reason = statusReason && !/^Essential container/.test(statusReason) ? `: ${plain(statusReason)}` : "";
  const from = isForgotten ? "; by this computer's record, since AWS Batch has forgotten it" : "";
  return `${status}${exit}${reason}${from}`;
}

/** In this computer's time zone: `2026-11-29 23:47:11`. */
function dateText(time: number): string {
  return Math.abs(time) > 8.64e15 ? "?" : new Date(time).toLocaleString("sv-SE");
}

function timeText(time: number | undefined, now: number): string | undefined {
  return time === undefined ? undefined : `${dateText(time)} (${formatAge(now - time)} ago)`;
}

function startText({ createdAt, startedAt }: JobFacts): string | undefined {
  if (startedAt === undefined) return undefined;
  const waited = createdAt === undefined ? "" : ` (after ${formatAge(startedAt - createdAt)})`;
  return dateText(startedAt) + waited;
}

function endText(facts: JobFacts): string | undefined {
  if (facts.stoppedAt === undefined || !isEnded(facts.status)) return undefined;
  const ran = runTimeOf(facts, facts.stoppedAt);
  return dateText(facts.stoppedAt) + (ran === "" ? " (it never ran)" : ` (ran ${ran})`);
}

function queueText(queue: string, { place, isPlaceDenied }: Why): string {
  if (isPlaceDenied)
    return `${plain(queue)} (where the job stands in it takes the permission batch:GetJobQueueSnapshot)`;
  if (place === undefined) return plain(queue);
  const { position, waiting } = place;
  // AWS tells of the first hundred.
  const all = waiting >= 100 ? "100 or more" : String(waiting);
  return `${plain(queue)}, ${position === undefined ? `not among the first ${waiting}` : `${ordinal(position)} of ${all}`} that wait`;
}

function ordinal(number: number): string {
  const ending = /1[123]$/.test(String(number)) ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th");
  return `${number}${ending}`;
}

function sizeText({ vcpus, memoryMib }: JobFacts): string | undefined {
  const parts = [vcpus && `${vcpus} vCPU${vcpus === 1 ? "" : "s"}`, memoryMib && `${memoryMib} MiB`];
  return parts.filter(Boolean).join(", ");
}

function logText({ logGroup, logStreams }: JobFacts): string | undefined {
  return logStreams.length === 0 ? undefined : plain(`${logGroup}, ${logStreams.join(", ")}`);
}

function resultsText(facts: JobFacts, now: number): string | undefined {
  const { downloadedAt, broughtBytes, expiresAt } = facts;
  if (downloadedAt !== undefined) {
    const bytes = broughtBytes === undefined ? "" : ` (${formatBytes(broughtBytes)})`;
    return `brought home ${dateText(downloadedAt)}${bytes}`;
  }
  if (expiresAt !== undefined && now >= expiresAt)
    return `deleted by the bucket's retention rule about ${dateText(expiresAt)}`;
  if (!isEnded(facts.status) || facts.startedAt === undefined) return undefined;
  return `on AWS${expiresAt === undefined ? "" : ` until about ${dateText(expiresAt)}`}`;
}

function attemptText({ exitCode, reason, statusReason }: JobFacts["attempts"][number]): string {
  const said = [reason, statusReason].find((one) => one && !/^Essential container/.test(one));
  return [exitCode === undefined ? undefined : `exit status ${exitCode}`, said && plain(said)]
    .filter((part) => part !== undefined)
    .join(", ");
}

/** What can be done about a job now. */
function nextSteps(facts: JobFacts, id: string, now: number): string[] {
  const run = (verb: string) => `nextstrain jobs ${verb} ${id}`;
  if (facts.status === "UNSUBMITTED") return [];
  if (isEnded(facts.status) || facts.status === "UNKNOWN") {
    const isLeft = facts.status === "UNKNOWN" || hasResultsLeft(facts, now);
    return [`Its log: ${run("logs")}`, ...(isLeft ? [`Its results: ${run("download")}`] : [])];
  }
  return [`To follow it, and get its results: ${run("attach")}`, `To stop it: ${run("cancel")}`];
}
