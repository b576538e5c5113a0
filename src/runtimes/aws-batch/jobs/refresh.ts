import { isDeepStrictEqual } from "node:util";
import { explainAwsError, shortReason } from "../../../aws/errors.ts";
import { describeJobs } from "../../../aws/jobs.ts";
import type { Context } from "../../../cli/context.ts";
import { UserError } from "../../../errors.ts";
import type { JobId, RunRecord } from "../../../runs/types.ts";
import { changeBy, noteRun } from "../note.ts";
import type { Account, Accounts } from "./accounts.ts";
import type { KnownJob } from "./known-job.ts";

/** The account that a job is in; undefined where it can't be reached from here. Throws UserError. */
export async function accountOf(
  accounts: Accounts,
  { record, arrayRecord = record }: KnownJob,
): Promise<Account | undefined> {
  return arrayRecord === undefined ? accounts.own() : accounts.of(arrayRecord);
}

/**
 * Asks Batch how jobs are, each account by itself and a hundred jobs at once, and keeps what it says in their records: Batch forgets
 * jobs a week after they have ended. Jobs that Batch doesn't know come back as forgotten; those of an account that can't be asked as
 * they were, and `onFailure` hears why.
 */
export async function refresh(
  context: Context,
  accounts: Accounts,
  jobs: readonly KnownJob[],
  onFailure: (error: unknown) => void,
): Promise<KnownJob[]> {
  const groups = new Map<Account, KnownJob[]>();
  for (const known of jobs) {
    if (known.jobId === undefined) continue;
    const account = await accountOf(accounts, known).catch((error: unknown) => void onFailure(error));
    if (account) groups.set(account, [...(groups.get(account) ?? []), known]);
  }
  const fresh = new Map<KnownJob, KnownJob>();
  await Promise.all(
    [...groups].map(async ([{ aws }, ours]) => {
      try {
        const ids = ours.map(({ jobId }) => jobId as JobId);
        const found = await describeJobs(aws.batch, ids, context.signal);
        for (const known of ours) {
          const job = found.get(known.jobId as JobId);
          const record =
            job === undefined
              ? known.record
              : await keep(context, known.record, changeBy(job, context.now()));
          fresh.set(known, {
            ...known,
            record,
            account: { region: aws.region.value, localAws: aws.isLocal },
            ...(job === undefined ? { job, isForgotten: true } : { job }),
          });
        }
      } catch (error) {
        context.signal.throwIfAborted();
        onFailure(error);
      }
    }),
  );
  return jobs.map((known) => fresh.get(known) ?? known);
}

/** Says once, of each reason, that jobs are shown as they were. */
export function warnOfStale({ io }: Context): (error: unknown) => void {
  const said = new Set<string>();
  return (error) => {
    const reason = reasonOf(error);
    if (!said.has(reason))
      io.warn(`How jobs are could not be asked for; they are shown as last seen: ${reason}.`);
    said.add(reason);
  };
}

/** Why something could not be asked, as the end of a sentence. */
export function reasonOf(error: unknown): string {
  const reason = error instanceof UserError ? error.message : shortReason(error);
  return reason.replace(/\.$/, "");
}

/** As {@link refresh}, for commands that can do nothing without. Throws UserError. */
export async function mustRefresh(
  context: Context,
  accounts: Accounts,
  jobs: readonly KnownJob[],
): Promise<KnownJob[]> {
  return refresh(context, accounts, jobs, (error) => {
    throw explainAwsError(error, "look up jobs");
  });
}

/** Writes the record only where there is news: a list looks at many. */
async function keep(
  context: Context,
  record: RunRecord | undefined,
  change: Partial<RunRecord>,
): Promise<RunRecord | undefined> {
  if (record === undefined) return undefined;
  // As it comes back from the disk: without what is undefined.
  const changed: RunRecord = JSON.parse(JSON.stringify({ ...record, ...change }));
  if (isDeepStrictEqual(changed, JSON.parse(JSON.stringify(record)))) return record;
  return (await noteRun(context, record.runId, change)) ?? record;
}
