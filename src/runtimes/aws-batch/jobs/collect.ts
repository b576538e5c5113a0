import type { Context } from "../../../cli/context.ts";
import type { Accounts } from "./accounts.ts";
import { isEnded, type KnownJob, ofRecord } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { MEMORY, readRecords } from "./records.ts";

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
  // What asks AWS takes longer to load than a thousand records take to read.
  const refreshed = async () => {
    if (open.length === 0) return [];
    const { refresh, warnOfStale } = await import("./refresh.ts");
    return refresh(context, accounts, open, warnOfStale(context));
  };
  const inQueue = async () => {
    if (hasNoAccount(context, options, records)) return [];
    const { listQueue } = await import("./list-queue.ts");
    const after = Math.max(since, context.now() - MEMORY);
    return listQueue(context, accounts, options, { records, after, mostListed });
  };
  const [fresh, listed] = await Promise.all([refreshed(), inQueue()]);
  const freshly = new Map(open.map((known, index) => [known, fresh[index] ?? known]));
  return merge(
    recorded.map((known) => freshly.get(known) ?? known),
    listed,
  );
}

/** Variables with which an account of AWS's is named. */
const NAMES_ACCOUNT =
  /^AWS_(?:(?:DEFAULT_)?(?:PROFILE|REGION)|ACCESS_KEY_ID|ENDPOINT_URL|WEB_IDENTITY_TOKEN|ROLE_ARN|CONTAINER_)/;

/** Whoever has only ever used local AWS, and has named no account, has none to be asked. */
function hasNoAccount(
  { env }: Context,
  { localAws }: JobsOptions,
  records: readonly { readonly localAws: boolean }[],
): boolean {
  if (localAws || records.length === 0 || records.some((record) => !record.localAws)) return false;
  return !Object.keys(env).some((name) => NAMES_ACCOUNT.test(name));
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
