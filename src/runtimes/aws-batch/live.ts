import type { Context } from "../../cli/context.ts";
import { createProgressReader } from "../../workflow/snakemake-log.ts";
import { jobText, transferText } from "./live-text.ts";
import type { TroubleKind } from "./trouble.ts";
import type { JobEvent } from "./watch.ts";

/** Milliseconds of the past that a rate is taken over, and at least are needed to tell one. */
const WINDOW = 10_000;
const ENOUGH = 1_000;

/** The live line of a transfer; gone when it is disposed. */
export interface LiveTransfer extends Disposable {
  /** So far it has come. */
  reached(state: TransferProgress): void;
  /** So many more bytes have gone over. */
  moved(bytes: number): void;
}

/** Bytes. */
export interface TransferProgress {
  readonly sent: number;
  /** What need not go over: there already. */
  readonly reused: number;
  /** All, what need not go over included; undefined where it isn't known. */
  readonly total: number | undefined;
}

/** Shows how far a transfer of `total` bytes has come. */
export function showTransfer(context: Context, doing: string, total: number | undefined): LiveTransfer {
  const rate = createRate(context.now);
  let state: TransferProgress = { sent: 0, reused: 0, total };
  context.io.live(() => {
    const { sent, reused } = state;
    return transferText({ doing, bytes: sent + reused, total: state.total, rate: rate.perSecond(sent) });
  });
  return {
    reached: (next) => {
      state = next;
    },
    moved: (bytes) => {
      state = { ...state, sent: state.sent + bytes };
    },
    [Symbol.dispose]: () => context.io.live(undefined),
  };
}

interface Rate {
  /** Bytes a second of late, `bytes` having gone over until now; undefined where it is too soon to tell. */
  perSecond(bytes: number): number | undefined;
}

export function createRate(now: () => number): Rate {
  const samples: { readonly at: number; readonly bytes: number }[] = [{ at: now(), bytes: 0 }];
  return {
    perSecond(bytes) {
      const at = now();
      samples.push({ at, bytes });
      while (samples[1] && samples[1].at <= at - WINDOW) samples.shift();
      const first = samples[0];
      if (first === undefined || at - first.at < ENOUGH) return undefined;
      return ((bytes - first.bytes) * 1000) / (at - first.at);
    },
  };
}

/** The live line of a job; gone when it is disposed. */
export interface LiveJob extends Disposable {
  see(event: JobEvent): void;
}

/** Shows how long a job has been in its state, and how far Snakemake has come, read off the log. */
export function showJob(context: Context): LiveJob {
  const { io, now } = context;
  let progress = createProgressReader();
  let stream: string | undefined;
  let state: { readonly status: string; readonly since: number } | undefined;
  let trouble: { readonly kind: TroubleKind; readonly since: number } | undefined;
  const render = () =>
    state === undefined
      ? ""
      : jobText({
          status: state.status,
          age: now() - state.since,
          progress: progress.state(),
          trouble: trouble && { kind: trouble.kind, age: now() - trouble.since },
        });
  return {
    see(event) {
      if (event.kind === "log") {
        // Another attempt begins anew, and the last lines of the one before come after its end.
        if (event.stream !== stream) progress = createProgressReader();
        stream = event.stream;
        for (const { message } of event.lines) progress.push(message);
      }
      if (event.kind === "trouble" || event.kind === "locked-out" || event.kind === "unlisted")
        trouble ??= { kind: event.kind, since: now() };
      if (event.kind === "recovered") trouble = undefined;
      if (event.kind !== "status") return;
      const { status, startedAt } = event.job;
      if (status === "SUCCEEDED" || status === "FAILED") return io.live(undefined);
      // Only of RUNNING does Batch say since when; and another attempt begins anew.
      state = { status, since: status === "RUNNING" ? (startedAt ?? now()) : now() };
      if (status !== "RUNNING") progress = createProgressReader();
      io.live(render);
    },
    [Symbol.dispose]: () => io.live(undefined),
  };
}
