import { setTimeout as sleep } from "node:timers/promises";
import type { JobDefinition } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import type { ComputeEnvironment, JobQueue } from "../../aws/queue.ts";
import { openFacts } from "../../checks/facts.ts";
import type { Finding } from "../../checks/finding.ts";
import { beforeUpload, besideUpload, examine } from "../../checks/setup/table.ts";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { setupNames } from "./bucket.ts";
import type { AwsBatchOptions } from "./options.ts";

/** What is looked at before a job is submitted, so that it neither fails nor waits for ever. */
export interface Preflight {
  /** What the job is to be submitted to, once nothing stands in the way of the upload. Throws UserError. */
  readonly target: Promise<Target>;
  /** What was found beside the upload. Throws nothing but the signal's reason. */
  readonly besideUpload: Promise<readonly Finding[]>;
  /** The queue's compute environments; undefined where the user may not look at them. Throws nothing but the signal's reason. */
  environments(): Promise<readonly ComputeEnvironment[] | undefined>;
}

/** Where a job is to go. */
export interface Target {
  readonly definition: JobDefinition;
  /** Undefined where the user may not look at it. */
  readonly queue: JobQueue | undefined;
  /** What works, and may not be what the user meant. */
  readonly cautions: readonly Finding[];
}

/** Begins to look. What the user may not ask is passed over: the build itself will show. */
export function beginPreflight(aws: Aws, options: AwsBatchOptions, signal: AbortSignal): Preflight {
  const facts = openFacts(aws, setupNames(options), signal, options);
  const target = async (): Promise<Target> => {
    const findings = await examine(beforeUpload, facts, "preflight");
    refuse(findings);
    const [seen, queue] = await Promise.all([facts.definition(), facts.queue()]);
    if (seen.kind === "failed") throw seen.error;
    if (seen.kind !== "seen") throw new Error(`the definition was not refused, though it is ${seen.kind}`);
    return {
      definition: seen.value,
      queue: queue.kind === "seen" ? queue.value : undefined,
      cautions: findings.filter(({ mark }) => mark === "caution"),
    };
  };
  const beside = examine(besideUpload, facts, "preflight");
  // Whoever awaits it hears of it.
  beside.catch(() => {});
  const environments = async () => {
    const seen = await facts.environments();
    return seen.kind === "seen" ? seen.value : undefined;
  };
  return { target: target(), besideUpload: beside, environments };
}

/** Throws the first thing that is sure to fail. */
function refuse(findings: readonly Finding[]): void {
  const wrong = findings.find(({ mark }) => mark === "wrong");
  if (wrong) throw new UserError(wrong.says, { hint: wrong.mend });
}

/** Warns of what may fail. */
export function warnOf({ io }: Pick<Context, "io">, findings: readonly Finding[]): void {
  for (const { mark, says, mend } of findings) {
    if (mark === "caution") io.warn(mend === undefined ? says : `${says} ${mend}`);
  }
}
/** So long a verdict is waited for when the upload is done: what is known a moment later than a small upload still counts. Milliseconds. */
const PATIENCE = 2_000;

/**
 * Does the work while preflight goes on: what is sure to fail ends it with a UserError, what may fail is warned of. What
 * hasn't been found out for so long after the work is passed over.
 */
export async function besidePreflight<T>(
  context: Context,
  preflight: Preflight,
  work: (context: Context) => Promise<T>,
  patience = PATIENCE,
): Promise<T> {
  const failure = new AbortController();
  let isOver = false;
  const told = preflight.besideUpload.then((findings) => {
    if (isOver) return;
    refuse(findings);
    warnOf(context, findings);
  });
  told.catch((error: unknown) => failure.abort(error));
  try {
    const result = await work({
      ...context,
      signal: AbortSignal.any([context.signal, failure.signal]),
    });
    await Promise.race([told, pause(patience, context.signal)]);
    return result;
  } finally {
    isOver = true;
  }
}

/** Throws the signal's reason where it is aborted. Does not keep the program from ending. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal, ref: false }).catch(() => signal.throwIfAborted());
}
