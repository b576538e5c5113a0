import type { Context } from "../../../cli/context.ts";
import type { Key } from "../../../cli/keys.ts";
import { hasForeground } from "../../../cli/terminal.ts";
import type { Departure } from "../interrupts.ts";
import { factsOf, isEnded } from "./known-job.ts";
import { logText, type OpenLog, openLog, roomIn, scroll } from "./open-log.ts";
import type { OnScreen } from "./screen-logs.ts";
import { inOrder, screenText, visible, type Watched } from "./watched.ts";

/** What keys ask for beyond the screen. */
export interface ScreenActions {
  leave(departure: Departure): void;
  cancel(job: Watched): Promise<void>;
  /** Control-C, where it does something else than to leave; and what. */
  readonly interrupt?: { readonly press: () => void; readonly advice: string };
}

const KEYS = "Keys: up and down choose, Enter opens the log, c cancels, q leaves";
/** Exit status after SIGQUIT, as shells have it. */
const QUIT = 131;

type View =
  | { readonly kind: "jobs" }
  | { readonly kind: "question"; readonly job: Watched }
  | { readonly kind: "log"; readonly log: OpenLog };

/** Shows jobs on the terminal, with keys to choose one, read its log and cancel it, until it is disposed. */
export async function openScreen(
  context: Context,
  jobs: readonly Watched[],
  actions: ScreenActions,
): Promise<OnScreen & Disposable> {
  const { io, home, signals, now } = context;
  let view: View = { kind: "jobs" };
  let chosen: Watched | undefined;
  let hasKeys = false;

  const rows = () => io.rows() ?? 1;
  const options = () => ({
    ...{ now: now(), home, rows: rows(), advice: actions.interrupt?.advice },
    ...(hasKeys ? { chosen: current(), keys: view.kind === "question" ? questionOf(view.job) : KEYS } : {}),
  });
  const current = () => {
    chosen ??= inOrder(jobs)[0];
    return chosen;
  };
  const text = () =>
    view.kind === "log" ? logText(view.log, { now: now(), rows: rows() }) : screenText(jobs, options());
  const draw = () => io.live(text);

  const move = (by: number) => {
    const ordered = inOrder(jobs);
    const job = current();
    const index = job === undefined ? 0 : ordered.indexOf(job);
    chosen = ordered[Math.min(ordered.length - 1, Math.max(0, index + by))];
  };
  const inLog = (log: OpenLog, key: Key) => {
    const name = nameOf(key);
    if (["escape", "q", "l", "enter"].includes(name)) view = { kind: "jobs" };
    const by = STEPS[name];
    if (by !== undefined) scroll(log, -by * (name.startsWith("page") ? roomIn(rows()) : 1), rows());
  };
  const inJobs = (key: Key) => {
    const job = current();
    const name = nameOf(key);
    const by = STEPS[name];
    if (by !== undefined) return move(by * (name.startsWith("page") ? visible(jobs, options()).length : 1));
    if (name === "q") return actions.leave({ kind: "detach" });
    if (job === undefined) return;
    if (name === "enter" || name === "l") view = { kind: "log", log: openLog(job) };
    if (name === "c" && canCancel(job)) view = { kind: "question", job };
  };
  const press = (key: Key) => {
    const { kind } = view;
    // As the signals that a terminal sends where keys are not read.
    if (key === "interrupt" && actions.interrupt) return actions.interrupt.press();
    if (key === "interrupt" || key === "suspend") return actions.leave({ kind: "detach" });
    if (key === "quit") return actions.leave({ kind: "leave", exitStatus: QUIT });
    if (kind === "log") inLog(view.log, key);
    else if (kind === "jobs") inJobs(key);
    else {
      const { job } = view;
      view = { kind: "jobs" };
      if (nameOf(key) === "y" && canCancel(job)) void actions.cancel(job);
    }
    draw();
  };

  const keys = (await hasForeground()) ? io.keys(press) : undefined;
  hasKeys = keys !== undefined;
  // By default it would end the program with the terminal as it is.
  const quitting = keys && signals.handle({ SIGQUIT: () => press("quit") });
  draw();
  return {
    jobs: () => visible(jobs, options()),
    log: () => (view.kind === "log" ? view.log : undefined),
    [Symbol.dispose]() {
      keys?.[Symbol.dispose]();
      quitting?.[Symbol.dispose]();
      io.live(undefined);
    },
  };
}

/** How far keys move; those of a whole page so many pages. */
const STEPS: Readonly<Record<string, number>> = {
  ...{ up: -1, k: -1, down: 1, j: 1, "page-up": -1, "page-down": 1 },
  ...{ home: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY },
};

function nameOf(key: Key): string {
  return typeof key === "string" ? key : key.character;
}

function canCancel({ known, isStopping }: Watched): boolean {
  return known.jobId !== undefined && !isStopping && !isEnded(factsOf(known).status);
}

function questionOf({ id }: Watched): string {
  return `Cancel job ${id}? y cancels it, any other key doesn't`;
}
