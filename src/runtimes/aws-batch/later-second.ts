import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../../cli/context.ts";

/** Milliseconds by which the times of files can lag behind the clock: they follow the kernel's tick. */
const TICK = 50;

/**
 * Waits, for a second at most, until the second is over in which the newest of the shipped files was changed: a job must
 * not begin in it. In the archive times are whole seconds. What the job changed in that second would not be taken up
 * (`zip -u` wants a later time than the entry's), and what it made would seem older than what it was made from.
 *
 * @param newestMtimeMs milliseconds since 1970; one from the future is written as now
 */
export async function untilLaterSecond(
  newestMtimeMs: number,
  { now, signal }: Pick<Context, "now" | "signal">,
): Promise<void> {
  const left = leftOfSecond(newestMtimeMs, now());
  if (left > 0) await sleep(left, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** Milliseconds until the second of a time is over. */
export function leftOfSecond(time: number, now: number): number {
  return Math.max(0, Math.floor(Math.min(time, now) / 1000) * 1000 + 1000 + TICK - now);
}
