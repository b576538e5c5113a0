import { setTimeout as pause } from "node:timers/promises";
import { haveFixedCredentials } from "../../../aws/credentials.ts";
import type { Context } from "../../../cli/context.ts";
import { steadyClock } from "../steady-clock.ts";
import { keepTroubles, type TroubleEvent } from "../trouble.ts";
import type { Accounts } from "./accounts.ts";
import { factsOf, isEnded, type KnownJob } from "./known-job.ts";
import { refresh } from "./refresh.ts";

/** What a look at several jobs brings. */
export type PollEvent =
  /** A job in a state in which it has not been seen before: at the first look, each. `index` is its place among those given. */
  { readonly kind: "changed"; readonly index: number; readonly known: KnownJob } | TroubleEvent;

export interface PollOptions {
  readonly signal: AbortSignal;
  /** Trouble that lasts longer ends the looking. Milliseconds. */
  readonly patience: number;
  /** Throws where the signal is aborted. Milliseconds. */
  readonly sleep?: (time: number, signal: AbortSignal) => Promise<unknown>;
}

/** Between two looks, after news and without: milliseconds. */
const SOON = 1_000;
const LATE = 10_000;
const GROWTH = 1.5;
/** So long, at least, for each hundred jobs, which is a request: of 1,000 jobs two looks, 20 requests, fit into 10 s. Milliseconds. */
const A_REQUEST = 700;
const A_HUNDRED = 100;
/** An answer may lack a job for a while. Looks. */
const PATIENT_LOOKS = 3;

/**
 * Looks at all jobs together, a request for each hundred of them, until all have ended or are forgotten. Goes on through trouble of AWS's or
 * of the network's; throws UserError where it lasts.
 */
export async function* pollJobs(
  context: Context,
  accounts: Accounts,
  jobs: readonly KnownJob[],
  { signal, patience, sleep = (time, until) => pause(time, undefined, { signal: until }) }: PollOptions,
): AsyncGenerator<PollEvent, void> {
  const now = steadyClock(context.now);
  const troubles = keepTroubles({ patience, credentialsAreFixed: haveFixedCredentials(context), now });
  const states = jobs.map((known) => ({ known, seen: undefined as string | undefined, misses: 0 }));
  let interval = SOON;
  for (;;) {
    const open = states.filter(({ known, seen }) => seen === undefined || !isOver(known));
    if (open.length === 0) return;
    const errors: unknown[] = [];
    const fresh = await refresh(
      { ...context, signal },
      accounts,
      open.map(({ known }) => ({ ...known, isForgotten: false })),
      (error) => void errors.push(error),
    );
    const events: PollEvent[] =
      errors.length > 0
        ? errors.flatMap((error) => troubles.failed("status", error))
        : troubles.passed("status");
    let isNews = false;
    for (const [index, state] of open.entries()) {
      const known = fresh[index];
      if (known === undefined) continue;
      state.misses = known.isForgotten ? state.misses + 1 : 0;
      if (known.isForgotten && state.misses < PATIENT_LOOKS && known.jobId !== undefined) continue;
      state.known = known;
      const { status } = factsOf(known);
      if (status === state.seen) continue;
      isNews = true;
      state.seen = status;
      events.push({ kind: "changed", index: states.indexOf(state), known });
    }
    yield* events;
    interval = isNews ? SOON : Math.min(LATE, interval * GROWTH);
    if (!states.every(({ known, seen }) => seen !== undefined && isOver(known))) {
      await sleep(Math.max(interval, Math.ceil(open.length / A_HUNDRED) * A_REQUEST), signal);
    }
  }
}

/** Whether nothing more is to come of a job. */
function isOver(known: KnownJob): boolean {
  const { status } = factsOf(known);
  return isEnded(status) || status === "UNKNOWN" || status === "UNSUBMITTED";
}
