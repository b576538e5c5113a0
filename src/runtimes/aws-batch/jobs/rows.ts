import { withControlsShown } from "../../../cli/control-characters.ts";
import { shortIds } from "../../../runs/find.ts";
import { formatAge } from "../live-text.ts";
import { factsOf, type JobFacts, type KnownJob } from "./known-job.ts";

/** Candidates that are named where an id fits several jobs. */
const MOST_CANDIDATES = 10;

/** A line for each of several jobs among which to choose. */
export function candidateLines(jobs: readonly KnownJob[], now: number): string[] {
  const short = shortIds(jobs);
  const lines = jobs.slice(0, MOST_CANDIDATES).map((known) => {
    const facts = factsOf(known);
    const parts = [idOf(known, short), facts.status, `${ageOf(facts, now)} ago`, whereOf(facts)];
    return `  ${parts.filter((part) => part !== "").join("  ")}`;
  });
  const rest = jobs.length - lines.length;
  return rest > 0 ? [...lines, `  and ${rest} more`] : lines;
}

/** The id that a job is shown with: its run's, else its own, shortened. */
export function idOf(
  { runId, jobId }: Pick<KnownJob, "runId" | "jobId">,
  short: ReadonlyMap<string, string>,
): string {
  const id = runId ?? jobId ?? "";
  return plain(short.get(id) ?? id);
}

/** How long ago a job was submitted: `2h 05m`. */
export function ageOf({ createdAt }: JobFacts, now: number): string {
  return createdAt === undefined ? "?" : formatAge(now - createdAt);
}

/** How long a job's last attempt has run; "" where it hasn't. */
export function runTimeOf({ status, startedAt, stoppedAt }: JobFacts, now: number): string {
  if (startedAt === undefined || status === "UNKNOWN" || (stoppedAt !== undefined && stoppedAt < startedAt))
    return "";
  if (status !== "RUNNING" && stoppedAt === undefined) return "";
  return formatAge((stoppedAt ?? now) - startedAt);
}

/** How the children of a fan-out are: "1 RUNNING, 3 SUCCEEDED"; undefined of other jobs, and where nobody knows. */
export function childrenText({ children }: JobFacts): string | undefined {
  if (children === undefined) return undefined;
  const counts = Object.entries(children.counts).filter(([, count]) => count > 0);
  if (counts.length === 0) return `${children.size} jobs`;
  return counts.map(([status, count]) => `${count} ${status}`).join(", ");
}

/** The directory as it can be shown, below the home directory by `~`; the job's name where it was started elsewhere. */
export function whereOf({ directory, runId, name }: JobFacts, home?: string): string {
  if (directory === undefined) return runId === undefined && name ? plain(`(${name})`) : "(another computer)";
  const isBelow = home !== undefined && (directory === home || directory.startsWith(`${home}/`));
  return plain(isBelow ? `~${directory.slice(home.length)}` : directory);
}

/** Text of others on one line of a terminal, that can do nothing to it. */
export function plain(text: string): string {
  return withControlsShown(text, { keepColours: false }).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}
