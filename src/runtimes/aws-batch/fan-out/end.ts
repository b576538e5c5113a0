import type { Aws } from "../../../aws/clients.ts";
import type { Context } from "../../../cli/context.ts";
import { shellQuoted } from "../../../cli/shell-quoted.ts";
import { quoteName } from "../../../runs/names.ts";
import type { Explainer } from "../explain.ts";
import { factsOf } from "../jobs/known-job.ts";
import { exitStatusOf } from "../outcome.ts";
import type { BroughtHome } from "./home.ts";
import { jobOf, type Member } from "./members.ts";
import type { Clash } from "./owners.ts";

/** Jobs, and files, of which all is said; of the others only their names, or how many there are. */
const MOST_EXPLAINED = 5;
const MOST_NAMED = 50;

/** The jobs that did not succeed. */
export function failedMembers(members: readonly Member[]): readonly Member[] {
  return members.filter(({ known, never }) => never || factsOf(known).status !== "SUCCEEDED");
}

/** The status of a fan-out: that which all failures share, else 1. What never ran tells nothing. */
export function exitStatusOfAll(members: readonly Member[], { clashes, failures }: BroughtHome): number {
  const statuses = failedMembers(members).flatMap((member) => {
    const job = jobOf(member);
    return job?.startedAt === undefined ? [] : [exitStatusOf(job)];
  });
  const [status, ...others] = new Set(statuses);
  if (status !== undefined) return others.length === 0 ? status : 1;
  return failedMembers(members).length + clashes.length + failures.length > 0 ? 1 : 0;
}

/** Says which jobs failed, and of the first few why. */
export async function explainFailures(
  { io }: Context,
  members: readonly Member[],
  explainerOf: (member: Member) => Pick<Explainer, "explainEnd">,
): Promise<void> {
  const failed = failedMembers(members);
  if (failed.length === 0) return;
  const ran = failed.filter((member) => jobOf(member)?.startedAt !== undefined);
  const names = failed.slice(0, MOST_NAMED).map(describe);
  const more = failed.length > names.length ? ` and ${failed.length - names.length} more` : "";
  io.err(`${failed.length} of ${members.length} jobs failed: ${names.join(", ")}${more}`);
  for (const member of (ran.length > 0 ? ran : failed).slice(0, MOST_EXPLAINED)) {
    const job = jobOf(member);
    if (job !== undefined) await explainerOf(member).explainEnd(job);
  }
}

function describe(member: Member): string {
  const { exitCode, startedAt } = factsOf(member.known);
  if (startedAt === undefined) return `${member.id} (never ran)`;
  return exitCode === undefined ? member.id : `${member.id} (exited ${exitCode})`;
}

/** The command that builds only what did not succeed. */
export function tellHowToRetry({ io }: Context, aws: Aws, directory: string): void {
  const local = aws.local?.isByOption ? ["--local-aws"] : [];
  const words = ["nextstrain", "build", "--aws-batch", ...local, "--fan-out-retry", shellQuoted(directory)];
  io.err(`To build only the rest: ${words.join(" ")}`);
}

/** Of files that two children made differently: whose version is where. */
export function clashLines(clashes: readonly Clash[]): readonly string[] {
  if (clashes.length === 0) return [];
  const lines = clashes
    .slice(0, MOST_EXPLAINED)
    .map(
      ({ path, labels }) =>
        `${labels.join(" and ")} have both made ${quoteName(path)}, with different content.`,
    );
  const more = clashes.length - MOST_EXPLAINED;
  return [
    ...lines,
    ...(more > 0 ? [`So it is with ${more} more files.`] : []),
    "The version that came first is in its place, the other beside it (*.from-job-*). Build such files before the children: --fan-out-first.",
  ];
}

export function tellClashes({ io }: Context, clashes: readonly Clash[]): void {
  const [first, ...others] = clashLines(clashes);
  if (first === undefined) return;
  for (const line of [`Error: ${first}`, ...others]) io.err(line);
}
