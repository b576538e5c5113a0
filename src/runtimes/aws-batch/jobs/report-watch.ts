import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../../../cli/context.ts";
import { takeInterrupts } from "../interrupts.ts";
import type { Accounts } from "./accounts.ts";
import { factsOf, type KnownJob } from "./known-job.ts";
import { pollJobs } from "./poll.ts";
import type { ReportData, ReportSource } from "./report-data.ts";
import { tellTrouble } from "./trouble-lines.ts";

/** Between two pages, which is when a browser loads the next: seconds. */
export const EVERY = 10;
/** The last lines of a log come after the job's end. Milliseconds. */
const SETTLE = 3_000;

export interface ReportWatch {
  /** Trouble that lasts longer ends the watch. Milliseconds. */
  readonly patience: number;
  readonly gather: ReportSource;
  /** Writes the page; `isLast` where no other follows. */
  write(data: ReportData, isLast: boolean): Promise<void>;
}

/**
 * Has a job's page written again and again until the job has ended, or somebody leaves. Returns the exit status. Throws UserError where
 * AWS can't be asked for long.
 */
export async function watchReport(
  context: Context,
  accounts: Accounts,
  known: KnownJob,
  { patience, gather, write }: ReportWatch,
): Promise<number> {
  using interrupts = takeInterrupts(context, { detachOnInterrupt: true, cancel: undefined });
  const { signal } = interrupts;
  const ending = new AbortController();
  const until = AbortSignal.any([signal, ending.signal]);
  let latest = known;
  let data: ReportData | undefined;
  const poll = async () => {
    for await (const event of pollJobs(context, accounts, [known], { signal: until, patience })) {
      if (event.kind === "changed") latest = event.known;
      else tellTrouble(context.io, event);
    }
    return "over" as const;
  };
  const polled = poll();
  // Thrown where it is waited for.
  polled.catch(() => {});
  const pause = (time: number) => sleep(time, "again" as const, { signal: until });
  try {
    do {
      data = await gather(latest, signal);
      await write(data, false);
    } while ((await Promise.race([polled, pause(EVERY * 1000)])) === "again");
    await pause(SETTLE);
    await write(await gather(latest, signal), true);
    context.io.out(`Job ${factsOf(latest).status}: the report is complete.`);
    return 0;
  } catch (error) {
    const departure = interrupts.departure();
    if (departure === undefined) throw error;
    // Or a browser would wait for a next page forever.
    if (data !== undefined) await write(data, true);
    if (departure.kind === "leave") return departure.exitStatus;
    context.io.err("The job goes on; the report stays as it is now.");
    return 0;
  } finally {
    ending.abort();
  }
}
