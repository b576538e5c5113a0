import { isCredentialFailure, isDenied } from "../../../aws/errors.ts";
import { listJobs } from "../../../aws/jobs.ts";
import type { Context } from "../../../cli/context.ts";
import type { Account, Accounts } from "./accounts.ts";
import { MEMORY, ofListed, ofRecord, readRecords } from "./find.ts";
import { isEnded, type KnownJob } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { reasonOf, refresh, warnOfStale } from "./refresh.ts";

/** Not worth waiting longer for what others have in the queue. Milliseconds. */
const DEADLINE = 10_000;

export interface CollectOptions {
  /** Only jobs submitted after this time. Milliseconds since 1970. */
  readonly since: number | undefined;
  /** Jobs of the queue's list to look at, at most. */
  readonly mostListed: number;
}

/**
 * All jobs that are known of: those recorded here, and those of the job queue where it may be listed; newest first. Of recorded ones
 * that had not ended, Batch is asked how they are. What can't be asked is said once, and never fails.
 */
export async function collectJobs(
  context: Context,
  accounts: Accounts,
  options: JobsOptions,
  { since = 0, mostListed }: CollectOptions,
): Promise<readonly KnownJob[]> {
  const records = (await readRecords(context, options)).filter(({ createdAt }) => createdAt >= since);
  const recorded = records.map(ofRecord);
  const open = recorded.filter(({ record }) => !isEnded(record?.status));
  const [fresh, listed] = await Promise.all([
    refresh(context, accounts, open, warnOfStale(context)),
    listQueue(context, accounts, options, {
      records,
      after: Math.max(since, context.now() - MEMORY),
      mostListed,
    }),
  ]);
  const freshly = new Map(open.map((known, index) => [known, fresh[index] ?? known]));
  return merge(
    recorded.map((known) => freshly.get(known) ?? known),
    listed,
  );
}

/** Recorded jobs, and those of the list that no record is of; newest first. */
export function merge(recorded: readonly KnownJob[], listed: readonly KnownJob[]): KnownJob[] {
  const byId = new Map(
    listed.flatMap((known) => [known.jobId, known.runId].map((id) => [id, known] as const)),
  );
  const used = new Set<KnownJob | undefined>();
  const merged = recorded.map((known) => {
    const entry = byId.get(known.jobId ?? known.runId);
    if (entry === undefined) return known;
    used.add(entry);
    // A submission that AWS left unanswered may have made a job all the same.
    return { ...known, jobId: known.jobId ?? entry.jobId, listed: entry.listed };
  });
  return [...merged, ...listed.filter((known) => !used.has(known))].sort(
    (one, other) => timeOf(other) - timeOf(one),
  );
}

function timeOf({ job, listed, record }: KnownJob): number {
  return job?.origin?.submittedAt ?? listed?.createdAt ?? record?.submittedAt ?? record?.createdAt ?? 0;
}

interface QueueOptions {
  readonly records: readonly { readonly localAws: boolean }[];
  readonly after: number;
  readonly mostListed: number;
}

/** The queue's jobs; none, with a word on why, where they can't be had. */
async function listQueue(
  context: Context,
  accounts: Accounts,
  { localAws, queue }: JobsOptions,
  { records, after, mostListed }: QueueOptions,
): Promise<KnownJob[]> {
  // Whoever has only ever used local AWS, and has named no account, has none to be asked.
  const hasNoAccount =
    !localAws &&
    records.every((record) => record.localAws) &&
    !Object.keys(context.env).some((name) => /^AWS_(?!EC2_METADATA|PAGER)/.test(name));
  if (hasNoAccount && records.length > 0) return [];
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(DEADLINE)]);
  let account: Account | undefined;
  try {
    account = await accounts.own();
    const jobs = await listJobs(account.aws.batch, queue.value, {
      filter: { after },
      most: mostListed,
      signal,
    });
    const { aws } = account;
    const found = { region: aws.region.value, localAws: aws.isLocal };
    return jobs.map((listed) => ({ ...ofListed(listed), account: found }));
  } catch (error) {
    context.signal.throwIfAborted();
    // There may be more in the account; without one, there is nothing to tell.
    if (isCredentialFailure(error) && !records.some((record) => !record.localAws) && records.length > 0)
      return [];
    const only = "only jobs started from this computer are shown";
    context.io.warn(
      isDenied(error)
        ? `AWS does not allow you to list the jobs of the queue ${queue.value} (batch:ListJobs): ${only}.`
        : `The jobs of the queue ${queue.value} could not be listed, so ${only}: ${reasonOf(error)}.`,
    );
    return [];
  }
}
