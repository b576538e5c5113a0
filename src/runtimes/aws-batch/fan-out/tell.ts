import { setTimeout as sleep } from "node:timers/promises";
import type { Job } from "../../../aws/batch.ts";
import type { Aws } from "../../../aws/clients.ts";
import { haveFixedCredentials } from "../../../aws/credentials.ts";
import type { Context } from "../../../cli/context.ts";
import type { Explainer } from "../explain.ts";
import { jobSource } from "../job-source.ts";
import { factsOf, isEnded } from "../jobs/known-job.ts";
import { runTimeOf } from "../jobs/rows.ts";
import { createReport } from "../stages.ts";
import { watchJob } from "../watch.ts";
import { beside, jobOf, type Member } from "./members.ts";

/** The logs of more jobs at once are for nobody to read. */
const MOST_LOGS = 8;
/** How often a watch hears of its job's state, which the look at all jobs has asked for. Milliseconds. */
const HEARING = { first: 200, last: 1_000, growth: 1.5 };

/** Says how the jobs of a fan-out are, line by line. */
export interface Teller {
  /** A job is in another state, or has ended without ever having been. */
  changed(member: Member): void;
  /** The children's states have been counted. */
  counted(array: Job): void;
  /** Resolves once all has been said of jobs that have ended. */
  done(): Promise<void>;
}

interface TellerOptions {
  readonly signal: AbortSignal;
  readonly patience: number;
  explainerOf(member: Member): Explainer;
}

/** Tells all of a few jobs, with their logs; of many only how many are in which state, and how each ends. */
export function createTeller(
  context: Context,
  aws: Aws,
  members: readonly Member[],
  { logs, ...options }: TellerOptions & { readonly logs: boolean },
): Teller {
  return logs && members.length <= MOST_LOGS ? tellLogs(context, aws, options) : tellStates(context, members);
}

function tellStates({ io, now }: Context, members: readonly Member[]): Teller {
  const isFew = members.length <= MOST_LOGS;
  return {
    changed(member) {
      const facts = factsOf(member.known);
      if (member.never) return io.out(`[${member.id}] Job never ran`);
      if (!isFew && !isEnded(facts.status)) return;
      const exit = facts.exitCode ? ` (exited ${facts.exitCode})` : "";
      const ran = isEnded(facts.status) ? runTimeOf(facts, now()) : "";
      io.out(
        `[${member.id}] Job ${isEnded(facts.status) ? "" : "now "}${facts.status}${exit}${ran && ` after ${ran}`}`,
      );
    },
    counted({ array }) {
      if (isFew || array === undefined) return;
      const counts = Object.entries(array.counts).filter(([, count]) => count > 0);
      if (counts.length > 0)
        io.out(`Of ${array.size} jobs: ${counts.map(([status, count]) => `${count} ${status}`).join(", ")}`);
    },
    done: async () => {},
  };
}

/** As a single job's events are told, each with its job's label before it. */
function tellLogs(context: Context, aws: Aws, { signal, patience, explainerOf }: TellerOptions): Teller {
  const watches = new Map<Member, Promise<void>>();
  const failed = new AbortController();

  async function watch(member: Member): Promise<void> {
    const explainer = explainerOf(member);
    const report = createReport(beside(context.io, member), context.env.NEXTSTRAIN_DEBUG === "1");
    const describe = async () => {
      const job = jobOf(member);
      if (job === undefined) throw new Error("a job is watched before it is seen");
      return job;
    };
    for await (const event of watchJob(
      { describe, readLog: jobSource(aws, member.run.jobId).readLog },
      {
        signal: AbortSignal.any([signal, failed.signal]),
        ...{ withLog: true, patience, statusPace: HEARING, explainWait: explainer.explainWait },
        credentialsAreFixed: haveFixedCredentials(context),
        now: context.now,
        sleep: (time, until) => sleep(time, undefined, { signal: until }).catch(() => until.throwIfAborted()),
      },
    )) {
      if (event.kind === "log") {
        explainer.readLog(event);
        for (const { message } of event.lines) member.progress.push(message);
      }
      report(event);
      await context.io.drained(signal);
    }
  }
  return {
    changed(member) {
      if (member.never) context.io.out(`[${member.id}] Job never ran`);
      if (watches.has(member) || jobOf(member) === undefined) return;
      const watching = watch(member);
      // Told by done().
      watching.catch((error: unknown) => failed.abort(error));
      watches.set(member, watching);
    },
    counted() {},
    async done() {
      await Promise.all(watches.values());
    },
  };
}
