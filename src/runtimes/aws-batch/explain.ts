import type { Job } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import { groupOf } from "../../aws/log-place.ts";
import { type LogLine, readLogEnd } from "../../aws/logs.ts";
import { type LargerSize, largerSize } from "../../checks/job/advice.ts";
import { type Diagnosis, diagnose } from "../../checks/job/diagnose.ts";
import { hasKeptWork, type JobEvidence } from "../../checks/job/evidence.ts";
import { createJobLogReader, type JobLogReader } from "../../checks/job/log-reader.ts";
import { programLines } from "../../checks/job/log-signs.ts";
import type { LookAround } from "../../checks/job/surroundings.ts";
import type { Context } from "../../cli/context.ts";
import { lastState, withoutControls } from "../../cli/control-characters.ts";
import { quoteName } from "../../runs/names.ts";
import { formatS3Url } from "../../transfer/s3-url.ts";
import type { Progress } from "../../workflow/snakemake-log.ts";
import { openArchive } from "./bring-back.ts";
import { type RuleLog, readRuleLogs } from "./rule-logs.ts";
import type { Run } from "./run.ts";
import { renderDiagnosis } from "./stages.ts";
import type { ExplainWait } from "./waiting.ts";

/** To explain is not worth waiting longer for. Milliseconds. */
const DEADLINE = 30_000;
/** Characters that are shown of a line of a log. */
const WIDTH = 400;
/** A page with so many lines has more before it. */
const FULL_PAGE = 1_000;
/** Lines of the job's own log, where it has not been shown. */
const JOB_LINES = 20;

/** What is needed to say why a job fails or waits. */
export interface Explainer {
  /** To be told of the log that the watch reads, page by page. */
  readLog(page: { readonly stream: string; readonly lines: readonly LogLine[] }): void;
  readonly explainWait: ExplainWait;
  /** How far Snakemake has come in the last attempt, by the log that was read; undefined where none was. */
  progress(): Progress | undefined;
  /** Finds out why a job failed; undefined where that can't be told, and of other jobs. Never throws but for the context's signal. */
  findOut(job: Job): Promise<Explanation | undefined>;
  /** The next size up for a job that was killed for memory. Never throws but for the context's signal. */
  largerSize(job: Job): Promise<LargerSize | undefined>;
  /** Says it on standard error. */
  explainEnd(job: Job): Promise<void>;
}

/** Why a job failed. */
export interface Explanation {
  readonly diagnosis: Diagnosis;
  /** Of a Snakemake workflow, each once. */
  readonly failedRules: readonly string[];
  readonly ruleLogs: readonly RuleLog[];
  /** The end of what the program wrote: where nothing else tells why, or rules have failed and the log has not been shown. */
  readonly end: readonly string[];
}

