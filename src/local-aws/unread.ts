import { notImplemented } from "./http.ts";

/**
 * What an operation reads of a request. Everything else that a client asks for is refused by name: to leave it out in silence would be
 * a lie.
 */
export type Reads = readonly string[];

/** A 501 for the first parameter that the operation does not read, unless it is empty, or `false`. */
export function refuseUnread(
  operation: string,
  input: Readonly<Record<string, unknown>>,
  reads: Reads,
): void {
  const unread = Object.keys(input).find((name) => !reads.includes(name) && !isEmpty(input[name]));
  if (unread !== undefined) throw notImplemented(`${operation} with ${unread}`);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
