import { optionalInteger, optionalString } from "./fields.ts";
import type { Job, JobQueue, Json } from "./types.ts";

/** How long jobs have been at the head of their queue, for one and the same reason. */
export interface Waits {
  /**
   * Notes why a job waits. Returns the milliseconds until its queue has it taken off (`jobStateTimeLimitActions`), and whether it has
   * only now begun to wait for that reason; undefined where the queue never does.
   */
  note(queue: JobQueue, job: Job, reason: string): Countdown | undefined;
  /** The job waits no more, or for nothing but its turn. */
  forget(job: Job): void;
}

interface Countdown {
  readonly leftMs: number;
  readonly isNew: boolean;
}

/** @param now milliseconds since 1970 */
export function createWaits(now: () => number): Waits {
  /** What a job waits for begins anew with a restart. */
  const waits = new WeakMap<Job, { readonly reason: string; readonly since: number }>();
  return {
    forget: (job) => void waits.delete(job),
    note(queue, job, reason) {
      const seen = waits.get(job);
      const isNew = seen?.reason !== reason;
      const since = isNew ? now() : seen.since;
      waits.set(job, { reason, since });
      const seconds = limitOf(queue, reason);
      return seconds === undefined ? undefined : { leftMs: since + seconds * 1000 - now(), isNew };
    },
  };
}

/** Seconds; of an action's reason, a job's `statusReason` has the code and goes on in words. */
function limitOf({ jobStateTimeLimitActions = [] }: JobQueue, reason: string): number | undefined {
  const actions = jobStateTimeLimitActions as readonly Json[];
  const action = actions.find((one) => {
    const code = optionalString(one, "reason");
    return code !== undefined && code !== "" && reason.startsWith(code);
  });
  return action && optionalInteger(action, "maxTimeSeconds");
}
