import type { Aws } from "../../../aws/clients.ts";
import { explained } from "../../../aws/errors.ts";
import { describeJobs } from "../../../aws/jobs.ts";
import type { Context } from "../../../cli/context.ts";
import { UserError } from "../../../errors.ts";
import type { BuildRoot } from "../../../workflow/build-root.ts";
import { noteRun } from "../note.ts";
import type { Run } from "../run.ts";
import { clashLines } from "./end.ts";
import { bringMembersHome } from "./home.ts";
import { fanOutOf } from "./known.ts";
import { type Member, membersOf } from "./members.ts";

/** The jobs of a fan-out, as Batch describes them; those that it doesn't know are without. Undefined of a run that is none. */
export async function describeMembers(
  context: Context,
  aws: Aws,
  run: Run,
): Promise<readonly Member[] | undefined> {
  const { signal } = context;
  const fanOut = await fanOutOf(context, aws, run);
  if (fanOut === undefined) return undefined;
  const members = membersOf(run, fanOut, context.now());
  const ids = members.map((member) => member.run.jobId);
  const jobs = await explained("look up the jobs of the fan-out", signal, () =>
    describeJobs(aws.batch, ids, signal),
  );
  for (const member of members) {
    const job = jobs.get(member.run.jobId);
    if (job !== undefined) member.known = { ...member.known, job };
  }
  return members;
}

/** Brings the results of all jobs of a fan-out that has ended. Throws UserError where some could not be brought, or two jobs made the same file. */
export async function bringAllHome(
  context: Context,
  aws: Aws,
  {
    run,
    members,
    place,
  }: { readonly run: Run; readonly members: readonly Member[]; readonly place: BuildRoot },
): Promise<void> {
  const home = bringMembersHome(context, aws, { place, wanted: undefined });
  for (const member of members) home.add(member);
  const { bytes, failures, clashes } = await home.done();
  if (failures.length > 0) {
    throw new UserError(
      `The results of ${failures.length} of ${members.length} jobs could not be downloaded.`,
      {
        hint: "The same command again downloads the rest.",
      },
    );
  }
  await noteRun(context, run.runId, {
    downloadedAt: context.now(),
    ...(bytes > 0 ? { broughtBytes: bytes } : {}),
  });
  const [first, ...others] = clashLines(clashes);
  if (first !== undefined) throw new UserError(first, { hint: others.join("\n") });
}
