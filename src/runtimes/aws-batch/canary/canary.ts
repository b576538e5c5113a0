import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Job, terminateJob } from "../../../aws/batch.ts";
import type { Aws } from "../../../aws/clients.ts";
import { haveFixedCredentials } from "../../../aws/credentials.ts";
import type { Finding } from "../../../checks/finding.ts";
import type { Diagnosis } from "../../../checks/job/diagnose.ts";
import { openSurroundings } from "../../../checks/job/surroundings.ts";
import type { Context } from "../../../cli/context.ts";
import type { Io } from "../../../cli/io.ts";
import { UserError } from "../../../errors.ts";
import { removeRun, runsDirectory } from "../../../runs/registry.ts";
import { formatS3Url } from "../../../transfer/s3-url.ts";
import { bringBack } from "../bring-back.ts";
import { removeRunObjects, siblingsOf } from "../bucket.ts";
import { createExplainer } from "../explain.ts";
import { jobSource } from "../job-source.ts";
import { launch } from "../launch.ts";
import { formatAge } from "../live-text.ts";
import type { CanaryOptions } from "../options.ts";
import type { Run } from "../run.ts";
import { watchJob } from "../watch.ts";
import { logFinding, seeingFindings } from "./findings.ts";
import { countLines, PROBE, REPORT, readReport } from "./probe.ts";

/** How long the job may wait for its start, and trouble with AWS may last. Milliseconds. */
const LONGEST_WAIT = 15 * 60_000;
const PATIENCE = 5 * 60_000;

/**
 * Runs a tiny job through the whole path of a build, by the same code, and tells of each step as it is known: the archive
 * goes up, the job starts, its log arrives, its results come back; and what the job saw where it ran. What it put in the
 * bucket is deleted again; its log stays until it expires. Throws nothing but the signal's reason, and bugs.
 */
export async function* runCanary(
  context: Context,
  aws: Aws,
  options: CanaryOptions,
): AsyncGenerator<Finding, void, undefined> {
  const directory = await realpath(await mkdtemp(join(context.env.TMPDIR || "/tmp", "nextstrain-canary-")));
  const quiet = { ...context, io: withoutWords(context.io) };
  let run: Run | undefined;
  let over = false;
  try {
    await writeFile(join(directory, "probe.sh"), PROBE);
    const place = { root: directory, directory, subdirectory: "" };
    run = await launch(
      quiet,
      aws,
      { ...PROBE_REQUEST, place },
      { ...BUILD_DEFAULTS, ...options, localAws: aws.isLocal },
    );
    yield {
      id: "canary.submission",
      mark: "ok",
      says: `A small job was uploaded and submitted (${formatS3Url(run.workdir)}, job ${run.jobId}).`,
    };
    const watched = yield* watch(quiet, aws, run);
    over = watched?.job !== undefined;
    if (watched?.job === undefined) return;
    const { job, logLines, logIsReadable, explain } = watched;
    if (job.startedAt !== undefined) yield logFinding(logLines, logIsReadable);
    if (job.status !== "SUCCEEDED") {
      yield await explain();
      return;
    }
    await bringBack(quiet, aws, run, { place, wanted: undefined, signal: context.signal });
    const report = await readFile(join(directory, REPORT), "utf8");
    yield {
      id: "canary.results",
      mark: "ok",
      says: "The job could read the bucket and write to it: its results came back.",
    };
    yield* seeingFindings(readReport(report), {
      isLocal: aws.isLocal,
      onFargate: job.container?.onFargate,
    });
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof UserError)) throw error;
    const mend = error.hint ?? "Mend that, and run the check again.";
    yield {
      id: run === undefined ? "canary.submission" : "canary.results",
      mark: "wrong",
      says: error.message,
      mend,
    };
  } finally {
    if (run !== undefined) await cleanUp(context, aws, run, over);
    await rm(directory, { recursive: true, force: true });
  }
}

/** How the job went; without a job where it was given up. */
interface Watched {
  readonly job: Job;
  readonly logLines: number;
  readonly logIsReadable: boolean;
  readonly explain: () => Promise<Finding>;
}

