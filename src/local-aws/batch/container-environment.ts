import { optionalString } from "./fields.ts";
import type { OpenInstance } from "./instance-metadata.ts";
import type { KeyPair } from "./key-pair.ts";
import type { CurrentAttempt, Job } from "./types.ts";

/** What the containers of all jobs are given. */
export interface JobSurroundings {
  readonly region: string;
  /** For jobs whose role is not there. */
  readonly jobCredentials: KeyPair;
  readonly roleCredentials?: (role: string) => KeyPair | undefined;
  /** Address of local AWS. */
  endpoint(): string;
}

/** The environment of a container: what the image and Batch set, and then the definition's and the submission's variables. */
export function containerEnvironment(
  job: Job,
  attempt: CurrentAttempt,
  surroundings: JobSurroundings,
  instance: OpenInstance,
): Readonly<Record<string, string>> {
  const credentials = credentialsOf(job, surroundings);
  return {
    LANG: "C.UTF-8",
    TZ: "UTC",
    AWS_ENDPOINT_URL: surroundings.endpoint(),
    AWS_EC2_METADATA_SERVICE_ENDPOINT: `${surroundings.endpoint()}${instance.path}`,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_DEFAULT_REGION: surroundings.region,
    AWS_REGION: surroundings.region,
    ...Object.fromEntries(job.container.environment.map(({ name, value }) => [name, value])),
    // Names that begin with AWS_BATCH are reserved.
    AWS_BATCH_JOB_ID: job.jobId,
    ...(job.place === undefined
      ? {}
      : {
          AWS_BATCH_JOB_ARRAY_INDEX: String(job.place.index),
          AWS_BATCH_JOB_ARRAY_SIZE: String(job.place.size),
        }),
    AWS_BATCH_JOB_ATTEMPT: String(attempt.number),
    AWS_BATCH_JQ_NAME: job.queue,
    AWS_BATCH_CE_NAME: attempt.environment,
  };
}

/** Those of the job's role. */
export function credentialsOf(job: Job, surroundings: JobSurroundings): KeyPair {
  return roleKeys(job, surroundings) ?? surroundings.jobCredentials;
}

/** `jobRoleArn` is a name or an Amazon resource name, perhaps with a path. */
function roleKeys(job: Job, { roleCredentials }: JobSurroundings): KeyPair | undefined {
  const role = optionalString(job.container, "jobRoleArn")?.split("/").at(-1);
  return role === undefined ? undefined : roleCredentials?.(role);
}
