import type { JobDefinition } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import { openFacts } from "../../checks/facts.ts";
import type { Finding } from "../../checks/finding.ts";
import { beforeUpload, besideUpload, examine } from "../../checks/setup/table.ts";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { setupNames } from "./bucket.ts";
import type { AwsBatchOptions } from "./options.ts";

/** What is looked at before a job is submitted, so that it neither fails nor waits for ever. */
export interface Preflight {
  /** The job definition, once nothing stands in the way of the upload. Throws UserError. */
  readonly definition: Promise<JobDefinition>;
  /** What was found beside the upload. Throws nothing but the signal's reason. */
  readonly besideUpload: Promise<readonly Finding[]>;
}

/** Begins to look. What the user may not ask is passed over: the build itself will show. */
export function beginPreflight(aws: Aws, options: AwsBatchOptions, signal: AbortSignal): Preflight {
  const facts = openFacts(aws, setupNames(options), signal, options);
  const definition = async () => {
    refuse(await examine(beforeUpload, facts, "preflight"));
    const seen = await facts.definition();
    if (seen.kind === "failed") throw seen.error;
    if (seen.kind !== "seen") throw new Error(`the definition was not refused, though it is ${seen.kind}`);
    return seen.value;
  };
  const beside = examine(besideUpload, facts, "preflight");
  // Whoever awaits it hears of it.
  beside.catch(() => {});
  return { definition: definition(), besideUpload: beside };
}

/** Throws the first thing that is sure to fail. */
function refuse(findings: readonly Finding[]): void {
  const wrong = findings.find(({ mark }) => mark === "wrong");
  if (wrong) throw new UserError(wrong.says, { hint: wrong.mend });
}

/**
 * Does the work while preflight goes on: what is sure to fail ends it with a UserError, what may fail is warned of. What
 * hasn't been found out when the work is done is not waited for.
 */
export async function besidePreflight<T>(
  context: Context,
  preflight: Preflight,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const failure = new AbortController();
  let isOver = false;
  const told = preflight.besideUpload.then((findings) => {
    if (isOver) return;
    refuse(findings);
    for (const { mark, says, mend } of findings) {
      if (mark === "caution") context.io.warn(mend === undefined ? says : `${says} ${mend}`);
    }
  });
  told.catch((error: unknown) => failure.abort(error));
  try {
    const result = await work({
      ...context,
      signal: AbortSignal.any([context.signal, failure.signal]),
    });
    failure.signal.throwIfAborted();
    return result;
  } finally {
    isOver = true;
  }
}
