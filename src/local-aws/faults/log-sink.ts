import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { LogEvent, LogSink } from "../batch/log-sink.ts";
import type { Faults } from "./faults.ts";

/** Logs of jobs, with lines and streams that come late or never. */
export interface FaultyLogSink extends LogSink {
  /** Delivers at once what is being held back, and waits until it is on disk. */
  flush(): Promise<void>;
}

/**
 * Holds back what the plan says. Whoever appends does not wait for it, as a job does not wait for CloudWatch Logs; within a stream lines
 * keep their order.
 */
export function faultyLogSink(
  sink: LogSink,
  faults: Pick<Faults, "ofStream" | "lateness" | "isLineLost">,
  log: (message: string) => void,
): FaultyLogSink {
  const flushing = new AbortController();
  // As many wait for it as there are lines held back.
  setMaxListeners(0, flushing.signal);
  const lost = new Set<string>();
  /** What is being held back of each stream; streams without are written to directly. */
  const held = new Map<string, Promise<void>>();

  const wait = (ms: number) => sleep(ms, undefined, { signal: flushing.signal }).catch(() => undefined);

  /** Does it after what is held back already, and not before so many milliseconds are over. */
  function hold(key: string, ms: number, deliver: () => Promise<void>): void {
    const due = wait(ms);
    const delivered = (held.get(key) ?? Promise.resolve())
      .then(() => due)
      .then(deliver)
      .catch((error: unknown) => log(`Held back log lines are lost: ${String(error)}`))
      .finally(() => {
        if (held.get(key) === delivered) held.delete(key);
      });
    held.set(key, delivered);
  }

  return {
    async createStream(group, stream) {
      const { isLost, missingMs } = faults.ofStream(stream);
      const key = `${group} ${stream}`;
      if (isLost) lost.add(key);
      else if (missingMs > 0) hold(key, missingMs, () => sink.createStream(group, stream));
      else await sink.createStream(group, stream);
    },
    async append(group, stream, events) {
      const key = `${group} ${stream}`;
      if (lost.has(key)) return;
      const kept: readonly LogEvent[] = events.filter(() => !faults.isLineLost(stream));
      const lateMs = faults.lateness(stream);
      if (lateMs === 0 && !held.has(key)) await sink.append(group, stream, kept);
      else hold(key, lateMs, () => sink.append(group, stream, kept));
    },
    async flush() {
      flushing.abort();
      await Promise.all(held.values());
    },
  };
}
