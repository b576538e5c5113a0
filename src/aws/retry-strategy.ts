import type { RetryStrategy } from "@aws-sdk/client-batch";

/**
 * Whether a job that has attempts left gets another one after its program has failed; the first condition that matches decides
 * (AWS Batch API, EvaluateOnExit).
 */
export function retriesFailures(strategy: RetryStrategy | undefined): boolean {
  const end = { onExitCode: "1", onStatusReason: "Essential container in task exited", onReason: "" };
  const first = strategy?.evaluateOnExit?.find((condition) =>
    (Object.keys(end) as (keyof typeof end)[]).every((key) => matches(condition[key], end[key])),
  );
  return first?.action?.toUpperCase() !== "EXIT";
}

/** Literal but for an asterisk at the end; an absent pattern matches all. */
function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  return pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
