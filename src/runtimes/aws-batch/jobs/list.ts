import { resolve } from "node:path";
import type { Context } from "../../../cli/context.ts";
import { shortIds } from "../../../runs/find.ts";
import { formatBytes } from "../../../workflow/quantity.ts";
import { type Accounts, openAccounts } from "./accounts.ts";
import { collectJobs } from "./collect.ts";
import { factsOf, hasResultsLeft, type JobFacts, type KnownJob, type KnownStatus } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { ageOf, childrenText, idOf, runTimeOf, whereOf } from "./rows.ts";
import { type Cell, type Column, tableLines } from "./table.ts";

export interface ListOptions extends JobsOptions {
  /** Only these; all where empty. */
  readonly ids: readonly string[];
  /** Only jobs in one of these states; all where empty. */
  readonly states: readonly KnownStatus[];
  /** Only jobs of this directory or of one below it, as given on the command line. */
  readonly directory: string | undefined;
  /** Only jobs submitted since. Milliseconds since 1970. */
  readonly since: number | undefined;
  /** So many at most, the newest; undefined: as many as fit a table, or for programs all. */
  readonly limit: number | undefined;
  readonly json: boolean;
}

/** Rows of a table where nobody says how many. */
const ROWS = 30;
/** ListJobs gives a hundred a request. */
const PAGE = 100;
/** Jobs of the queue that programs are told of, at most. */
const MOST = 1_000;
/** Ids in the command that brings results home, at most. */
const MOST_NAMED = 5;

/** `nextstrain jobs list`. Returns the exit status. */
export async function listCommand(context: Context, options: ListOptions): Promise<number> {
  const { io } = context;
  const limit = options.limit ?? (options.json ? Number.POSITIVE_INFINITY : ROWS);
  using accounts = openAccounts(context, options);
  const jobs =
    options.ids.length > 0
      ? await chosenJobs(context, accounts, options)
      : await collectJobs(context, accounts, options, {
          since: options.since,
          mostListed: Math.min(MOST, Math.max(PAGE, limit)),
        });
  const all = jobs.map((known) => ({ known, facts: factsOf(known) }));
  const isWanted = filterOf(context, options);
  const wanted = all.filter(({ facts }) => isWanted(facts));
  const shown = wanted.slice(0, limit);
  const now = context.now();
  if (options.json) {
    const { jobJson } = await import("./json.ts");
    io.out(JSON.stringify({ version: 1, jobs: shown.map(({ facts }) => jobJson(facts, now)) }, undefined, 2));
    return 0;
  }
  if (wanted.length === 0) {
    io.err(
      all.length > 0
        ? "No job is like that. `nextstrain jobs` lists all."
        : "There are no jobs: no build on AWS Batch was started from this computer, and none is known to its job queue.",
    );
    return 0;
  }
  const short = shortIds(jobs);
  const rows = shown.map(({ known, facts }) => rowOf(context, known, { facts, short, now }));
  const tableOptions = { columns: io.columns(), colours: io.colours };
  for (const line of tableLines(COLUMNS, rows, tableOptions)) io.out(line, { hasColours: io.colours });
  if (shown.length < wanted.length)
    io.err(`${shown.length} of ${wanted.length} jobs, the newest: --limit ${wanted.length} shows all.`);
  tellOfResults(context, shown, short);
  return 0;
}

async function chosenJobs(context: Context, accounts: Accounts, options: ListOptions): Promise<KnownJob[]> {
  const [{ findJobs }, { mustRefresh }] = await Promise.all([import("./find.ts"), import("./refresh.ts")]);
  return mustRefresh(context, accounts, await findJobs(context, accounts, options, options.ids));
}

function filterOf({ cwd }: Context, { states, directory, since }: ListOptions) {
  const below = directory === undefined ? undefined : resolve(cwd, directory);
  return (facts: JobFacts): boolean =>
    (states.length === 0 || states.includes(facts.status)) &&
    (below === undefined ||
      [facts.directory, facts.root].some((path) => path !== undefined && isBelow(path, below))) &&
    (since === undefined || (facts.createdAt ?? 0) >= since);
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}

const COLUMNS: readonly Column[] = [
  { title: "ID" },
  { title: "STATE" },
  { title: "AGE", right: true },
  { title: "RAN", right: true },
  { title: "EXIT", right: true },
  { title: "SENT", right: true },
  { title: "RESULTS", right: true },
  { title: "DIRECTORY" },
];

const RED = 31;
const YELLOW = 33;
const COLOURS: Partial<Record<KnownStatus, number>> = {
  SUCCEEDED: 32,
  FAILED: RED,
  RUNNING: 36,
  RUNNABLE: YELLOW,
};

function rowOf(
  { home }: Context,
  known: KnownJob,
  {
    facts,
    short,
    now,
  }: { readonly facts: JobFacts; readonly short: ReadonlyMap<string, string>; readonly now: number },
): readonly Cell[] {
  const { status, exitCode, sentBytes } = facts;
  return [
    { text: idOf(known, short) },
    { text: stateText(facts), colour: COLOURS[status] },
    { text: ageOf(facts, now) },
    { text: runTimeOf(facts, now) },
    { text: exitCode === undefined ? "" : String(exitCode), colour: exitCode ? RED : undefined },
    { text: sentBytes === undefined ? "" : formatBytes(sentBytes) },
    resultsCell(facts, now),
    { text: whereOf(facts, home) },
  ];
}

function stateText(facts: JobFacts): string {
  const children = childrenText(facts);
  return children === undefined ? facts.status : `${facts.status} (${children})`;
}

function resultsCell(facts: JobFacts, now: number): Cell {
  if (hasResultsLeft(facts, now)) return { text: "on AWS", colour: YELLOW };
  if (facts.downloadedAt === undefined) return { text: "" };
  return { text: facts.broughtBytes === undefined ? "here" : formatBytes(facts.broughtBytes) };
}

/** The command that brings home what has never been brought. */
function tellOfResults(
  context: Context,
  shown: readonly { readonly known: KnownJob; readonly facts: JobFacts }[],
  short: ReadonlyMap<string, string>,
): void {
  const left = shown.filter(({ facts }) => hasResultsLeft(facts, context.now()));
  if (left.length === 0) return;
  const ids = left.slice(0, MOST_NAMED).map(({ known }) => idOf(known, short));
  const more = left.length > ids.length ? ` (and ${left.length - ids.length} more)` : "";
  context.io.err(`Results that were never brought home: nextstrain jobs download ${ids.join(" ")}${more}`);
}
