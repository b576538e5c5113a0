import type { LogLine, LogPage, LogPosition } from "../../aws/logs.ts";

/** Reads one page of a stream (GetLogEvents); undefined where the stream does not exist (yet). */
export type ReadLog = (
  stream: string,
  position: LogPosition,
  signal: AbortSignal,
) => Promise<LogPage | undefined>;

/** Follows one log stream from its beginning. */
export interface LogTail {
  /** The next page of lines; empty where there is nothing new. */
  next(signal: AbortSignal): Promise<readonly LogLine[]>;
  /** Whether the last read found nothing more: the same token twice, as AWS has it, or no stream at all. */
  isDry(): boolean;
  /** Whether the stream has been seen. */
  isThere(): boolean;
  /** The exit status that the last line so far shows: the entrypoint traces `exit N` as the very last thing it does. */
  exitShown(): number | undefined;
}

export function tailLog(read: ReadLog, stream: string): LogTail {
  let token: string | undefined;
  let dry = false;
  let there = false;
  let last = "";
  // Where to take it up again without a token: lines so far at the latest time so far, and how many of them to skip.
  let latest: number | undefined;
  let atLatest = 0;
  let toSkip = 0;

  const isNew = ({ timestamp }: LogLine): boolean => {
    if (toSkip > 0 && timestamp === latest) {
      toSkip -= 1;
      return false;
    }
    if (latest === undefined || timestamp > latest) {
      latest = timestamp;
      atLatest = 0;
      toSkip = 0;
    }
    if (timestamp === latest) atLatest += 1;
    return true;
  };

  const next = async (signal: AbortSignal): Promise<readonly LogLine[]> => {
    // Without a token, what is there of the latest time comes once more.
    if (token === undefined) toSkip = atLatest;
    let page: LogPage | undefined;
    try {
      page = await read(stream, token === undefined ? { since: latest } : { token }, signal);
    } catch (error) {
      if (token === undefined || !isRefusal(error)) throw error;
      token = undefined;
      return next(signal);
    }
    if (page === undefined) {
      dry = true;
      return [];
    }
    there = true;
    const lines = page.lines.filter(isNew);
    dry = page.nextToken === token && lines.length === 0;
    token = page.nextToken;
    last = lines.at(-1)?.message ?? last;
    return lines;
  };

  return {
    next,
    isDry: () => dry,
    isThere: () => there,
    exitShown() {
      const status = /^\+ exit (\d+)\s*$/.exec(last)?.[1];
      return status === undefined ? undefined : Number(status);
    },
  };
}

/** Tokens are good for 24 hours; then this is the answer to them. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === "InvalidParameterException";
}
