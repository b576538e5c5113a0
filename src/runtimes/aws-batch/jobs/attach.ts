import type { Context } from "../../../cli/context.ts";
import { UserError } from "../../../errors.ts";
import type { BuildRoot } from "../../../workflow/build-root.ts";
import { runOnAwsBatch } from "../index.ts";
import type { AwsBatchOptions, NotifyOptions } from "../options.ts";
import { type Account, openAccounts } from "./accounts.ts";
import { findJob } from "./find.ts";
import type { KnownJob } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { requirePlace } from "./place.ts";
import { mustRefresh } from "./refresh.ts";
import { mustReach } from "./run-of.ts";

export interface AttachOptions extends JobsOptions {
  readonly id: string;
  readonly logs: boolean;
  readonly download: boolean;
  /** Bring results here; undefined: to where the build was started. Absolute. */
  readonly into: string | undefined;
  readonly detachOnInterrupt: boolean;
  readonly notify: NotifyOptions | undefined;
}

/** `nextstrain jobs attach`: as `build --attach`, in the directory that the record has. Returns the exit status. */
export async function attachCommand(context: Context, options: AttachOptions): Promise<number> {
  const { account, known, place } = await findWhatToAttach(context, options);
  const { jobId } = known;
  if (jobId === undefined) throw new Error("a job that is described has an id");
  return runOnAwsBatch(account.context, requestIn(place), batchOptions(options, account, jobId));
}

async function findWhatToAttach(context: Context, options: AttachOptions) {
  using accounts = openAccounts(context, options);
  const [known] = await mustRefresh(context, accounts, [
    await findJob(context, accounts, options, options.id),
  ]);
  if (known?.job === undefined) {
    throw new UserError(
      known?.isForgotten
        ? "AWS Batch has forgotten the job: there is nothing to attach to."
        : "The build has no job: it was stopped before, or is still uploading.",
      known?.isForgotten
        ? {
            hint: `Its log: nextstrain jobs logs ${known.runId}. Its results: nextstrain jobs download ${known.runId}.`,
          }
        : {},
    );
  }
  const place = options.download ? await requirePlace(known, options.into) : undefined;
  return { account: await mustReach(accounts, known), known, place };
}

/** Of a job that is there already, only where its results belong is asked. */
function requestIn(place: BuildRoot | undefined) {
  const sizes = { cpus: undefined, memoryBytes: undefined };
  return { place, program: "snakemake", programArguments: [], ...sizes, env: [], envdirs: [], overlays: [] };
}

function batchOptions(
  { queue, bucket, patience, logs, detachOnInterrupt, download, notify }: AttachOptions,
  { isByOption }: Account,
  attach: NonNullable<KnownJob["jobId"]>,
): AwsBatchOptions {
  return {
    ...{ localAws: isByOption, job: { value: "", source: "" }, queue, bucket, image: undefined },
    ...{
      cpus: undefined,
      memoryMib: undefined,
      share: undefined,
      priority: undefined,
      tags: {},
      encryption: undefined,
      gracefulStop: false,
      checkpointSeconds: 0,
      retries: undefined,
    },
    ...{ attach, cancel: false, detach: false, detachOnInterrupt, logs, patience, jobInfo: undefined },
    ...{ download, wanted: undefined, excludeFromUpload: [], notify },
  };
}
