import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect } from "vitest";
import { type LogsService, openLogs } from "./index.ts";

/** When each test begins. */
export const start = Date.UTC(2026, 10, 22);
export const dayMs = 24 * 60 * 60 * 1000;
export const stream = { logGroupName: "group", logStreamName: "stream" };

export interface Output {
  readonly events: readonly {
    timestamp: number;
    message: string;
    eventId?: string;
    logStreamName?: string;
  }[];
  readonly nextForwardToken: string;
  readonly nextBackwardToken: string;
  readonly nextToken?: string;
  readonly [member: string]: unknown;
}

/** Logs of their own for each test of a file. The functions don't need their object. */
export function logsForEachTest() {
  const bench = {
    logs: undefined as unknown as LogsService,
    directory: "",
    time: start,
    /** Opens what the directory holds, as after a restart. */
    open: () =>
      openLogs({
        directory: bench.directory,
        region: "us-east-1",
        accountId: "123456789012",
        now: () => bench.time,
      }),
    async call(operation: string, input: object): Promise<Output> {
      const response = await bench.logs.handle({
        method: "POST",
        path: "/",
        query: new URLSearchParams(),
        headers: { "x-amz-target": `Logs_20140328.${operation}` },
        body: Readable.from([Buffer.from(JSON.stringify(input))]),
        principal: { kind: "user", accessKeyId: "A", arn: "arn:aws:iam::123456789012:user/local" },
        trailers: new Map(),
        requestId: "R",
      });
      expect(response.status).toBe(200);
      return JSON.parse(String(response.body));
    },
    get: (input: object = {}) => bench.call("GetLogEvents", { ...stream, ...input }),
    filter: (input: object = {}) => bench.call("FilterLogEvents", { logGroupName: "group", ...input }),
    async makeStream(logStreamName = "stream"): Promise<void> {
      await bench.logs.sink.createStream("group", logStreamName);
    },
    /** Events a millisecond apart, from `start + from` on. */
    async put(texts: readonly string[], { from = 0, logStreamName = "stream" } = {}): Promise<Output> {
      const logEvents = texts.map((message, number) => ({ timestamp: start + from + number, message }));
      return bench.call("PutLogEvents", { logGroupName: "group", logStreamName, logEvents });
    },
  };
  beforeEach(async () => {
    bench.time = start;
    bench.directory = await mkdtemp(join(tmpdir(), "logs-"));
    bench.logs = await bench.open();
  });
  afterEach(async () => {
    await rm(bench.directory, { recursive: true });
  });
  return bench;
}

export const messages = ({ events }: Output) => events.map(({ message }) => message);

export const numbered = (count: number) => Array.from({ length: count }, (_, number) => `line ${number}`);
