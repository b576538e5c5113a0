import { setTimeout as pause } from "node:timers/promises";
import { ListJobsCommand, SubmitJobCommand, type SubmitJobCommandInput } from "@aws-sdk/client-batch";
import { UserError } from "../errors.ts";
import type { JobId } from "../runs/types.ts";
import type { Aws } from "./clients.ts";
import { explainAwsError, isDenied, isServerFault, isTransient, wasNotCarriedOut } from "./errors.ts";

/** Whether a job was submitted is not known: the request went out, and no answer came. */
export class MaybeSubmittedError extends UserError {}

interface SubmitOptions {
  /** Aborted, it keeps a job from being submitted; it does not stop a request that is on its way. */
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly sleep?: (time: number) => Promise<unknown>;
}

/** How many times to submit at most. */
const ATTEMPTS = 5;

/**
 * How long to wait before each look for the job. Only where none of them finds it, it is submitted again. Nobody says how soon
 * ListJobs shows a new job, and a request that got no answer may still be on its way; an error answer says at least that
 * Batch is done with it. Milliseconds.
 */
const LOOKS = {
  answered: [1_000, 3_000],
  unanswered: [1_000, 2_000, 4_000, 8_000],
} as const;

/**
 * Submits a job whose name no other job has, once. SubmitJob has no client token, so that after a server's fault (5xx)
 * or a connection that broke, only the list of jobs tells whether there is a job now: it is looked for by its name
 * (ListJobs with JOB_NAME, which covers every state), and its id taken from there. Where it surely isn't there, it is
 * submitted again. Where the list may not be seen (the permission batch:ListJobs), or can't be, nothing is
 * done twice: throws {@link MaybeSubmittedError}. Other failures are UserErrors; after an abort, the signal's reason.
 */
export async function submitJob(
  { batch, batchOnce }: Pick<Aws, "batch" | "batchOnce">,
  request: SubmitJobCommandInput,
  { signal, sleep = pause }: SubmitOptions,
): Promise<JobId> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      // Without the signal: giving the request up half-way might still make a job.
      const { jobId } = await batchOnce.send(new SubmitJobCommand(request));
      return jobId as JobId;
    } catch (error) {
      if (wasNotCarriedOut(error)) {
        if (attempt >= ATTEMPTS) throw explainAwsError(error, "submit the job");
        await sleep(250 * 2 ** attempt);
      } else if (isTransient(error)) {
        const found = await look(error);
        if (found !== undefined) return found;
        if (attempt >= ATTEMPTS) throw explainAwsError(error, "submit the job");
      } else {
        throw explainAwsError(error, "submit the job");
      }
    }
  }

  /** The job that a failed submission made, or undefined where it made none. */
  async function look(failure: unknown): Promise<JobId | undefined> {
    for (const wait of isServerFault(failure) ? LOOKS.answered : LOOKS.unanswered) {
      await sleep(wait);
      const id = await findJob().catch((error: unknown) => {
        throw inDoubt(request, failure, isDenied(error));
      });
      if (id !== undefined) return id;
    }
    return undefined;
  }

  async function findJob(): Promise<JobId | undefined> {
    const { jobQueue, jobName = "" } = request;
    const filters = [{ name: "JOB_NAME", values: [jobName] }];
    const { jobSummaryList = [] } = await batch.send(new ListJobsCommand({ jobQueue, filters }));
    return jobSummaryList.find((job) => job.jobName === jobName)?.jobId as JobId | undefined;
  }
}

function inDoubt({ jobName, jobQueue }: SubmitJobCommandInput, cause: unknown, denied: boolean): UserError {
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  const permission = denied ? " With the permission batch:ListJobs this program looks for itself." : "";
  return new MaybeSubmittedError(
    `AWS Batch gave no clear answer to the job's submission (${reason}): it may have been submitted or not.`,
    {
      hint: `Look for a job named ${jobName} in the queue ${jobQueue} before you run the build again; its archive is still in the bucket.${permission}`,
      cause,
    },
  );
}
