import { CancelledError, UsageError, UserError } from "../errors.ts";

/** Where bugs are reported. */
const ISSUES = "https://github.com/nextstrain/cli/issues";

interface Failure {
  /** For standard error. */
  readonly lines: readonly string[];
  readonly exitStatus: number;
}

/** How an error that ended the program is told: a mistake in a sentence, a bug with its stack and where to report it. */
export function describeFailure(error: unknown, debug: boolean): Failure {
  if (error instanceof CancelledError) {
    return { lines: error.message ? [error.message] : [], exitStatus: error.exitStatus };
  }
  if (error instanceof UserError) {
    const lines = [`Error: ${error.message}`];
    if (error.hint) lines.push(error.hint);
    if (debug) lines.push(...stackOf(error));
    return { lines, exitStatus: error instanceof UsageError ? 2 : 1 };
  }
  return {
    lines: [
      "Error: something went wrong that should not have. This is a bug in nextstrain.",
      ...stackOf(error),
      `Please report it, with the lines above: ${ISSUES}`,
    ],
    exitStatus: 1,
  };
}

function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const cause = error.cause === undefined ? [] : ["Caused by:", ...stackOf(error.cause)];
  return [error.stack ?? error.message, ...cause];
}
