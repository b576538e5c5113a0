import { withoutControls } from "../../../cli/control-characters.ts";
import { createProgressReader, type ProgressReader } from "../../../workflow/snakemake-log.ts";
import { formatAge, jobText } from "../live-text.ts";
import { factsOf, isEnded, type KnownJob } from "./known-job.ts";
import { runTimeOf, whereOf } from "./rows.ts";

/** One of the jobs that are watched together, and how far it has come. */
export interface Watched {
  readonly id: string;
  /** What is said of it beside its state, where that is not its directory. */
  readonly where?: string;
  known: KnownJob;
  /** When its state was first seen. Milliseconds since 1970. */
  since: number;
  /** What its results are at, once it has ended: "bringing the results home", … */
  results: string;
  /** Whether it was asked to stop from the screen. */
  isStopping: boolean;
  /** The log stream that is read, and how far it has been. */
  stream: string | undefined;
  token: string | undefined;
  progress: ProgressReader;
  lastLine: string;
  /** When its log was last asked for. Milliseconds since 1970. */
  readAt: number;
}

export function beginWatched(id: string, known: KnownJob, now: number): Watched {
  const log = {
    stream: undefined,
    token: undefined,
    progress: createProgressReader(),
    lastLine: "",
    readAt: 0,
  };
  return { id, known, since: now, results: "", isStopping: false, ...log };
}

/** Rows of the screen, which is for a glance: those that run come first. */
const ROWS = 20;
const ORDER = ["RUNNING", "STARTING", "RUNNABLE", "PENDING", "SUBMITTED", "FAILED", "UNKNOWN", "SUCCEEDED"];

export interface ScreenOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly home?: string | undefined;
  /** Lines that there is room for. */
  readonly rows?: number;
  /** The job that keys are about; undefined where there are no keys. */
  readonly chosen?: Watched | undefined;
  /** The last line: what keys do. */
  readonly keys?: string | undefined;
  /** What Control-C does; left out: that it leaves the jobs alone. */
  readonly advice?: string | undefined;
}

/** The jobs in the order of the screen. */
export function inOrder(jobs: readonly Watched[]): readonly Watched[] {
  const rank = ({ known }: Watched) => ORDER.indexOf(factsOf(known).status);
  return jobs.length <= ROWS ? jobs : jobs.toSorted((one, other) => rank(one) - rank(other));
}

/** The jobs that are on the screen: the first, or so many that the chosen one is the last. */
export function visible(
  jobs: readonly Watched[],
  { rows = Number.POSITIVE_INFINITY, chosen, keys }: Omit<ScreenOptions, "now"> = {},
): readonly Watched[] {
  const ordered = inOrder(jobs);
  const others = 1 + (keys === undefined ? 0 : 1);
  const room = Math.max(1, Math.min(ROWS, rows - others));
  if (ordered.length <= room) return ordered;
  // One more line says how many there are beside these.
  const most = Math.max(1, Math.min(ROWS, rows - others - 1));
  const start = chosen === undefined ? 0 : Math.max(0, ordered.indexOf(chosen) - most + 1);
  return ordered.slice(start, start + most);
}

/** The screen: a line that sums up, then a line for each job, then the keys. */
export function screenText(jobs: readonly Watched[], options: ScreenOptions): string {
  const { now, home, chosen, keys, advice = "Control-C leaves them alone." } = options;
  const counts = new Map<string, number>();
  for (const { known } of jobs) {
    const { status } = factsOf(known);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const states = ORDER.flatMap((status) => (counts.has(status) ? [`${counts.get(status)} ${status}`] : []));
  const shown = visible(jobs, options);
  const more = jobs.length > shown.length ? [`and ${jobs.length - shown.length} more`] : [];
  const mark = (job: Watched) => (keys === undefined ? "" : job === chosen ? "> " : "  ");
  return [
    `${states.join(", ")}. ${advice}`,
    ...shown.map((job) => mark(job) + rowText(job, now, home)),
    ...more,
    ...(keys === undefined ? [] : [keys]),
  ].join("\n");
}

function rowText(
  { id, where, known, since, progress, lastLine, results, isStopping }: Watched,
  now: number,
  home?: string,
): string {
  const facts = factsOf(known);
  const { status, startedAt } = facts;
  if (isEnded(status)) {
    const ran = runTimeOf(facts, now);
    return [id, status + (ran === "" ? "" : ` after ${ran}`), results, where ?? whereOf(facts, home)]
      .filter(Boolean)
      .join("  ");
  }
  const began = status === "RUNNING" ? (startedAt ?? since) : since;
  const state = progress.state();
  const text = jobText({ status, age: now - began, progress: state, trouble: undefined });
  const left = isStopping ? ", stopping" : timeLeft(state, now - began);
  return [id, text + left, lastLine || (where ?? whereOf(facts, home))].join("  ");
}

/** What is left by the steps so far, where these tell anything. */
function timeLeft(
  { done, total }: { readonly done: number; readonly total: number | undefined },
  age: number,
): string {
  if (total === undefined || done < 2 || done >= total) return "";
  return `, about ${formatAge((age / done) * (total - done))} left`;
}

/** The last line of a page of the log that says anything, fit for one line of a screen. */
export function lastWords(messages: readonly string[]): string | undefined {
  for (const message of messages.toReversed()) {
    const text = withoutControls(message, { keepColours: false }).replace(/\s+/g, " ").trim();
    if (text !== "") return text;
  }
  return undefined;
}