async function* watch(
  context: Context,
  aws: Aws,
  run: Run,
): AsyncGenerator<Finding, Watched | undefined, undefined> {
  const explainer = createExplainer(context, aws, run, openSurroundings(aws));
  const submittedAt = context.now();
  const messages: string[] = [];
  let logIsReadable = true;
  let waitsFor: Diagnosis | undefined;
  const started = new AbortController();
  const tooLong = AbortSignal.any([context.signal, deadline(started.signal)]);
  try {
    for await (const event of watchJob(jobSource(aws, run.jobId), {
      signal: tooLong,
      withLog: true,
      patience: PATIENCE,
      credentialsAreFixed: haveFixedCredentials(context),
      explainWait: explainer.explainWait,
      now: context.now,
      sleep: (time, until) => sleep(time, undefined, { signal: until }).catch(() => until.throwIfAborted()),
    })) {
      if (event.kind === "waiting") {
        waitsFor = event.diagnosis;
        // It never starts: no need to wait for that.
        if (waitsFor.mark === "wrong") {
          yield notStarted(waitsFor);
          return undefined;
        }
      }
      if (event.kind === "status" && event.job.startedAt !== undefined && !started.signal.aborted) {
        started.abort();
        yield startFinding(event.job.startedAt - (event.job.origin?.submittedAt ?? submittedAt));
      }
      // Another log than none is told of by the lines that are missing.
      if (event.kind === "no-log" && event.why === "denied") logIsReadable = false;
      if (event.kind === "log") {
        explainer.readLog(event);
        // The probe prints little else.
        if (messages.length < 10_000) messages.push(...event.lines.map(({ message }) => message));
      }
      if (event.kind !== "ended") continue;
      const { job } = event;
      const explain = async () => {
        const diagnosis = (await explainer.findOut(job))?.diagnosis;
        // Its log is not shown here.
        return toFinding(diagnosis?.id === "job.program-failed" ? undefined : diagnosis, job);
      };
      return { job, logLines: countLines(messages), logIsReadable, explain };
    }
  } catch (error) {
    if (!tooLong.aborted || context.signal.aborted) throw error;
    yield notStarted(waitsFor);
    return undefined;
  }
  throw new Error(`watching job ${run.jobId} ended before the job did`);
}

/** Aborted after the longest wait, unless the job has started before. */
function deadline(started: AbortSignal): AbortSignal {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), LONGEST_WAIT);
  timer.unref();
  started.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return ending.signal;
}

function startFinding(waited: number): Finding {
  return { id: "canary.start", mark: "ok", says: `The job started after ${formatAge(waited)}.` };
}

function notStarted(diagnosis: Diagnosis | undefined): Finding {
  const id = "canary.start";
  const mend = diagnosis?.mend ?? "Look at the queue in the AWS console (Batch, Job queues), and try again.";
  const waited = `The job did not start within ${formatAge(LONGEST_WAIT)}.`;
  if (diagnosis === undefined) return { id, mark: "unknown", says: waited, mend };
  const isSure = diagnosis.mark === "wrong";
  return { id, mark: diagnosis.mark, says: isSure ? diagnosis.says : `${waited} ${diagnosis.says}`, mend };
}

function toFinding(diagnosis: Diagnosis | undefined, job: Job): Finding {
  return {
    id: "canary.job",
    mark: "wrong",
    says:
      diagnosis?.says ??
      `The job failed${job.exitCode === undefined ? "" : ` with exit status ${job.exitCode}`}.`,
    mend: diagnosis?.mend ?? `See its log: nextstrain build --aws-batch --attach ${job.id} --no-download`,
  };
}

/** Leaves nothing behind but the log: not under the signal that may have ended it all. */
async function cleanUp(context: Context, aws: Aws, run: Run, isOver: boolean): Promise<void> {
  const { jobId, runId, workdir } = run;
  if (!isOver) await terminateJob(aws.batch, jobId, "The check is over.").catch(() => {});
  const objects = siblingsOf(workdir);
  if (objects) await removeRunObjects(aws.s3, objects).catch(() => {});
  if (runId !== undefined) await removeRun(runsDirectory(context), runId).catch(() => {});
}

const PROBE_REQUEST = {
  program: "sh",
  programArguments: ["probe.sh"],
  cpus: undefined,
  memoryBytes: undefined,
  env: [],
  envdirs: [],
  overlays: [],
} as const;

const BUILD_DEFAULTS = {
  image: undefined,
  // The clients know it already.
  encryption: undefined,
  attach: undefined,
  cancel: false,
  detach: false,
  detachOnInterrupt: false,
  download: true,
  wanted: undefined,
  excludeFromUpload: [],
  logs: true,
  patience: PATIENCE,
  jobInfo: undefined,
  notify: undefined,
} as const;

/** The stage lines of a build are not for who asked for a check: what matters becomes findings. */
function withoutWords(io: Io): Io {
  const nothing = () => {};
  return { ...io, out: nothing, err: nothing, warn: nothing, live: nothing, lastWords: nothing };
}
