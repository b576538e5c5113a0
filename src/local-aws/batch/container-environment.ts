import type { CurrentAttempt, Job } from "./types.ts";

/** What the containers of all jobs are given. */
export interface JobSurroundings {
  readonly region: string;
  /** In place of the job's role. */
  readonly jobCredentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Address of local AWS. */
  endpoint(): string;
}

/** The environment of a container: what the image and Batch set, and then the definition's and the submission's variables. */
export function containerEnvironment(
  job: Job,
  attempt: CurrentAttempt,
  surroundings: JobSurroundings,
): Readonly<Record<string, string>> {
  return {
    LANG: "C.UTF-8",
    TZ: "UTC",
    AWS_ENDPOINT_URL: surroundings.endpoint(),
    AWS_ACCESS_KEY_ID: surroundings.jobCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: surroundings.jobCredentials.secretAccessKey,
    AWS_DEFAULT_REGION: surroundings.region,
    AWS_REGION: surroundings.region,
    ...Object.fromEntries(job.container.environment.map(({ name, value }) => [name, value])),
    // Names that begin with AWS_BATCH are reserved.
    AWS_BATCH_JOB_ID: job.jobId,
    AWS_BATCH_JOB_ATTEMPT: String(attempt.number),
    AWS_BATCH_JQ_NAME: job.queue,
    AWS_BATCH_CE_NAME: attempt.environment,
  };
}
