import type { SubmitJobCommandInput } from "@aws-sdk/client-batch";
import type { DefinitionForm } from "../../aws/batch-container.ts";
import type { Tags } from "../../aws/tags.ts";
import { UserError } from "../../errors.ts";
import type { RunId } from "../../runs/types.ts";
import { formatS3Url, type S3Object } from "../../transfer/s3-url.ts";
import { containerDirectory } from "../../workflow/build-root.ts";
import { retryStrategy } from "./retries.ts";
import type { Scheduling } from "./scheduling.ts";
import { type Wrapper, wrap } from "./wrapper/wrap.ts";

/** Batch's limit for all container overrides together, as JSON, in characters. */
const OVERRIDES_LIMIT = 8192;

export interface JobSpecification {
  readonly runId: RunId;
  readonly queue: string;
  readonly definition: string;
  /** Says which kind of overrides the definition takes. */
  readonly form: DefinitionForm;
  readonly scheduling: Scheduling;
  readonly workdir: S3Object;
  readonly envd: S3Object | undefined;
  /** The image deletes the env.d ZIP once read, where the wrapper's script doesn't; only of a job that has a single attempt. */
  readonly deleteEnvd: boolean;
  readonly tags: Tags;
  /** Of the directory within the build root; "" at the root. */
  readonly subdirectory: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Has the job keep what it has made when it is stopped; undefined: without. Left out where there is no room for it. */
  readonly wrapper: Wrapper | undefined;
  readonly cpus: number | undefined;
  /** MiB. */
  readonly memoryMib: number | undefined;
  /** How often Batch begins it again, where its computer is taken away; undefined: as the definition says. */
  readonly retries: number | undefined;
  /** An array of so many jobs, which find their arguments in an object; undefined: one job. */
  readonly array?: { readonly size: number; readonly children: S3Object } | undefined;
  /** Without the wrapper's script, it is rejected: only that knows of children. */
  readonly needsWrapper?: boolean;
}

/**
 * The SubmitJob request that the image `nextstrain/base` understands. Throws UserError where its overrides are longer
 * than Batch takes: such a job would fail only later.
 */
export function jobRequest(job: JobSpecification): SubmitJobCommandInput {
  const environment = [
    { name: "NEXTSTRAIN_AWS_BATCH_WORKDIR_URL", value: formatS3Url(job.workdir) },
    ...(job.envd ? [{ name: "NEXTSTRAIN_ENVD_URL", value: formatS3Url(job.envd) }] : []),
    ...(job.array
      ? [{ name: "NEXTSTRAIN_AWS_BATCH_CHILDREN_URL", value: formatS3Url(job.array.children) }]
      : []),
  ];
  const deleting = job.envd && job.deleteEnvd ? [{ name: "NEXTSTRAIN_DELETE_ENVD", value: "1" }] : [];
  const resourceRequirements = [
    ...(job.cpus === undefined ? [] : [{ type: "VCPU" as const, value: String(job.cpus) }]),
    ...(job.memoryMib === undefined ? [] : [{ type: "MEMORY" as const, value: String(job.memoryMib) }]),
  ];
  const plain = [
    "/sbin/entrypoint-aws-batch",
    "env",
    "--chdir",
    containerDirectory(job),
    "--",
    ...job.command,
  ];
  const sizes = resourceRequirements.length > 0 ? { resourceRequirements } : {};
  const unwrapped = { environment: [...environment, ...deleting], ...sizes, command: plain };
  const wrapped = job.wrapper && { environment, ...sizes, command: wrap(job.wrapper, plain) };
  const container =
    wrapped && (job.needsWrapper || lengthOf(wrapped) <= OVERRIDES_LIMIT) ? wrapped : unwrapped;
  const length = lengthOf(container);
  if (length > OVERRIDES_LIMIT) {
    throw new UserError(
      `The command is too long for AWS Batch: with the rest of the job's settings it takes ${length} characters of ${OVERRIDES_LIMIT}.`,
      { hint: "Move long lists of arguments into the workflow's configuration, for example a --configfile." },
    );
  }
  return {
    jobName: job.runId,
    jobQueue: job.queue,
    jobDefinition: job.definition,
    ...job.scheduling,
    ...(job.array ? { arrayProperties: { size: job.array.size } } : {}),
    ...(job.retries === undefined ? {} : { retryStrategy: retryStrategy(job.retries) }),
    // Without tags, tagging takes no permission. The task's show in what the account pays for.
    ...(Object.keys(job.tags).length > 0 ? { tags: job.tags, propagateTags: true } : {}),
    ...(job.form.kind === "ecsProperties"
      ? {
          ecsPropertiesOverride: {
            taskProperties: [{ containers: [{ name: job.form.container, ...container }] }],
          },
        }
      : { containerOverrides: container }),
  };
}

const lengthOf = (overrides: object): number => JSON.stringify(overrides).length;
