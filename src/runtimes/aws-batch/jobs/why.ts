import { isDenied } from "../../../aws/errors.ts";
import { type QueuePlace, queuePlace } from "../../../aws/jobs.ts";
import type { Diagnosis } from "../../../checks/job/diagnose.ts";
import { openSurroundings } from "../../../checks/job/surroundings.ts";
import type { Context } from "../../../cli/context.ts";
import { createExplainer, type Explanation } from "../explain.ts";
import type { Account } from "./accounts.ts";
import type { KnownJob } from "./known-job.ts";
import { jobOf, runOf } from "./run-of.ts";

/** Not worth waiting longer for. Milliseconds. */
const DEADLINE = 15_000;

/** Why a job is where it is. */
export interface Why {
  /** Why it waits; undefined where it doesn't, or that can't be told. */
  readonly waits?: Diagnosis | undefined;
  /** Why it failed. */
  readonly failed?: Explanation | undefined;
  /** Where it stands in its queue, while it waits. */
  readonly place?: QueuePlace | undefined;
  /** AWS doesn't allow to ask where it stands. */
  readonly isPlaceDenied?: boolean;
}

/** Finds out why a job waits or failed, as `build` tells it. Never fails but for the context's signal. */
export async function findWhy(
  context: Context,
  { aws, context: there }: Account,
  known: KnownJob,
): Promise<Why> {
  const job = jobOf(known);
  if (job === undefined) return {};
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(DEADLINE)]);
  const orNothing = (): undefined => {
    context.signal.throwIfAborted();
    return undefined;
  };
  const explainer = createExplainer(there, aws, runOf(known, undefined), openSurroundings(aws));
  if (job.status === "FAILED") return { failed: await explainer.findOut(job).catch(orNothing) };
  if (job.status !== "RUNNABLE") return {};
  let isPlaceDenied = false;
  const [waits, place] = await Promise.all([
    explainer.explainWait(job, signal).catch(orNothing),
    queuePlace(aws.batch, { queue: job.origin?.queue ?? "", jobId: job.id }, signal).catch(
      (error: unknown) => {
        isPlaceDenied = isDenied(error);
        return orNothing();
      },
    ),
  ]);
  return { waits, place, isPlaceDenied };
}
