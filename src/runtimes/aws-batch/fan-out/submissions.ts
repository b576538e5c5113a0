import type { SubmitJobCommandInput } from "@aws-sdk/client-batch";
import { terminateJob } from "../../../aws/batch.ts";
import type { Aws } from "../../../aws/clients.ts";
import { MaybeSubmittedError, submitJob } from "../../../aws/submit-job.ts";
import type { Context } from "../../../cli/context.ts";
import { UserError } from "../../../errors.ts";
import type { JobId, RunRecord } from "../../../runs/types.ts";
import type { RunObjects } from "../bucket.ts";
import { type JobSpecification, jobRequest } from "../job-request.ts";
import type { AwsBatchOptions } from "../options.ts";
import type { FanOut } from "./children.ts";

/** What a build submits. */
export interface Submissions {
  /** Waited for by the main one: of a fan-out, what all its children need. */
  readonly first: SubmitJobCommandInput | undefined;
  readonly main: SubmitJobCommandInput;
}

export interface SubmittedJobs {
  readonly jobId: JobId;
  readonly firstJobId: JobId | undefined;
}

/** Ends the list of values of whichever option comes before: targets follow. Given already, it means no more the second time. */
export const END_OF_VALUES = "--rerun-incomplete";

/** The requests of a job, or of a fan-out's jobs. Throws UserError where these can't have the script that they need. */
export function submissionsOf(
  job: JobSpecification,
  objects: Pick<RunObjects, "children">,
  { fanOut, gracefulStop }: Pick<AwsBatchOptions, "fanOut" | "gracefulStop">,
): Submissions {
  if (fanOut === undefined) return { first: undefined, main: jobRequest(job) };
  if (job.wrapper === undefined) throw withoutWrapper(gracefulStop);
  const command = [...job.command, END_OF_VALUES];
  const array = { size: fanOut.children.length, children: objects.children };
  const main = jobRequest({ ...job, command, array, needsWrapper: true });
  if (fanOut.first.length === 0) return { first: undefined, main };
  const first = jobRequest({ ...job, command: [...command, ...fanOut.first], needsWrapper: true });
  return { first: { ...first, jobName: firstName(job.runId) }, main };
}

/** Submits the job that comes first, if there is one, and the one that waits for it; none where the latter fails. */
export async function submitAll(
  { signal }: Context,
  aws: Aws,
  { first, main }: Submissions,
): Promise<SubmittedJobs> {
  const stop = (id: JobId) => terminateJob(aws.batch, id, "Cancelled by the user.");
  const firstJobId = first && (await submitJob(aws, first, { signal }));
  const dependsOn = firstJobId === undefined ? {} : { dependsOn: [{ jobId: firstJobId }] };
  try {
    signal.throwIfAborted();
    const jobId = await submitJob(aws, { ...main, ...dependsOn }, { signal });
    if (!signal.aborted) return { jobId, firstJobId };
    await stop(jobId);
    throw signal.reason;
  } catch (error) {
    if (firstJobId !== undefined && !(error instanceof MaybeSubmittedError)) await stop(firstJobId);
    throw error;
  }
}

const FIRST = "-first";

/** The name in Batch of the job that a run's array waits for. */
function firstName(runId: string): string {
  return `${runId}${FIRST}`;
}

/** Whether a job in Batch is one that an array waits for: it is shown with that. */
export function isFirst({ name }: { readonly name: string }): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-first$/.test(name);
}

function withoutWrapper(isOn: boolean): UserError {
  return isOn
    ? new UserError(
        "A fan-out can't run here: local AWS runs jobs as processes, and its jobs look for their own in Linux's /proc.",
        { hint: "Have local AWS run jobs in containers (docker or podman), or use your account on AWS." },
      )
    : new UserError(
        "A fan-out needs the script that its jobs run in, and that is turned off (NEXTSTRAIN_AWS_BATCH_GRACEFUL_STOP).",
        { hint: "Set NEXTSTRAIN_AWS_BATCH_GRACEFUL_STOP=on for this build." },
      );
}

/** What the record has of a fan-out. */
export function recordedChildren(
  fanOut: FanOut | undefined,
  firstJobId: JobId | undefined,
): RunRecord["children"] {
  if (fanOut === undefined) return undefined;
  return { labels: fanOut.children.map(({ label }) => label), first: fanOut.first, firstJobId };
}
