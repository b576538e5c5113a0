/** One event of a log stream, as PutLogEvents takes it. */
export interface LogEvent {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** At least one character, at most 256 KiB of UTF-8. */
  readonly message: string;
}

/** Where the output of jobs goes: CloudWatch Logs, seen from Batch. */
export interface LogSink {
  /** Creates the stream, and its group where that is missing. */
  createStream(group: string, stream: string): Promise<void>;
  /** Resolves when the events can be read back. */
  append(group: string, stream: string, events: readonly LogEvent[]): Promise<void>;
}
