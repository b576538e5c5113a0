import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { explained, isAbsent, isDenied } from "../../../aws/errors.ts";
import { describeJobs, type ListedJob, listJobs } from "../../../aws/jobs.ts";
import type { Context } from "../../../cli/context.ts";
import { UsageError, UserError } from "../../../errors.ts";
import { findByPrefix, isIdPrefix, isWholeId } from "../../../runs/find.ts";
import { parseRunId, toJobId } from "../../../runs/ids.ts";
import { listRuns, readRecord, runsDirectory } from "../../../runs/registry.ts";
import type { JobId, RunId } from "../../../runs/types.ts";
import { parseBucket, runObjects } from "../bucket.ts";
import type { Account, Accounts } from "./accounts.ts";
import { type KnownJob, ofJob, ofListed, ofRecord } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { MEMORY, readRecords } from "./records.ts";
import { candidateLines } from "./rows.ts";

/** Jobs of a queue that are looked through for the beginning of an id. */
const MOST_LISTED = 1_000;
/**
 * The jobs that are meant by ids: of runs or of jobs, the whole of them or any beginning that fits one job only, or `last`, the
 * newest that was started from this computer. Each job once, in the order given. Of this computer's records first; what none of
 * them has is looked for in the queue, and whole ids in the bucket, too.
 *
 * @throws UsageError where one fits several jobs, UserError where one fits none
 */
export async function findJobs(
  context: Context,
  accounts: Accounts,
  options: JobsOptions,
  ids: readonly string[],
): Promise<readonly KnownJob[]> {
  const records = (await readRecords(context, options)).map(ofRecord);
  const found: KnownJob[] = [];
  for (const id of ids) {
    const find = async (part: string) =>
      findRecorded(records, part, context.now()) ??
      (await findElsewhere(context, await accounts.own(), options, part));
    const [, array, index] = /^(.+):(\d+)$/.exec(id) ?? [];
    const known =
      array && index ? await findChild(context, accounts, await find(array), index) : await find(id);
    const isNew = !found.some(({ runId, jobId }) => runId === known.runId && jobId === known.jobId);
    if (isNew) found.push(known);
  }
  return found;
}

/** A child of an array, by its index. Throws UserError where there is none. */
async function findChild(
  { signal }: Context,
  accounts: Accounts,
  array: KnownJob,
  index: string,
): Promise<KnownJob> {
  const account = array.record ? await accounts.of(array.record) : await accounts.own();
  const id = array.jobId && toJobId(`${array.jobId}:${index}`);
  const jobs =
    account && id
      ? await explained(`look up job ${id}`, signal, () => describeJobs(account.aws.batch, [id], signal))
      : undefined;
  const job = id && jobs?.get(id);
  const known = job && ofJob(job);
  if (known) return { ...known, arrayRecord: array.record };
  throw new UserError(`Run ${array.runId ?? array.jobId} has no child ${index}, as far as AWS Batch knows.`, {
    hint: `Its children: nextstrain jobs show ${array.runId ?? array.jobId}`,
  });
}

/** As {@link findJobs}, for a command that is about one job. */
export async function findJob(
  context: Context,
  accounts: Accounts,
  options: JobsOptions,
  id: string,
): Promise<KnownJob> {
  const [known] = await findJobs(context, accounts, options, [id]);
  if (known === undefined) throw new Error(`no job for ${id}`);
  return known;
}

/**
 * The id of the job that `build --attach` means: as {@link findJobs}, in one account. What may be no id of this program's is given back
 * as it is. Throws UsageError where it fits several jobs, UserError where it begins like an id and fits none.
 */
export async function jobIdToAttach(
  context: Context,
  account: Pick<Account, "aws">,
  options: Pick<JobsOptions, "queue" | "bucket">,
  given: string,
): Promise<JobId> {
  const directory = runsDirectory(context);
  // The child of an array is followed with all the others.
  const id = given.replace(/:\d+$/, "");
  const runId = parseRunId(id);
  if (runId !== undefined) {
    const record = await readRecord(directory, runId).catch(() => undefined);
    return record?.jobId ?? toJobId(id);
  }
  if (id !== "last" && !isIdPrefix(id)) return toJobId(id);
  const { runs } = await listRuns(directory);
  const here = runs.filter(({ jobId, localAws }) => jobId !== undefined && localAws === account.aws.isLocal);
  const known =
    findRecorded(here.map(ofRecord), id, context.now()) ?? (await findInQueue(context, account, options, id));
  return known.jobId ?? toJobId(id);
}

/** The recorded job that an id means; undefined where it fits none. Throws UsageError where it fits several. */
function findRecorded(records: readonly KnownJob[], id: string, now: number): KnownJob | undefined {
  if (id === "last") {
    // What was never submitted is no job.
    const newest = records.find(({ jobId }) => jobId !== undefined);
    if (newest) return newest;
    throw new UserError(
      "No build on AWS Batch has been started from this computer, as far as it remembers.",
      {
        hint: "Name the job by its id; `nextstrain jobs` lists those of your job queue, too.",
      },
    );
  }
  return only(findByPrefix(records, id), id, now);
}

