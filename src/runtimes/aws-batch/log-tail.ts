import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { type LogLine, readLogPage } from "../../aws/logs.ts";

/** Follows one log stream from its beginning. */
export interface LogTail {
  /** The next page of lines; empty where there is nothing new. */
  next(signal: AbortSignal): Promise<readonly LogLine[]>;
  /** Whether the last read found nothing more: the same token twice, as AWS has it. */
  isDry(): boolean;
  /** Whether the log shows its own end: the entrypoint traces `exit N` as its last line. */
  isComplete(): boolean;
}

export function tailLog(logs: CloudWatchLogsClient, stream: string): LogTail {
  let token: string | undefined;
  let dry = false;
  let last = "";
  return {
    async next(signal) {
      const page = await readLogPage(logs, stream, token, signal);
      if (page === undefined) {
        dry = true;
        return [];
      }
      dry = page.nextToken === token && page.lines.length === 0;
      token = page.nextToken;
      last = page.lines.at(-1)?.message ?? last;
      return page.lines;
    },
    isDry: () => dry,
    isComplete: () => /^\+ exit \d+\s*$/.test(last),
  };
}
