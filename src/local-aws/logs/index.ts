import type { LogSink } from "../batch/log-sink.ts";
import { AwsError, notImplemented, type Service, type ServiceResponse } from "../http.ts";
import { type Reads, refuseUnread } from "../unread.ts";
import { filterLogEvents } from "./filter-events.ts";
import { getLogEvents } from "./get-events.ts";
import {
  createLogGroup,
  createLogStream,
  deleteLogGroup,
  deleteLogStream,
  deleteRetentionPolicy,
  describeLogGroups,
  describeLogStreams,
  putRetentionPolicy,
} from "./groups.ts";
import { readInput } from "./input.ts";
import type { Operation } from "./operation.ts";
import { putLogEvents } from "./put-events.ts";
import { openLogStore } from "./store.ts";
import { watchTokenAges } from "./token-ages.ts";

const stream = ["logGroupName", "logStreamName"];
const pages = ["nextToken", "limit"];
const period = ["logGroupIdentifier", "startTime", "endTime"];

/** Each operation, and what it reads of its request; everything else is a 501 that names it. */
const operations: Readonly<Record<string, { readonly run: Operation; readonly reads: Reads }>> = {
  CreateLogGroup: { run: createLogGroup, reads: ["logGroupName", "logGroupClass"] },
  CreateLogStream: { run: createLogStream, reads: stream },
  DeleteLogGroup: { run: deleteLogGroup, reads: ["logGroupName"] },
  DeleteLogStream: { run: deleteLogStream, reads: stream },
  DeleteRetentionPolicy: { run: deleteRetentionPolicy, reads: ["logGroupName"] },
  DescribeLogGroups: {
    run: describeLogGroups,
    reads: ["logGroupNamePrefix", "logGroupNamePattern", ...pages],
  },
  DescribeLogStreams: {
    run: describeLogStreams,
    reads: ["logGroupName", "logGroupIdentifier", "logStreamNamePrefix", "orderBy", "descending", ...pages],
  },
  // AWS interleaves in any case.
  FilterLogEvents: {
    run: filterLogEvents,
    reads: [
      ...["logGroupName", "logStreamNames", "logStreamNamePrefix", "filterPattern", "interleaved"],
      ...[...period, ...pages],
    ],
  },
  GetLogEvents: { run: getLogEvents, reads: [...stream, ...period, ...pages, "startFromHead"] },
  // AWS takes sequence tokens, and does not look at them.
  PutLogEvents: { run: putLogEvents, reads: [...stream, "logEvents", "sequenceToken"] },
  PutRetentionPolicy: { run: putRetentionPolicy, reads: ["logGroupName", "retentionInDays"] },
};

export interface LogsOptions {
  /** Where groups and streams are kept; made if missing. */
  readonly directory: string;
  readonly region: string;
  readonly accountId: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Whether a token of GetLogEvents is refused, given out so many milliseconds ago; never without. */
  isTokenExpired?(stream: string, ageMs: number): boolean;
}

export interface LogsService extends Service {
  /** For services of this process, that need no request to write a log. */
  readonly sink: LogSink;
  /** @param retentionInDays of a group that is made; undefined: for ever */
  createGroupIfMissing(name: string, retentionInDays?: number): Promise<void>;
}

/** CloudWatch Logs (JSON 1.1 protocol, API of 2014-03-28), with its state under a directory. */
export async function openLogs({
  directory,
  region,
  accountId,
  now,
  isTokenExpired,
}: LogsOptions): Promise<LogsService> {
  const store = await openLogStore(directory, now);
  const context = { store, region, accountId, now, tokenAges: watchTokenAges(now, isTokenExpired) };
  const createGroupIfMissing = async (name: string, retentionInDays?: number) => {
    if (store.groups.has(name)) return;
    await unlessExists(store.createGroup(name));
    if (retentionInDays !== undefined) await store.setRetention(name, retentionInDays);
  };
  return {
    name: "logs",
    createGroupIfMissing,
    sink: {
      async createStream(group, stream) {
        await createGroupIfMissing(group);
        await unlessExists(store.createStream(group, stream));
      },
      async append(group, stream, events) {
        // CloudWatch Logs takes no empty message, and the container's log driver sends none.
        const told = events.filter(({ message }) => message !== "");
        await store.stream(store.group(group), stream).append(told, now());
      },
    },
    async handle(request) {
      const name = targetOf(request.headers["x-amz-target"]);
      const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (!operation) throw notImplemented(`CloudWatch Logs ${name}`);
      const input = await readInput(request.body);
      refuseUnread(`CloudWatch Logs ${name}`, input, operation.reads);
      const output = await operation.run(context, input);
      return json(200, output, request.requestId);
    },
    renderError: (error, { requestId }) =>
      json(error.status, { __type: error.code, message: error.message, ...error.details }, requestId, {
        "x-amzn-errortype": error.code,
      }),
    close: () => store.settled(),
  };
}

function targetOf(header: string | string[] | undefined): string {
  const name = /^Logs_20140328\.(\w+)$/.exec(String(header))?.[1];
  if (name === undefined) {
    throw new AwsError(
      "UnknownOperationException",
      `No operation of CloudWatch Logs: ${header ?? "X-Amz-Target is missing"}`,
    );
  }
  return name;
}

async function unlessExists(creation: Promise<void>): Promise<void> {
  await creation.catch((error: unknown) => {
    if (!(error instanceof AwsError && error.code === "ResourceAlreadyExistsException")) throw error;
  });
}

function json(
  status: number,
  body: unknown,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): ServiceResponse {
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": requestId, ...headers },
    body: JSON.stringify(body),
  };
}
