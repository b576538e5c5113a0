import type { Context } from "../../cli/context.ts";
import type { SignalHandlers } from "../../cli/signals.ts";

/** Two Control-Cs count as one wish where they come this close, in milliseconds. */
const TWICE_WITHIN = 10_000;

/** Why the program is to leave a job alone before its results are here. */
export type Departure =
  /** Asked for: exit status 0. */
  | { readonly kind: "detach" }
  /** Insisted on, or by a signal from outside. */
  | { readonly kind: "leave"; readonly exitStatus: number };

/** What the keys and signals that arrive after submission ask for. */
export interface Interrupts extends Disposable {
  /** Aborted on leaving, with a {@link Departure} as its reason. */
  readonly signal: AbortSignal;
  departure(): Departure | undefined;
  /** Whether the job was asked to stop. */
  cancelled(): boolean;
  /** As Control-C, where keys are read. */
  interrupt(): void;
  /** Leaves, as for a signal. */
  depart(departure: Departure): void;
}

export interface InterruptOptions {
  /** Control-C detaches, too. */
  readonly detachOnInterrupt: boolean;
  /**
   * Asks Batch to stop the job; where that fails it is told, and may be asked for once more. Absent once the job has ended:
   * Control-C leaves at once then.
   */
  readonly cancel: (() => Promise<void>) | undefined;
}

/**
 * Takes over Control-C (cancels: twice within 10 s at a terminal, else once; once more leaves at once), Control-Z and
 * SIGHUP (detach) and SIGTERM (leave) until it is disposed.
 */
export function takeInterrupts(
  context: Context,
  { detachOnInterrupt, cancel }: InterruptOptions,
): Interrupts {
  const { io } = context;
  const ending = new AbortController();
  let cancelled = false;
  let lastPress = Number.NEGATIVE_INFINITY;

  const depart = (departure: Departure) => ending.abort(departure);
  const detach = () => depart({ kind: "detach" });

  const interrupt = () => {
    if (detachOnInterrupt) return detach();
    if (cancel === undefined || cancelled) return depart({ kind: "leave", exitStatus: 130 });
    const now = context.now();
    if (io.inIsTerminal && now - lastPress > TWICE_WITHIN) {
      lastPress = now;
      io.err("Press Control-C again within 10 seconds to cancel the job, or Control-Z to detach from it.");
      return;
    }
    cancelled = true;
    io.err("Cancelling the job, and waiting for it to stop. Control-C once more leaves without waiting.");
    cancel().catch((error: unknown) => {
      cancelled = false;
      lastPress = Number.NEGATIVE_INFINITY;
      const reason = error instanceof Error ? error.message : String(error);
      io.err(`${reason} The job goes on; Control-C tries again.`);
    });
  };

  const handlers: SignalHandlers = {
    SIGINT: interrupt,
    SIGTSTP: detach,
    SIGHUP: detach,
    SIGTERM: () => depart({ kind: "leave", exitStatus: 143 }),
  };
  const taken = context.signals.handle(handlers);
  return {
    signal: AbortSignal.any([ending.signal, context.signal]),
    departure: () => (ending.signal.aborted ? (ending.signal.reason as Departure) : undefined),
    cancelled: () => cancelled,
    interrupt,
    depart,
    [Symbol.dispose]: () => taken[Symbol.dispose](),
  };
}
