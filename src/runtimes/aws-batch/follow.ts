import { setTimeout as sleep } from "node:timers/promises";
import { type Job, terminateJob } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import { haveFixedCredentials } from "../../aws/credentials.ts";
import { hasKeptWork } from "../../checks/job/evidence.ts";
import { openSurroundings } from "../../checks/job/surroundings.ts";
import type { Context } from "../../cli/context.ts";
import type { PeakUse } from "../../runs/types.ts";
import { type BringBackOptions, type Brought, bringHome } from "./bring-back.ts";
import { askToStop } from "./cancel.ts";
import { findLeft } from "./checkpoint.ts";
import { cleanUpVariables } from "./envd.ts";
import { createExplainer, type Explainer } from "./explain.ts";
import { type Departure, takeInterrupts } from "./interrupts.ts";
import { jobInfo, writeJobInfo } from "./job-info.ts";
import { jobSource } from "./job-source.ts";
import { describeCheckpoint, describeKeptWork } from "./kept-work.ts";
import { showJob } from "./live.ts";
import { changeBy, noteRun } from "./note.ts";
import { createNotifier } from "./notify.ts";
import type { AwsBatchOptions } from "./options.ts";
import { exitStatusOf, ranFor } from "./outcome.ts";
import { adviseSize, describeUse } from "./peak-use.ts";
import { reattachCommand } from "./reattach.ts";
import { cutShort, OUT_OF_MEMORY, type Rest } from "./retries.ts";
import type { Run } from "./run.ts";
import { createReport } from "./stages.ts";
import { watchJob } from "./watch.ts";

/** A job that has run for longer is worth a report. Milliseconds. */
const LONG_RUN = 10 * 60_000;

/** How following a job ended. */
export interface Followed {
  readonly exitStatus: number;
  /** What a new job could go on with: of one that was cut short, and whose results are here. */
  readonly rest?: Rest;
}

/**
 * Follows a job to its end and brings its results back; or stops it, or leaves it, as the user wants. The exit status is the job's own, 0
 * after detaching, 130 after cancelling.
 */
export async function follow(
  context: Context,
  aws: Aws,
  run: Run,
  options: AwsBatchOptions,
): Promise<Followed> {
  const { io } = context;
  // A job is out there now: whatever ends this program, the last it says is how to find the job again.
  io.lastWords(["To see the job's log and get its results later, run:", reattachCommand(context, aws, run)]);
  await tell(context, aws, run, options);
  if (options.detach) return depart(context, { kind: "detach" });
  if (options.cancel && !(await askToStop(context, aws, run))) {
    io.lastWords(undefined);
    return { exitStatus: 0 };
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
    const brought = await download(context, aws, { ...run, job }, what).catch(async (error: unknown) => {
      // Both are to be known: why the job failed, and why there are no results.
      await explain();
      await notify();
      throw error;
    });
    if (brought.departure) return depart(context, brought.departure);
    if (brought.peakUse) tellUse(context, brought.peakUse, job);
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
  if (options.cancel) return { exitStatus: 0 };
  if (cancelled) return { exitStatus: 130 };
  const why = areHere ? cutShort(job) : undefined;
  if (why === undefined) return { exitStatus: exitStatusOf(job) };
  const size = why === OUT_OF_MEMORY ? await explainer.largerSize(job) : undefined;
  return { exitStatus: exitStatusOf(job), rest: { job, why, size } };
}

function tellUse({ io }: Context, use: PeakUse, job: Job): void {
  const { vcpus, memoryMib } = job.container ?? {};
  const advice = adviseSize(use, job);
  io.out(
    `Peak use: ${describeUse(use, { vcpus, memoryMib })}.${advice ? ` Next time ask for less: ${advice}.` : ""}`,
  );
}

/** Writes --job-info: what is known of the job by now. */
async function tell(context: Context, aws: Aws, run: Run, { jobInfo: file }: AwsBatchOptions): Promise<void> {
  if (file !== undefined) await writeJobInfo(context, file, jobInfo(aws, run, context.now()));
}

function depart({ io }: Context, departure: Departure): Followed {
  if (departure.kind === "leave") return { exitStatus: departure.exitStatus };
  io.out("Detached: the job goes on without this program.");
  return { exitStatus: 0 };
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
): Promise<{ readonly departure: Departure } | ({ readonly departure?: undefined } & Brought)> {
  using interrupts = takeInterrupts(context, { detachOnInterrupt: false, cancel: undefined });
  try {
    return await bringHome(context, aws, run, { ...what, signal: interrupts.signal });
  } catch (error) {
    const departure = interrupts.departure();
    if (departure) return { departure };
    throw error;
  }
}
