import type { ExitCondition, RetryStrategy } from "./types.ts";

/** How an attempt ended, as `evaluateOnExit` looks at it. */
export interface AttemptEnd {
  readonly exitCode?: number | undefined;
  /** Of the container. */
  readonly reason?: string | undefined;
  readonly statusReason: string;
}

/**
 * Whether a failed attempt is followed by another one (AWS Batch, "Automated job retries"): the first condition that
 * matches decides, and where none does the job is tried again.
 */
export function isRetried(
  strategy: RetryStrategy | undefined,
  attemptsMade: number,
  end: AttemptEnd,
): boolean {
  if (strategy === undefined || attemptsMade >= strategy.attempts) return false;
  const condition = strategy.evaluateOnExit.find((candidate) => applies(candidate, end));
  return condition === undefined || condition.action.toUpperCase() === "RETRY";
}

function applies(condition: ExitCondition, end: AttemptEnd): boolean {
  return (
    matches(condition.onStatusReason, end.statusReason) &&
    matches(condition.onReason, end.reason ?? "") &&
    matches(condition.onExitCode, end.exitCode === undefined ? "" : String(end.exitCode))
  );
}

/** Patterns are literal but for an asterisk at the end; an absent one matches all. */
function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  return pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
