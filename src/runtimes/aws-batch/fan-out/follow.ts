import { setTimeout as sleep } from "node:timers/promises";
import { hasEnded, type Job, terminateJob } from "../../../aws/batch.ts";
import type { Aws } from "../../../aws/clients.ts";
import { haveFixedCredentials } from "../../../aws/credentials.ts";
import { describeJobs } from "../../../aws/jobs.ts";
import { openSurroundings } from "../../../checks/job/surroundings.ts";
import type { Context } from "../../../cli/context.ts";
import { readRecord, runsDirectory } from "../../../runs/registry.ts";
import { cleanUpVariables } from "../envd.ts";
import { createExplainer, type Explainer } from "../explain.ts";
import { type Departure, type Interrupts, takeInterrupts } from "../interrupts.ts";
import { jobInfo, writeJobInfo } from "../job-info.ts";
import { openScreen } from "../jobs/screen.ts";
import { readScreenLogs } from "../jobs/screen-logs.ts";
import { tellTrouble } from "../jobs/trouble-lines.ts";
import { changeBy, noteRun } from "../note.ts";
import { createNotifier } from "../notify.ts";
import type { AwsBatchOptions } from "../options.ts";
import { reattachCommand } from "../reattach.ts";
import type { FanOutJobs, Run } from "../run.ts";
import { exitStatusOfAll, explainFailures, failedMembers, tellClashes, tellHowToRetry } from "./end.ts";
import { bringMembersHome, type Home, stayAway } from "./home.ts";
import { accountsOf, beside, jobOf, type Member, membersOf } from "./members.ts";
import { pollFanOut } from "./poll.ts";
import { createTeller } from "./tell.ts";

const ADVICE = "Control-C twice cancels all, Control-Z detaches.";

/**
 * Follows the jobs of a fan-out to their ends, and brings the results of each back as it ends; or stops all, or leaves them, as the user wants.
 * Returns the exit status: that which all failures share, else 1; 0 after detaching, 130 after cancelling.
 */
export async function followFanOut(
  context: Context,
  aws: Aws,
  run: Run & { readonly fanOut: FanOutJobs },
  options: AwsBatchOptions,
): Promise<number> {
  const { io } = context;
  io.lastWords([
    "To see how the jobs are and get their results later, run:",
    reattachCommand(context, aws, run),
  ]);
  await tell(context, aws, run, options);
  if (options.detach) return depart(context, { kind: "detach" });
  const members = membersOf(run, run.fanOut, context.now());
  const cancel = async () => {
    const first = members.find(({ index }) => index === undefined);
    const isOpen = first !== undefined && !(jobOf(first) && hasEnded(jobOf(first) as Job));
    // The array last: it would begin as soon as the first has ended.
    await terminateJob(aws.batch, run.jobId, "Cancelled by the user.");
    if (isOpen) await terminateJob(aws.batch, first.run.jobId, "Cancelled by the user.");
  };
  if (options.cancel) {
    if (run.job && hasEnded(run.job)) {
      io.out(`Job ${run.jobId} has ended already (${run.job.status}): there is nothing to cancel.`);
      io.lastWords(undefined);
      return 0;
    }
    await cancel();
    io.out("Cancelling all jobs, and waiting for them to stop.");
  }

  const lookAround = openSurroundings(aws);
  const explainers = new Map<Member, Explainer>();
  const explainerOf = (member: Member) => {
    const known =
      explainers.get(member) ??
      createExplainer({ ...context, io: beside(io, member) }, aws, member.run, lookAround);
    explainers.set(member, known);
    return known;
  };
  const leaving = new AbortController();
  const signal = AbortSignal.any([leaving.signal, context.signal]);
  const { place } = run;
  const home =
    place && options.download
      ? bringMembersHome({ ...context, signal }, aws, { place, wanted: options.wanted })
      : stayAway();

  let array: Job | undefined;
  let cancelled = false;
  {
    using interrupts = takeInterrupts(context, { detachOnInterrupt: options.detachOnInterrupt, cancel });
    interrupts.signal.addEventListener("abort", () => leaving.abort(interrupts.signal.reason), {
      once: true,
    });
    const watching = { interrupts, options, explainerOf, home };
    const ended = await leavable(interrupts, () => watch(context, aws, run, members, watching));
    if (ended.departure) return depart(context, ended.departure);
    array = ended.value;
    cancelled = interrupts.cancelled();
  }
  await tell(context, aws, { ...run, job: array }, options);
  await cleanUpVariables(context, aws, run, array);
  using interrupts = takeInterrupts(context, { detachOnInterrupt: false, cancel: undefined });
  interrupts.signal.addEventListener("abort", () => leaving.abort(interrupts.signal.reason), { once: true });
  const brought = await leavable(interrupts, () => home.done());
  if (brought.departure) return depart(context, brought.departure);
  const { bytes, peakUse, failures, clashes } = brought.value;
  const isHome = place !== undefined && options.download && failures.length === 0;
  const failed = failedMembers(members);
  await noteFailed(context, run.runId, failed);
  await noteRun(context, run.runId, {
    ...(isHome ? { downloadedAt: context.now(), ...(bytes > 0 ? { broughtBytes: bytes } : {}) } : {}),
    ...(peakUse ? { peakUse } : {}),
  });
  const isStopped = cancelled || options.cancel;
  if (failed.length === 0) io.out(`All ${members.length} jobs succeeded.`);
  else if (isStopped) io.out(`${members.length - failed.length} of ${members.length} jobs had succeeded.`);
  else await explainFailures(context, members, explainerOf);
  if (failed.length > 0 && place) tellHowToRetry(context, aws, place.directory);
  tellClashes(context, clashes);
  const notifier = createNotifier(context, options.notify);
  notifier.tell({ ...run, job: array, account: { region: aws.region.value, localAws: aws.isLocal } });
  await notifier.done();
  if (failures.length === 0) io.lastWords(undefined);
  if (options.cancel) return 0;
  return cancelled ? 130 : exitStatusOfAll(members, brought.value);
}

