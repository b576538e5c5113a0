import { clientException, optionalInteger, optionalString } from "./fields.ts";
import type { Job, JobDefinition, JobQueue, Json, SchedulingPolicy } from "./types.ts";

/** What a submission says of its share: only of queues with a scheduling policy. */
export interface Scheduling {
  readonly shareIdentifier?: string;
  /** Greater ones go first within a share. */
  readonly schedulingPriority?: number;
}

/** Whether this may name a share: 255 letters and digits at most, and an asterisk behind them. */
export function isShare(text: string): boolean {
  return /^[A-Za-z0-9]{1,255}\*?$/.test(text);
}

/** Reads the share and the priority of SubmitJob; throws an AwsError for what does not go with the queue. */
export function readScheduling(input: Json, queue: JobQueue, definition: JobDefinition): Scheduling {
  const shareIdentifier = optionalString(input, "shareIdentifier");
  const overriding = readPriority(input, "schedulingPriorityOverride");
  if (queue.schedulingPolicy === undefined) {
    if (shareIdentifier !== undefined) {
      throw clientException("shareIdentifier cannot be specified: the job queue has no scheduling policy.");
    }
    if (overriding !== undefined) {
      throw clientException(
        "schedulingPriorityOverride cannot be specified: the job queue has no scheduling policy.",
      );
    }
    return {};
  }
  if (!shareIdentifier) throw clientException("shareIdentifier must be specified.");
  if (!isShare(shareIdentifier)) {
    throw clientException(`shareIdentifier is limited to 255 alphanumeric characters: ${shareIdentifier}`);
  }
  const schedulingPriority = overriding ?? definition.schedulingPriority;
  if (schedulingPriority === undefined) {
    throw clientException(
      "Either schedulingPriority in job definition or schedulingPriorityOverride should be specified.",
    );
  }
  return { shareIdentifier, schedulingPriority };
}

/** `schedulingPriority` and its override: 0 to 9,999. */
export function readPriority(input: Json, key: string): number | undefined {
  const priority = optionalInteger(input, key);
  if (priority !== undefined && (priority < 0 || priority > 9_999)) {
    throw clientException(`${key} must be between 0 and 9999.`);
  }
  return priority;
}

/** The jobs that wait in a queue, so many at most, in the order in which they start if nothing changes; `jobs`: all that live in it. */
export function frontOfQueue(
  jobs: readonly Job[],
  policy: SchedulingPolicy | undefined,
  most: number,
): readonly Job[] {
  const running = jobs.filter((job) => job.current !== undefined);
  let waiting = jobs
    .filter((job) => job.status === "RUNNABLE")
    .sort((a, b) => a.createdAt - b.createdAt || a.sequence - b.sequence);
  const front: Job[] = [];
  while (front.length < most) {
    const first = nextInLine(waiting, [...running, ...front], policy);
    if (first === undefined) break;
    front.push(first);
    waiting = waiting.filter((job) => job !== first);
  }
  return front;
}

/**
 * The job whose turn it is: of the share that uses the least for its weight, the one of the highest priority, then the oldest.
 *
 * @param waiting oldest first
 * @param running all jobs of the queue that use vCPUs now
 */
function nextInLine(
  waiting: readonly Job[],
  running: readonly Job[],
  policy: SchedulingPolicy | undefined,
): Job | undefined {
  if (policy === undefined) return waiting[0];
  const usage = (share: string | undefined) =>
    weightOf(policy, share ?? "") *
    running.filter((job) => job.shareIdentifier === share).reduce((sum, job) => sum + job.size.vcpus, 0);
  // Sorting keeps the order of equals.
  return waiting.toSorted(
    (a, b) =>
      usage(a.shareIdentifier) - usage(b.shareIdentifier) ||
      (b.schedulingPriority ?? 0) - (a.schedulingPriority ?? 0),
  )[0];
}

/** `weightFactor`: the smaller, the more a share may have. */
function weightOf({ fairShares = {} }: SchedulingPolicy, share: string): number {
  const distribution = (fairShares.shareDistribution ?? []) as readonly Json[];
  const entry = distribution.find(({ shareIdentifier }) => {
    const name = String(shareIdentifier);
    return name.endsWith("*") ? share.startsWith(name.slice(0, -1)) : share === name;
  });
  return typeof entry?.weightFactor === "number" ? entry.weightFactor : 1;
}
