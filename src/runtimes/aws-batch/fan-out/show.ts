import { factsOf, isEnded } from "../jobs/known-job.ts";
import { runTimeOf } from "../jobs/rows.ts";
import type { Member } from "./members.ts";

/** Lines for the jobs of a fan-out, at most. */
const MOST = 100;
/** Those that failed, or have not ended, tell more. */
const ORDER = ["FAILED", "RUNNING", "STARTING", "RUNNABLE", "PENDING", "SUBMITTED", "UNKNOWN", "SUCCEEDED"];

/** A line for each job: its place in the array, its state, its label; and how to see more of one. */
export function memberLines(
  members: readonly Member[],
  { id, now }: { readonly id: string; readonly now: number },
): readonly string[] {
  const rank = ({ known }: Member) => ORDER.indexOf(factsOf(known).status);
  const ordered =
    members.length <= MOST ? members : members.toSorted((one, other) => rank(one) - rank(other));
  const lines = ordered.slice(0, MOST).map((member) => {
    const facts = factsOf(member.known);
    const exit = isEnded(facts.status) && facts.exitCode ? ` (exit status ${facts.exitCode})` : "";
    const ran = runTimeOf(facts, now);
    const state = `${facts.status}${exit}${ran && ` ${ran}`}`;
    return `  ${String(member.index ?? "").padStart(4)}  ${state.padEnd(16)}  ${member.id}`;
  });
  const more = members.length - lines.length;
  return [
    "Its jobs:",
    ...lines,
    ...(more > 0 ? [`  and ${more} more`] : []),
    `More of one, by its number: nextstrain jobs show ${id}:0`,
  ];
}

/** A job of a fan-out for programs, as docs/jobs.md has it. */
export function memberJson({ index, id, run, known }: Member): object {
  const { status, exitCode, logStreams } = factsOf(known);
  return {
    index: index ?? null,
    label: id,
    jobId: run.jobId,
    status,
    exitCode: exitCode ?? null,
    logStream: logStreams.at(-1) ?? null,
  };
}
