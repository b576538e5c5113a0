import { setTimeout as sleep } from "node:timers/promises";
import type { Job } from "../../aws/batch.ts";
import { terminateJob } from "../../aws/batch.ts";
import { type Aws, openAws } from "../../aws/clients.ts";
import { haveFixedCredentials } from "../../aws/credentials.ts";
import { ensureLocalAws } from "../../aws/local-aws.ts";
import { withoutAwsSettings } from "../../aws/local-aws-environment.ts";
import { hasKeptWork } from "../../checks/job/evidence.ts";
import { openSurroundings } from "../../checks/job/surroundings.ts";
import type { Context } from "../../cli/context.ts";
import { UsageError } from "../../errors.ts";
import type { BuildRequest } from "../build-request.ts";
import { attachToJob } from "./attach.ts";
import { type BringBackOptions, bringHome } from "./bring-back.ts";
import { askToStop } from "./cancel.ts";
import { findLeft } from "./checkpoint.ts";
import { cleanUpVariables } from "./envd.ts";
import { createExplainer, type Explainer } from "./explain.ts";
import { type Departure, takeInterrupts } from "./interrupts.ts";
import { jobInfo, writeJobInfo } from "./job-info.ts";
import { jobSource } from "./job-source.ts";
import { describeCheckpoint, describeKeptWork } from "./kept-work.ts";
import { launch } from "./launch.ts";
import { showJob } from "./live.ts";
import { changeBy, noteRun } from "./note.ts";
import { createNotifier } from "./notify.ts";
import type { AwsBatchOptions } from "./options.ts";
import { exitStatusOf, ranFor } from "./outcome.ts";
import { reattachCommand } from "./reattach.ts";
import type { Run } from "./run.ts";
import { createReport } from "./stages.ts";
import { watchJob } from "./watch.ts";

/** A job that has run for longer is worth a report. Milliseconds. */
const LONG_RUN = 10 * 60_000;

/**
 * Runs a build on AWS Batch: ships the directory, submits a job, watches it, and brings its results back; or takes up
 * a job that was submitted before. Returns the exit status: the job's own, 0 after detaching, 130 after cancelling.
 */
export async function runOnAwsBatch(
  given: Context,
  request: BuildRequest,
  options: AwsBatchOptions,
): Promise<number> {
  const { io } = given;
  const context = options.localAws ? { ...given, env: withoutAwsSettings(given.env) } : given;
  const local = options.localAws ? await ensureLocalAws(context) : undefined;
  using aws = await openAws(context, local, options);
  const run = await begin(context, aws, request, options);

  // A job is out there now: whatever ends this program, the last it says is how to find the job again.
  io.lastWords(["To see the job's log and get its results later, run:", reattachCommand(context, aws, run)]);
  await tell(context, aws, run, options);
  if (options.detach) return depart(context, { kind: "detach" });
  if (options.cancel && !(await askToStop(context, aws, run))) {
    io.lastWords(undefined);
    return 0;
  }

  const explainer = createExplainer(context, aws, run, openSurroundings(aws));
  const watched = await watch(context, aws, run, { options, explainer });
  if (watched.departure) return depart(context, watched.departure);
  const { job, cancelled } = watched;
  await tell(context, aws, { ...run, job }, options);
  await cleanUpVariables(context, aws, run, job);

  const explain = async () => {
    if (!cancelled && !options.cancel) await explainer.explainEnd(job);
  };
  const notifier = createNotifier(context, options.notify);
  const notify = () => {
    notifier.tell({ ...run, job, account: { region: aws.region.value, localAws: aws.isLocal } });
    return notifier.done();
  };
  const { killed, checkpoint } = await findLeft(aws, job, run.workdir, context.signal);
  if (run.place && options.download && job.startedAt !== undefined) {
    const what = { place: run.place, wanted: options.wanted, killed, checkpoint: checkpoint?.object };
    const departure = await download(context, aws, { ...run, job }, what).catch(async (error: unknown) => {
      // Both are to be known: why the job failed, and why there are no results.
      await explain();
      await notify();
      throw error;
    });
    if (departure) return depart(context, departure);
  }
  const areHere = run.place !== undefined && options.download;
  if (hasKeptWork(job)) io.out(describeKeptWork(job, explainer.progress(), areHere));
  if (checkpoint && areHere) io.out(describeCheckpoint(job, checkpoint));
  await explain();
  await notify();
  // Results that were left behind with --cancel are found by the last words.
  const hasResults = job.status === "SUCCEEDED" || hasKeptWork(job);
  if (ranFor(job) > LONG_RUN && run.runId !== undefined)
    io.err(`Where its time went: nextstrain jobs report ${run.runId.slice(0, 8)}`);
  if (!options.cancel || areHere || !hasResults) io.lastWords(undefined);
  if (options.cancel) return 0;
  return cancelled ? 130 : exitStatusOf(job);
}

