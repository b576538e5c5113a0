import type { Context } from "../../cli/context.ts";
import { notifyOnDesktop } from "../../cli/desktop.ts";
import { runShellCommand } from "../../cli/shell-command.ts";
import { readRecord, runsDirectory } from "../../runs/registry.ts";
import { jobJson } from "./jobs/json.ts";
import { factsOf, type JobFacts, type KnownJob } from "./jobs/known-job.ts";
import { runTimeOf, whereOf } from "./jobs/rows.ts";
import type { NotifyOptions } from "./options.ts";

/** Tells the user of jobs that are over, one after the other. */
export interface Notifier {
  tell(known: KnownJob): void;
  /** Resolves once all have been told of. */
  done(): Promise<void>;
}

/** From one notification on the desktop to the next; those in between are told of together. Milliseconds. */
const APART = 2_000;

/** Never fails: a command that does is a warning, the first time. */
export function createNotifier(context: Context, options: NotifyOptions | undefined): Notifier {
  if (options === undefined) return { tell: () => {}, done: async () => {} };
  return options.kind === "command" ? byCommand(context, options.command) : byDesktop(context);
}

function byCommand(context: Context, command: string): Notifier {
  let hasWarned = false;
  let turn = Promise.resolve();
  const run = async (known: KnownJob) => {
    if (context.signal.aborted) return;
    const input = `${JSON.stringify(jobJson(await latestFacts(context, known), context.now()))}\n`;
    const problem = await runShellCommand(context, command, { input });
    if (problem !== undefined && !hasWarned) context.io.warn(`The command to notify you ${problem}.`);
    hasWarned ||= problem !== undefined;
  };
  return {
    tell: (known) => {
      turn = turn.then(() => run(known));
    },
    done: () => turn,
  };
}

function byDesktop(context: Context): Notifier {
  let waiting: KnownJob[] = [];
  let timer: NodeJS.Timeout | undefined;
  let turn = Promise.resolve();
  const show = () => {
    const jobs = waiting;
    waiting = [];
    if (jobs.length === 0) return;
    turn = turn.then(async () => {
      const facts = await Promise.all(jobs.map((known) => latestFacts(context, known)));
      if (!(await notifyOnDesktop(context, notificationOf(context, facts)))) context.io.bell();
    });
  };
  return {
    tell(known) {
      waiting.push(known);
      if (timer !== undefined) return;
      show();
      timer = setTimeout(() => {
        timer = undefined;
        show();
      }, APART).unref();
    },
    done() {
      clearTimeout(timer);
      show();
      return turn;
    },
  };
}

/** With what the record has of the results by now. */
async function latestFacts(context: Context, known: KnownJob): Promise<JobFacts> {
  const { runId } = known;
  const record = runId && (await readRecord(runsDirectory(context), runId).catch(() => undefined));
  return factsOf({ ...known, record: record ?? known.record });
}

function notificationOf(context: Context, all: readonly JobFacts[]) {
  const [facts, ...others] = all;
  if (facts === undefined || others.length > 0) {
    const failed = all.filter(({ status }) => status === "FAILED").length;
    return {
      title: `${all.length} jobs are over`,
      text: `${all.length - failed} succeeded, ${failed} failed.`,
    };
  }
  const id = (facts.runId ?? facts.jobId ?? "").slice(0, 8);
  const ran = runTimeOf(facts, context.now());
  const after = ran === "" ? "" : ` after ${ran}`;
  const hint = facts.status === "FAILED" ? ` To see why: nextstrain jobs show ${id}` : "";
  return {
    title: `${facts.status}: ${whereOf(facts, context.home)}`,
    text: `Job ${id} is over${after}.${hint}`,
  };
}