async function tell(context: Context, aws: Aws, run: Run, { jobInfo: file }: AwsBatchOptions): Promise<void> {
  if (file !== undefined) await writeJobInfo(context, file, jobInfo(aws, run, context.now()));
}

function depart({ io }: Context, departure: Departure): number {
  if (departure.kind === "leave") return departure.exitStatus;
  io.out("Detached: the jobs go on without this program.");
  return 0;
}

/** What work comes to, unless the user leaves first. */
async function leavable<T>(
  interrupts: Interrupts,
  work: () => Promise<T>,
): Promise<{ readonly departure: Departure } | { readonly departure?: undefined; readonly value: T }> {
  try {
    return { value: await work() };
  } catch (error) {
    const departure = interrupts.departure();
    if (departure) return { departure };
    throw error;
  }
}

interface Watching {
  readonly interrupts: Interrupts;
  readonly options: AwsBatchOptions;
  readonly explainerOf: (member: Member) => Explainer;
  readonly home: Home;
}

/** Watches all jobs until they have ended; gives the array as Batch described it last. */
async function watch(
  context: Context,
  aws: Aws,
  run: Run,
  members: readonly Member[],
  { interrupts, options, explainerOf, home }: Watching,
): Promise<Job> {
  const { io } = context;
  const { signal } = interrupts;
  const accounts = accountsOf(context, aws);
  const ending = new AbortController();
  using screen =
    io.columns() === undefined
      ? undefined
      : await openScreen({ ...context, signal }, members, {
          leave: interrupts.depart,
          cancel: (job) => stopOne(context, aws, job as Member),
          interrupt: { press: interrupts.interrupt, advice: ADVICE },
        });
  const logs =
    screen && options.logs
      ? readScreenLogs(context, accounts, screen, AbortSignal.any([signal, ending.signal]))
      : undefined;
  const teller = createTeller(context, aws, members, {
    ...{ signal, patience: options.patience, explainerOf },
    logs: options.logs && screen === undefined,
  });
  let array: Job | undefined;
  try {
    for await (const event of pollFanOut(
      run.jobId,
      members.map((member) => member.run.jobId),
      {
        describe: (ids, until) => describeJobs(aws.batch, ids, until),
        ...{ signal, patience: options.patience, now: context.now },
        credentialsAreFixed: haveFixedCredentials(context),
        sleep: (time, until) => sleep(time, undefined, { signal: until }).catch(() => until.throwIfAborted()),
      },
    )) {
      if (event.kind === "array") {
        array = event.job;
        await noteRun(context, run.runId, changeByAll(array, members, context.now()));
        teller.counted(array);
      } else if (event.kind === "changed" || event.kind === "never") {
        const member = members[event.index];
        if (member === undefined) continue;
        if (event.kind === "never") member.never = true;
        else member.known = { ...member.known, job: event.job };
        member.since = context.now();
        teller.changed(member);
        if (event.kind === "changed" && hasEnded(event.job)) home.add(member);
      } else tellTrouble(io, event);
    }
    await teller.done();
    if (array === undefined) throw new Error(`the watch of ${run.jobId} ended before it had seen the array`);
    await noteRun(context, run.runId, changeByAll(array, members, context.now()));
    return array;
  } finally {
    ending.abort();
    await logs?.catch(() => {});
  }
}

/** What the record keeps of an array: it runs from the first child's start. */
function changeByAll(array: Job, members: readonly Member[], now: number): ReturnType<typeof changeBy> {
  const starts = members.flatMap((member) => jobOf(member)?.startedAt ?? []);
  const startedAt = starts.reduce((first, each) => Math.min(first, each), array.startedAt ?? Infinity);
  return { ...changeBy(array, now), startedAt: Number.isFinite(startedAt) ? startedAt : undefined };
}

/** Keeps which children failed, for when Batch has forgotten them. */
async function noteFailed(context: Context, runId: Run["runId"], failed: readonly Member[]): Promise<void> {
  const record = runId && (await readRecord(runsDirectory(context), runId).catch(() => undefined));
  if (record?.children === undefined) return;
  const indices = failed.flatMap(({ index }) => index ?? []);
  await noteRun(context, runId, { children: { ...record.children, failed: indices } });
}

/** Asks AWS Batch to stop one job of the screen. What keeps it from that is said. */
async function stopOne({ io }: Context, aws: Aws, member: Member): Promise<void> {
  try {
    member.isStopping = true;
    await terminateJob(aws.batch, member.run.jobId, "Cancelled by the user.");
    io.err(`Cancelling job ${member.id}`);
  } catch (error) {
    member.isStopping = false;
    io.err(
      `Error: Job ${member.id} could not be cancelled: ${error instanceof Error ? error.message : error}`,
    );
  }
}
