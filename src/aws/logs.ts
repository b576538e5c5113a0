import { type CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";

/** Lines of a page at most: AWS would send 10,000, or 1 MiB, which as objects take several times the memory. */
const PAGE = 2_500;

export interface LogLine {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly message: string;
}

export interface LogPage {
  readonly lines: readonly LogLine[];
  /** Where the next page begins; the same token twice says that there is nothing more for now. */
  readonly nextToken: string | undefined;
}

/**
 * Where to read: at a page's token, or without one from a time on (milliseconds since 1970; from the beginning if undefined), or the last
 * page, from which its token leads on.
 */
export type LogPosition =
  | { readonly token: string }
  | { readonly token?: never; readonly since: number | undefined }
  | { readonly token?: never; readonly since?: never; readonly atEnd: true };

/** A log stream, and the group that it is in. */
export interface LogStream {
  readonly group: string;
  readonly stream: string;
}

/** The last lines of a stream, a page at most, oldest first (GetLogEvents); none where the stream does not exist. */
export async function readLogEnd(
  logs: CloudWatchLogsClient,
  { group, stream }: LogStream,
  signal: AbortSignal,
): Promise<readonly LogLine[]> {
  try {
    const { events = [] } = await logs.send(
      new GetLogEventsCommand({
        logGroupName: group,
        logStreamName: stream,
        startFromHead: false,
        limit: PAGE,
      }),
      { abortSignal: signal },
    );
    return events.map(({ timestamp = 0, message = "" }) => ({ timestamp, message }));
  } catch (error) {
    if (error instanceof Error && error.name === "ResourceNotFoundException") return [];
    throw error;
  }
}

/** One page of a stream, oldest first (GetLogEvents); undefined where the stream does not exist (yet). */
export async function readLogPage(
  logs: CloudWatchLogsClient,
  { group, stream }: LogStream,
  position: LogPosition,
  signal: AbortSignal,
): Promise<LogPage | undefined> {
  try {
    const { events = [], nextForwardToken } = await logs.send(
      new GetLogEventsCommand({
        logGroupName: group,
        logStreamName: stream,
        startFromHead: !("atEnd" in position),
        limit: PAGE,
        ...(position.token === undefined ? { startTime: position.since } : { nextToken: position.token }),
      }),
      { abortSignal: signal },
    );
    return {
      lines: events.map(({ timestamp = 0, message = "" }) => ({ timestamp, message })),
      nextToken: nextForwardToken,
    };
  } catch (error) {
    if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
    throw error;
  }
}