async function begin(
  context: Context,
  aws: Aws,
  request: BuildRequest,
  options: AwsBatchOptions,
): Promise<Run> {
  const { place } = request;
  if (options.attach !== undefined) return attachToJob(context, aws, { id: options.attach, place, options });
  if (place === undefined) throw new UsageError("The directory to build is missing.");
  return launch(context, aws, { ...request, place }, options);
}

/** Writes --job-info: what is known of the job by now. */
async function tell(context: Context, aws: Aws, run: Run, { jobInfo: file }: AwsBatchOptions): Promise<void> {
  if (file !== undefined) await writeJobInfo(context, file, jobInfo(aws, run, context.now()));
}

function depart({ io }: Context, departure: Departure): number {
  if (departure.kind === "leave") return departure.exitStatus;
  io.out("Detached: the job goes on without this program.");
  return 0;
}

/** How watching ended: with the job, or with the user's departure. */
type Watched =
  | { readonly job: Job; readonly cancelled: boolean; readonly departure?: undefined }
  | { readonly departure: Departure };

async function watch(
  context: Context,
  aws: Aws,
  run: Run,
  { options, explainer }: { readonly options: AwsBatchOptions; readonly explainer: Explainer },
): Promise<Watched> {
  const cancel = () => terminateJob(aws.batch, run.jobId, "Cancelled by the user.");
  using interrupts = takeInterrupts(context, { detachOnInterrupt: options.detachOnInterrupt, cancel });
  using live = showJob(context);
  const { signal } = interrupts;
  const report = createReport(context.io, context.env.NEXTSTRAIN_DEBUG === "1");
  try {
    for await (const event of watchJob(jobSource(aws, run.jobId), {
      signal,
      withLog: options.logs,
      patience: options.patience,
      credentialsAreFixed: haveFixedCredentials(context),
      explainWait: explainer.explainWait,
      now: context.now,
      sleep: (time, until) => sleep(time, undefined, { signal: until }).catch(() => until.throwIfAborted()),
    })) {
      live.see(event);
      if (event.kind === "log") explainer.readLog(event);
      report(event);
      await context.io.drained(signal);
      if (event.kind === "status" || event.kind === "ended")
        await noteRun(context, run.runId, changeBy(event.job, context.now()));
      if (event.kind === "ended") {
        return { job: event.job, cancelled: interrupts.cancelled() };
      }
    }
  } catch (error) {
    const departure = interrupts.departure();
    if (departure) return { departure };
    throw error;
  }
  throw new Error(`watching job ${run.jobId} ended before the job did`);
}

async function download(
  context: Context,
  aws: Aws,
  run: Run,
  what: Omit<BringBackOptions, "signal">,
): Promise<Departure | undefined> {
  using interrupts = takeInterrupts(context, { detachOnInterrupt: false, cancel: undefined });
  try {
    await bringHome(context, aws, run, { ...what, signal: interrupts.signal });
    return undefined;
  } catch (error) {
    const departure = interrupts.departure();
    if (departure) return departure;
    throw error;
  }
}
