import { CancelledError, UsageError, UserError } from "../errors.ts";

/** Where bugs are reported. */
const ISSUES = "https://github.com/nextstrain/cli/issues";

interface Failure {
  /** For standard error. */
  readonly lines: readonly string[];
  readonly exitStatus: number;
}

/**
 * How an error that ended the program is told: a mistake in a sentence, a bug with its stack and where to report it.
 * `signal` is what ends the program early.
 */
export function describeFailure(thrown: unknown, debug: boolean, signal: AbortSignal): Failure {
  // Node's own functions throw an AbortError in place of the signal's reason.
  const error = signal.aborted && isAbortError(thrown) ? signal.reason : (lackOf(thrown) ?? thrown);
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

function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** What the system ran out of: no mistake in this program, wherever it shows. Errors by errno(3). */
const LACKS: ReadonlyMap<unknown, { readonly message: string; readonly hint: string }> = new Map(
  Object.entries({
    EMFILE: {
      message: "This program may not open as many files at once as it needs",
      hint: "Allow it more (`ulimit -n 1024`), then run the command again.",
    },
    ENFILE: {
      message: "Too many files are open on this computer",
      hint: "End other programs, then run the command again.",
    },
    ENOSPC: { message: "The disk is full", hint: "Make room, then run the command again." },
    EDQUOT: {
      message: "Your disk quota is used up",
      hint: "Make room, or ask for more, then run the command again.",
    },
    EROFS: {
      message: "The file system is read-only",
      hint: "Make it writable. NEXTSTRAIN_HOME moves what this program keeps to another directory.",
    },
    ENOMEM: { message: "The memory is full", hint: "End other programs, then run the command again." },
  }),
);

/** The same as a user's error, where the system ran out of something; undefined for any other error. */
function lackOf(error: unknown): UserError | undefined {
  if (error instanceof UserError || error instanceof CancelledError) return undefined;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const lack = LACKS.get((cause as NodeJS.ErrnoException).code);
    if (lack) return new UserError(`${lack.message} (${cause.message}).`, { hint: lack.hint, cause: error });
  }
  return undefined;
}

function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const cause = error.cause === undefined ? [] : ["Caused by:", ...stackOf(error.cause)];
  return [error.stack ?? error.message, ...cause];
}
