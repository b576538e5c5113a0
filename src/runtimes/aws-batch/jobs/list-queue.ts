import { isCredentialFailure, isDenied } from "../../../aws/errors.ts";
import { listJobs } from "../../../aws/jobs.ts";
import type { Context } from "../../../cli/context.ts";
import { isFirst } from "../fan-out/submissions.ts";
import type { Account, Accounts } from "./accounts.ts";
import { type KnownJob, ofListed } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { reasonOf } from "./refresh.ts";

/** Not worth waiting longer for what others have in the queue. Milliseconds. */
const DEADLINE = 10_000;

export interface QueueOptions {
  readonly records: readonly { readonly localAws: boolean }[];
  readonly after: number;
  readonly mostListed: number;
}

/** The queue's jobs; none, with a word on why, where they can't be had. */
export async function listQueue(
  context: Context,
  accounts: Accounts,
  { queue }: JobsOptions,
  { records, after, mostListed }: QueueOptions,
): Promise<KnownJob[]> {
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
    // What a fan-out builds first is no build of its own.
    const builds = jobs.filter((listed) => !isFirst(listed));
    return builds.map((listed) => ({ ...ofListed(listed), account: found }));
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
