import type { Job, JobStatus } from "../../../aws/batch.ts";
import { UserError } from "../../../errors.ts";
import { toJobId } from "../../../runs/ids.ts";
import { parseS3Url } from "../../../transfer/s3-url.ts";
import { type BuildRoot, placeIn } from "../../../workflow/build-root.ts";
import { partOf } from "../bucket.ts";
import type { Run } from "../run.ts";
import type { Account, Accounts } from "./accounts.ts";
import { factsOf, isEnded, type KnownJob } from "./known-job.ts";
import { accountOf } from "./refresh.ts";

/** The job as its account's functions take it. Throws UserError where nothing tells where its archive is. */
export function runOf(known: KnownJob, place: BuildRoot | undefined): Run {
  const facts = factsOf(known);
  const workdir = facts.workdir === undefined ? undefined : parseS3Url(facts.workdir);
  if (workdir === undefined) {
    throw new UserError(
      `Job ${facts.jobId ?? facts.runId} is not a Nextstrain build: it has no archive in a bucket.`,
      {
        hint: "`nextstrain jobs` lists the builds that there are.",
      },
    );
  }
  const index = /:(\d+)$/.exec(known.jobId ?? "")?.[1];
  return {
    // Of a run that only the bucket still knows, nobody has the job's id: its own names it as well.
    jobId: known.jobId ?? toJobId(known.runId ?? ""),
    runId: known.runId,
    workdir,
    part: index === undefined ? undefined : partOf(workdir, Number(index)),
    place,
    jobName: facts.name,
    origin: known.job?.origin,
    job: known.job,
  };
}

/** Where the job's results belong on this computer, by its record; undefined where it was started elsewhere. */
export function placeOf({ record, arrayRecord = record }: KnownJob): BuildRoot | undefined {
  return arrayRecord && placeIn(arrayRecord.root, arrayRecord.directory);
}

/** The job as Batch described it or, where it has forgotten it, as it was when it ended, by the record. */
export function jobOf(known: KnownJob): Job | undefined {
  if (known.job || known.record === undefined || known.jobId === undefined || !isEnded(known.record.status)) {
    return known.job;
  }
  const { record, jobId } = known;
  const facts = factsOf(known);
  return {
    id: jobId,
    name: record.jobName,
    status: record.status as JobStatus,
    statusReason: record.statusReason,
    startedAt: record.startedAt,
    stoppedAt: record.endedAt,
    exitCode: record.exitCode,
    reason: undefined,
    logStreams: record.logStreams,
    log: { kind: "group", group: record.logGroup, prefix: undefined },
    maxAttempts: Math.max(1, facts.attempts.length),
    environment: new Map(),
    origin: { ...record, submittedAt: record.submittedAt },
    container: {
      image: "",
      vcpus: record.vcpus,
      memoryMib: record.memoryMib,
      timeoutSeconds: undefined,
      roleArn: undefined,
    },
    attempts: facts.attempts,
  };
}

/** The account that a job is in. Throws UserError where the environment names another. */
export async function mustReach(accounts: Accounts, known: KnownJob): Promise<Account> {
  const account = await accountOf(accounts, known);
  if (account) return account;
  const { runId, record } = known;
  throw new UserError(
    `Run ${runId} is ${record?.localAws ? "on local AWS" : `in the region ${record?.region} of AWS`}, and the environment or the command line names another server.`,
    { hint: "Leave out --local-aws, and unset AWS_ENDPOINT_URL (`nextstrain local-aws env --unset`)." },
  );
}