export function createExplainer(context: Context, aws: Aws, run: Run, lookAround: LookAround): Explainer {
  const { io } = context;
  const archive = formatS3Url(run.workdir);
  let log: { readonly stream: string; readonly reader: JobLogReader } | undefined;

  const explainWait: ExplainWait = async (job, signal) =>
    diagnose({ ...nothingRead(job), ...(await lookAround(job, signal)) });

  const nothingRead = (job: Job): JobEvidence => ({
    job,
    isLocal: aws.isLocal,
    isByOption: aws.local?.isByOption === true,
    region: aws.region.value,
    withoutImage: aws.isLocal && run.localBy !== "containers",
    logEnd: [],
    step: "over",
    failedRules: [],
    ruleLogs: [],
  });

  /** What can't be had is done without. */
  const tryTo = <T>(work: () => Promise<T>): Promise<T | undefined> =>
    work().catch(() => {
      context.signal.throwIfAborted();
      return undefined;
    });

  async function findOut(job: Job): Promise<Explanation | undefined> {
    if (job.status !== "FAILED") return undefined;
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(DEADLINE)]);
    const read = log === undefined ? await tryTo(() => readEnd(job, signal)) : log.reader;
    const nothing = { logEnd: [], step: "over" as const, failedRules: [] };
    const seen = { ...nothing, ...read?.seen(), ...(hasKeptWork(job) ? { failedRules: [] } : {}) };
    const ruleLogs =
      seen.failedRules.some(({ logs }) => logs.length > 0) && job.startedAt !== undefined
        ? await tryTo(async () =>
            readRuleLogs(
              await openArchive(aws, run.part ?? run.workdir, signal),
              job,
              seen.failedRules,
              signal,
            ),
          )
        : undefined;
    const failedRules = [...new Set(seen.failedRules.map(({ rule }) => rule))];
    const evidence: JobEvidence = {
      ...nothingRead(job),
      ...seen,
      failedRules,
      ruleLogs: (ruleLogs ?? []).flatMap(({ lines }) => lines ?? []),
    };
    let diagnosis = diagnose(evidence);
    if (diagnosis === undefined) return undefined;
    if (diagnosis.takes.length > 0) {
      const around = await tryTo(() => lookAround(job, signal));
      diagnosis = diagnose({ ...evidence, ...around }) ?? diagnosis;
    }
    const isUnshown = log === undefined && failedRules.length > 0;
    const end = isUnshown || diagnosis.id === "job.program-failed" ? lastLines(seen.logEnd) : [];
    return { diagnosis, failedRules, ruleLogs: ruleLogs ?? [], end };
  }

  /** Where the watch has read no log: the last attempt's, from near its end. */
  async function readEnd(job: Job, signal: AbortSignal): Promise<JobLogReader | undefined> {
    const stream = job.logStreams.at(-1);
    if (stream === undefined || job.log?.kind === "elsewhere") return undefined;
    const lines = await readLogEnd(aws.logs, { group: groupOf(job.log), stream }, signal);
    const end = createJobLogReader({ archive, fromStart: lines.length < FULL_PAGE });
    end.push(lines.map(({ message }) => message));
    return end;
  }

  return {
    readLog({ stream, lines }) {
      // Another attempt: what went wrong before is over.
      if (log?.stream !== stream) log = { stream, reader: createJobLogReader({ archive, fromStart: true }) };
      log.reader.push(lines.map(({ message }) => message));
    },
    explainWait,
    progress: () => log?.reader.progress(),
    findOut,
    async largerSize(job) {
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(DEADLINE)]);
      const around = await tryTo(() => lookAround(job, signal));
      return largerSize({ job, isLocal: aws.isLocal, ...around });
    },
    async explainEnd(job) {
      const explanation = await findOut(job);
      for (const line of explanation ? explanationLines(explanation) : []) io.err(line);
    },
  };
}

/** The program's last lines; where it has not run, the entrypoint's. */
function lastLines(logEnd: readonly string[]): readonly string[] {
  const lines = programLines(logEnd).filter((line) => line.trim() !== "");
  return (lines.length > 0 ? lines : logEnd).slice(-JOB_LINES);
}

/** Why a job failed, and what to do, in lines that can do nothing to a terminal. */
export function explanationLines({ diagnosis, failedRules, ruleLogs, end }: Explanation): string[] {
  const [what = "", ...next] = renderDiagnosis("Why the job failed", diagnosis);
  const lines = [what];
  // Where a rule failed for want of something, both are told.
  if (diagnosis.id !== "job.rules-failed" && failedRules.length > 0)
    lines.push(plain(`Rules of the workflow that failed: ${failedRules.slice(0, 5).join(", ")}`));
  for (const { rule, path, lines: log } of ruleLogs) {
    if (log === undefined || log.length === 0) {
      const missing = log === undefined ? "is not among the results" : "is empty";
      lines.push(plain(`The log of rule ${rule}, ${quoteName(path)}, ${missing}.`));
      continue;
    }
    lines.push(plain(`The log of rule ${rule} (${quoteName(path)}) ends with:`));
    for (const line of log) lines.push(`    ${plain(line)}`);
  }
  if (end.length > 0) {
    lines.push("The job's own log ends with:");
    for (const line of end) lines.push(`    ${plain(line)}`);
  }
  return [...lines, ...next];
}

/** A line of the job's, fit for a terminal. */
function plain(line: string): string {
  const shown = withoutControls(lastState(line), { keepColours: false });
  return shown.length > WIDTH ? `${shown.slice(0, WIDTH - 1)}…` : shown;
}
