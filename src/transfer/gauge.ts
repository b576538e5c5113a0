/** Levels of deflate, from the quickest: 0 stores. */
const LEVELS = [0, 1, 6] as const;
/** A decision is for so long, in milliseconds: shorter ones would follow chance. */
const PERIOD = 100;
/** The part of their time for which the senders wait for parts, above which the compressor is what holds them up. */
const STARVING = 0.4;
/** And below which it is the link. */
const FED = 0.1;
/** How much faster one side must be before it is worth a change. */
const MARGIN = 1.2;

/** Watches an upload, and says how hard to compress. */
export interface Gauge {
  /** The level for the next block or file. */
  level(): number;
  /** So many more uncompressed bytes have been taken up. */
  taken(bytes: number): void;
  /** One more sender (or one less) is waiting or sending; `bytes` have been sent by it. See UploadOptions.onActivity. */
  activity(what: "waiting" | "sending", change: 1 | -1, bytes: number): void;
}

/**
 * Compressing is worth it while the link drinks more slowly than the compressor reads. Where the senders wait and the link
 * has shown itself faster than that, the level goes down, as far as storing; it goes up again where the link becomes slower than what
 * the compressor managed at the higher level. `now` is in milliseconds.
 */
export function createGauge(now: () => number, senders: number): Gauge {
  let at = LEVELS.length - 1;
  /** Bytes a millisecond that went in at each level while nothing but the compressor held them up. */
  const capacity = new Map<number, number>();
  let linkRate: number | undefined;
  let waiting = 0;
  let sending = 0;
  let last = now();
  let period = { start: last, waited: 0, busy: 0, sent: 0, taken: 0 };

  function pass(): number {
    const time = now();
    period.waited += ((time - last) * waiting) / senders;
    if (sending > 0) period.busy += time - last;
    last = time;
    return time;
  }

  function decide(elapsed: number): void {
    // Parts arrive in lumps: a period without any tells nothing of the link's rate.
    if (period.sent > 0 && period.busy > 0) linkRate = period.sent / period.busy;
    if (linkRate === undefined) return;
    const input = period.taken / elapsed;
    const idle = period.waited / elapsed;
    if (idle > STARVING) {
      capacity.set(at, input);
      if (at > 0 && linkRate > input * MARGIN) at--;
    } else if (idle < FED && at < LEVELS.length - 1) {
      const above = capacity.get(at + 1) ?? Number.POSITIVE_INFINITY;
      if (linkRate * MARGIN < above) at++;
    }
  }

  return {
    level() {
      const time = pass();
      const elapsed = time - period.start;
      if (elapsed >= PERIOD) {
        decide(elapsed);
        period = { start: time, waited: 0, busy: 0, sent: 0, taken: 0 };
      }
      return LEVELS[at] ?? 0;
    },
    taken(bytes) {
      period.taken += bytes;
    },
    activity(what, change, bytes) {
      pass();
      if (what === "waiting") waiting += change;
      else sending += change;
      period.sent += bytes;
    },
  };
}
