import type { Job } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import {
  type ComputeEnvironment,
  describeEnvironments,
  describeQueue,
  type JobQueue,
} from "../../aws/queue.ts";
import { look, thenLook } from "../look.ts";
import type { Denied, Seen } from "../seen.ts";

/** A job's queue, and the compute environments of that. */
export interface Surroundings {
  readonly queue: Seen<JobQueue>;
  readonly environments: Seen<readonly ComputeEnvironment[]>;
}

/** Looks at where a job is: two requests each time, but for what the user turned out not to be allowed to ask. */
export type LookAround = (job: Job, signal: AbortSignal) => Promise<Partial<Surroundings>>;

/** Looks by this account's clients. What is looked at throws nothing but the signal's reason. */
export function openSurroundings({ batch }: Pick<Aws, "batch">): LookAround {
  const denied = new Map<string, Denied>();

  /** Asks, unless that was denied before. */
  async function ask<T>(
    permission: string,
    doing: string,
    signal: AbortSignal,
    request: () => Promise<T | undefined>,
  ): Promise<Seen<T>> {
    const before = denied.get(permission);
    if (before !== undefined) return before;
    const seen = await look({ doing, permission, signal }, request);
    if (seen.kind === "denied") denied.set(permission, seen);
    return seen;
  }

  return async ({ origin }, signal) => {
    if (!origin?.queue) return {};
    const queue = await ask("batch:DescribeJobQueues", "look up the job's queue", signal, () =>
      describeQueue(batch, origin.queue, signal),
    );
    const environments = await thenLook(Promise.resolve(queue), ({ environments: names }) =>
      ask("batch:DescribeComputeEnvironments", "look up the queue's compute environments", signal, () =>
        describeEnvironments(batch, names, signal),
      ),
    );
    return { queue, environments };
  };
}
