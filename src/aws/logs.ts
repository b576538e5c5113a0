import { type CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";

/** The log group of all Batch jobs of an account. */
export const LOG_GROUP = "/aws/batch/job";

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

/** One page of a stream, oldest first (GetLogEvents); undefined where the stream does not exist (yet). */
export async function readLogPage(
  logs: CloudWatchLogsClient,
  stream: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<LogPage | undefined> {
  try {
    const { events = [], nextForwardToken } = await logs.send(
      new GetLogEventsCommand({
        logGroupName: LOG_GROUP,
        logStreamName: stream,
        startFromHead: true,
        ...(token === undefined ? {} : { nextToken: token }),
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