function only(matches: readonly KnownJob[], id: string, now: number): KnownJob | undefined {
  const [first, ...others] = matches;
  if (others.length === 0) return first;
  throw new UsageError(
    [`${id} could be any of ${matches.length} jobs:`, ...candidateLines(matches, now)].join("\n"),
    { hint: "Write more of the id." },
  );
}

async function findElsewhere(
  context: Context,
  account: Account,
  options: JobsOptions,
  id: string,
): Promise<KnownJob> {
  if (!isIdPrefix(id)) throw unknownJob(account, options, id, "malformed");
  if (!isWholeId(id)) return findInQueue(context, account, options, id);
  const jobId = toJobId(id);
  const { signal } = context;
  const described = await explained(`look up job ${id}`, signal, () =>
    describeJobs(account.aws.batch, [jobId], signal),
  );
  const job = described.get(jobId);
  if (job) {
    const known = ofJob(job);
    if (known) return known;
    throw new UserError(
      `Job ${id} is not a Nextstrain build: it has no archive to bring results back from.`,
      {
        hint: "Check the id against the one that `nextstrain build` printed.",
      },
    );
  }
  const runId = parseRunId(id);
  const known =
    runId &&
    ((await findByName(context, account, options, runId)) ??
      (await findInBucket(context, account, options, runId)));
  if (known) return known;
  throw unknownJob(account, options, id, "whole");
}

/** The job of a run: it is called after it. */
export async function findByName(
  { signal }: Context,
  { aws }: Pick<Account, "aws">,
  { queue }: Pick<JobsOptions, "queue">,
  runId: RunId,
): Promise<KnownJob | undefined> {
  const [listed] = await listJobs(aws.batch, queue.value, { filter: { name: runId }, most: 1, signal }).catch(
    // The bucket may know it, too.
    (): ListedJob[] => {
      signal.throwIfAborted();
      return [];
    },
  );
  return listed && { runId, jobId: listed.id, listed };
}

/** What is left of a run that Batch has forgotten, or that it was never told of. */
async function findInBucket(
  { signal }: Context,
  { aws }: Account,
  { bucket }: JobsOptions,
  runId: RunId,
): Promise<KnownJob | undefined> {
  const { workdir } = runObjects(parseBucket(bucket), runId);
  try {
    await aws.s3.send(new HeadObjectCommand({ Bucket: workdir.bucket, Key: workdir.key }), {
      abortSignal: signal,
    });
    return { runId, jobId: undefined, archive: workdir, isForgotten: true };
  } catch (error) {
    signal.throwIfAborted();
    // A bucket that may not be listed answers so of what isn't there.
    if (isAbsent(error) || isDenied(error)) return undefined;
    throw error;
  }
}

async function findInQueue(
  context: Context,
  account: Pick<Account, "aws">,
  options: Pick<JobsOptions, "queue" | "bucket">,
  id: string,
): Promise<KnownJob> {
  const { signal } = context;
  const filter = { after: context.now() - MEMORY };
  let listed: readonly ListedJob[];
  try {
    listed = await listJobs(account.aws.batch, options.queue.value, { filter, most: MOST_LISTED, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (isDenied(error)) throw unknownJob(account, options, id, "denied");
    return explained(`look for job ${id}`, signal, () => Promise.reject(error));
  }
  const found = only(findByPrefix(listed.map(ofListed), id), id, context.now());
  if (found) return found;
  throw unknownJob(account, options, id, "beginning");
}

function unknownJob(
  { aws }: Pick<Account, "aws">,
  { queue, bucket }: Pick<JobsOptions, "queue" | "bucket">,
  id: string,
  why: "malformed" | "whole" | "denied" | "beginning",
): UserError {
  const place = aws.isLocal ? "local AWS" : `AWS Batch in ${aws.region.value}`;
  const list = "`nextstrain jobs` lists those that there are.";
  switch (why) {
    case "malformed":
      return new UserError(`"${id}" is no id of a job, and no beginning of one.`, {
        hint: `Ids are of the digits 0 to 9, the letters a to f and hyphens; \`last\` is the newest build. ${list}`,
      });
    case "denied":
      return new UserError(`No job whose id begins with ${id} was started from this computer.`, {
        hint: "Give the whole id: to look through the queue takes the permission batch:ListJobs.",
      });
    case "beginning":
      return new UserError(
        `No job whose id begins with ${id} was started from this computer, or is known to the queue ${queue.value} of ${place}.`,
        {
          hint: `${list} Batch forgets jobs a week after they ended; by the whole id of its run, one is found by what is left in the bucket.`,
        },
      );
    case "whole":
      return new UserError(
        `There is no job ${id}: neither here, nor known to ${place}, nor by its run's id in the bucket ${bucket.value}.`,
        {
          hint: aws.isLocal
            ? "Check the id. A job on your AWS account is found without --local-aws, and without the exports of `nextstrain local-aws env`."
            : "Check the id, the region and the bucket. Batch forgets jobs a week after they ended; after that, the id of the run finds what the bucket still has. A job on local AWS is found with --local-aws.",
        },
      );
  }
}
