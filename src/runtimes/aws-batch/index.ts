import { type Aws, openAws } from "../../aws/clients.ts";
import { ensureLocalAws } from "../../aws/local-aws.ts";
import { withoutAwsSettings } from "../../aws/local-aws-environment.ts";
import type { Context } from "../../cli/context.ts";
import { UsageError } from "../../errors.ts";
import type { BuildRequest } from "../build-request.ts";
import { attachToJob } from "./attach.ts";
import { followFanOut } from "./fan-out/follow.ts";
import { retryOf } from "./fan-out/retry.ts";
import { follow } from "./follow.ts";
import { launch } from "./launch.ts";
import type { AwsBatchOptions } from "./options.ts";
import { attemptsOf, OUT_OF_MEMORY, type Rest } from "./retries.ts";
import type { Run } from "./run.ts";

/**
 * Runs a build on AWS Batch: ships the directory, submits a job, watches it, and brings its results back; or takes up
 * a job that was submitted before. Where the job is cut short, it goes on with a new one, as often as --retries says. Returns the exit
 * status: the last job's own, 0 after detaching, 130 after cancelling.
 */
export async function runOnAwsBatch(
  given: Context,
  request: BuildRequest,
  options: AwsBatchOptions,
): Promise<number> {
  const context = options.localAws ? { ...given, env: withoutAwsSettings(given.env) } : given;
  const local = options.localAws ? await ensureLocalAws(context) : undefined;
  using aws = await openAws(context, local, options);
  let trial = options;
  for (;;) {
    const run = await begin(context, aws, request, trial);
    if (run === undefined) return 0;
    const { fanOut } = run;
    if (fanOut !== undefined) return followFanOut(context, aws, { ...run, fanOut }, trial);
    const { exitStatus, rest } = await follow(context, aws, run, trial);
    if (rest === undefined || options.attach !== undefined) return exitStatus;
    // As much memory as before ends as before.
    if (rest.why === OUT_OF_MEMORY && rest.size === undefined) return exitStatus;
    const retries = (trial.retries ?? 0) - attemptsOf(rest.job);
    if (retries < 0 && !(await isWanted(context, rest))) return exitStatus;
    context.io.out(`Going on with what is left, since ${rest.why}${sizeText(rest)}.`);
    trial = withSize(
      {
        ...trial,
        continues: run.runId,
        ...(trial.retries === undefined ? {} : { retries: Math.max(0, retries) }),
      },
      rest,
    );
  }
}

/** Where a person is there to be asked. */
async function isWanted({ io, signal }: Context, rest: Rest): Promise<boolean> {
  if (!io.inIsTerminal || !io.outIsTerminal) return false;
  using _ = io.lendTerminal();
  const { confirm } = await import("@clack/prompts");
  const message = `Submit what is left as a new job${sizeText(rest)}?`;
  return (await confirm({ message, initialValue: false, signal })) === true;
}

function sizeText({ size }: Rest): string {
  return size === undefined ? "" : ` with ${size.memoryMib} MiB of memory`;
}

function withSize(options: AwsBatchOptions, { size }: Rest): AwsBatchOptions {
  if (size === undefined) return options;
  return { ...options, memoryMib: size.memoryMib, cpus: size.vcpus ?? options.cpus };
}

/** Submits a job, or takes up another; undefined where there is nothing to do. */
async function begin(
  context: Context,
  aws: Aws,
  request: BuildRequest,
  options: AwsBatchOptions,
): Promise<Run | undefined> {
  const { place } = request;
  if (options.attach !== undefined) return attachToJob(context, aws, { id: options.attach, place, options });
  if (place === undefined) throw new UsageError("The directory to build is missing.");
  const placed = { ...request, place };
  const again = options.fanOutRetry
    ? await retryOf(context, aws, placed, options)
    : { request: placed, options };
  return again && launch(context, aws, again.request, again.options);
}
