import type { SubmitJobCommandInput } from "@aws-sdk/client-batch";
import type { JobDefinition } from "../../aws/batch.ts";
import type { JobQueue } from "../../aws/queue.ts";
import { UsageError } from "../../errors.ts";
import type { Sourced } from "../../settings.ts";
import type { AwsBatchOptions } from "./options.ts";

/** What of SubmitJob says when a job's turn comes. */
export type Scheduling = Pick<SubmitJobCommandInput, "shareIdentifier" | "schedulingPriorityOverride">;

/**
 * The share and the priority to submit with. Queues without a scheduling policy refuse both, those with one want both: the
 * priority is the definition's where nobody chose one, and 0 where the definition has none either.
 *
 * @param queue undefined where it may not be looked at: then what was chosen is sent
 */
export function schedulingOf(
  queue: JobQueue | undefined,
  { detail }: Pick<JobDefinition, "detail">,
  { share, priority }: Pick<AwsBatchOptions, "share" | "priority">,
): Scheduling {
  if (queue === undefined ? share === undefined : queue.schedulingPolicy === undefined) return {};
  const override = priority?.value ?? (detail.schedulingPriority === undefined ? 0 : undefined);
  return {
    ...(share === undefined ? {} : { shareIdentifier: share.value }),
    ...(override === undefined ? {} : { schedulingPriorityOverride: override }),
  };
}

/** The name of a share. Throws UsageError for what Batch takes for none. */
export function parseShare({ value, source }: Sourced<string>): Sourced<string> {
  if (/^[A-Za-z0-9]{1,255}\*?$/.test(value)) return { value, source };
  throw new UsageError(`"${value}" (from ${source}) can't be a share of a job queue.`, {
    hint: "The name of a share has up to 255 letters and digits.",
  });
}

/** A scheduling priority. Throws UsageError. */
export function parsePriority({ value, source }: Sourced<string>): Sourced<number> {
  if (/^\d{1,4}$/.test(value.trim())) return { value: Number(value), source };
  throw new UsageError(`"${value}" (from ${source}) is not a scheduling priority.`, {
    hint: "It is a whole number from 0 to 9999; of jobs in one share, those with the highest go first.",
  });
}
