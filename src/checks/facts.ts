import { describeDefinition, type JobDefinition } from "../aws/batch.ts";
import type { Aws } from "../aws/clients.ts";
import { type ComputeEnvironment, describeEnvironments, describeQueue, type JobQueue } from "../aws/queue.ts";
import type { Sourced } from "../settings.ts";
import { look, thenLook } from "./look.ts";
import type { Seen } from "./seen.ts";

/** What a set-up consists of, by name, and where each name is from. */
export interface SetupNames {
  readonly queue: Sourced<string>;
  readonly job: Sourced<string>;
  /** Name of the bucket. */
  readonly bucket: Sourced<string>;
  /** What keys in it begin with: "" or a path that ends in a slash. */
  readonly prefix: string;
}

/** What the build at hand asks for; what is absent is the job definition's. */
export interface Asked {
  readonly cpus?: number | undefined;
  readonly memoryMib?: number | undefined;
}

/**
 * What is so in the account. Each fact is asked for when somebody wants it, and then at most once; none throws but for the
 * signal.
 */
export interface Facts {
  readonly aws: Aws;
  readonly names: SetupNames;
  readonly asked: Asked;
  readonly signal: AbortSignal;
  readonly queue: () => Promise<Seen<JobQueue>>;
  /** The queue's, in its order. */
  readonly environments: () => Promise<Seen<readonly ComputeEnvironment[]>>;
  /** The latest active revision, or the one named. */
  readonly definition: () => Promise<Seen<JobDefinition>>;
}

/** Facts of the account that `aws` opens, of which none has been asked for yet. */
export function openFacts(aws: Aws, names: SetupNames, signal: AbortSignal, asked: Asked = {}): Facts {
  const { batch } = aws;
  const queue = once(() =>
    look(
      {
        doing: `look up the job queue "${names.queue.value}"`,
        permission: "batch:DescribeJobQueues",
        signal,
      },
      () => describeQueue(batch, names.queue.value, signal),
    ),
  );
  const environments = once(() =>
    thenLook(queue(), ({ environments: arns }) =>
      look(
        {
          doing: "look up the queue's compute environments",
          permission: "batch:DescribeComputeEnvironments",
          signal,
        },
        () => describeEnvironments(batch, arns, signal),
      ),
    ),
  );
  const definition = once(() =>
    look(
      {
        doing: `look up the job definition "${names.job.value}"`,
        permission: "batch:DescribeJobDefinitions",
        signal,
      },
      () => describeDefinition(batch, names.job.value, signal),
    ),
  );
  return { aws, names, asked, signal, queue, environments, definition };
}

/** Asks when it is first called, and gives that answer ever after. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
