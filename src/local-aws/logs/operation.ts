import type { Input } from "./input.ts";
import type { LogStore } from "./store.ts";
import type { TokenAges } from "./token-ages.ts";

/** What the operations have to work with. */
export interface LogsContext {
  readonly store: LogStore;
  readonly region: string;
  readonly accountId: string;
  /** Milliseconds since 1970. */
  now(): number;
  readonly tokenAges: TokenAges;
}

/** One operation of CloudWatch Logs: input to output, both as JSON. */
export type Operation = (context: LogsContext, input: Input) => Promise<Readonly<Record<string, unknown>>>;

/** Bytes of events on one page of GetLogEvents or FilterLogEvents. */
export const pageBytes = 1024 * 1024;
/** Events on one page, where the caller does not ask for fewer. */
export const pageEvents = 10_000;
