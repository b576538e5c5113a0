import { appendFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LogsService } from "./index.ts";
import { openLogs } from "./index.ts";

const start = Date.UTC(2026, 10, 22);
const dayMs = 24 * 60 * 60 * 1000;
let directory: string;
let logs: LogsService;
let time: number;

beforeEach(async () => {
  time = start;
  directory = await mkdtemp(join(tmpdir(), "logs-"));
  logs = await open();
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const open = () => openLogs({ directory, region: "us-east-1", accountId: "123456789012", now: () => time });

interface Output {
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

async function call(operation: string, input: object): Promise<Output> {
  const response = await logs.handle({
    method: "POST",
    path: "/",
    query: new URLSearchParams(),
    headers: { "x-amz-target": `Logs_20140328.${operation}` },
    body: Readable.from([JSON.stringify(input)]),
    principal: { kind: "user", accessKeyId: "A", arn: "arn:aws:iam::123456789012:user/local" },
    trailers: new Map(),
    requestId: "R",
  });
  expect(response.status).toBe(200);
  return JSON.parse(String(response.body));
}

const stream = { logGroupName: "group", logStreamName: "stream" };
const get = (input: object = {}) => call("GetLogEvents", { ...stream, ...input });
const filter = (input: object = {}) => call("FilterLogEvents", { logGroupName: "group", ...input });
const messages = ({ events }: Output) => events.map(({ message }) => message);

async function makeStream(logStreamName = "stream"): Promise<void> {
  await logs.sink.createStream("group", logStreamName);
}

/** Events a millisecond apart, from `start + from` on. */
async function put(texts: readonly string[], { from = 0, logStreamName = "stream" } = {}): Promise<Output> {
  const logEvents = texts.map((message, number) => ({ timestamp: start + from + number, message }));
  return call("PutLogEvents", { logGroupName: "group", logStreamName, logEvents });
}

const numbered = (count: number) => Array.from({ length: count }, (_, number) => `line ${number}`);

describe("groups and streams", () => {
  test("a group and a stream are made, described and deleted", async () => {
    await call("CreateLogGroup", { logGroupName: "/aws/batch/job" });
    await call("CreateLogStream", { logGroupName: "/aws/batch/job", logStreamName: "a/default/1" });
    const { logGroups } = await call("DescribeLogGroups", { logGroupNamePrefix: "/aws" });
    expect(logGroups).toMatchObject([
      {
        logGroupName: "/aws/batch/job",
        arn: "arn:aws:logs:us-east-1:123456789012:log-group:/aws/batch/job:*",
      },
    ]);
    const { logStreams } = await call("DescribeLogStreams", { logGroupName: "/aws/batch/job" });
    expect(logStreams).toMatchObject([{ logStreamName: "a/default/1", creationTime: start }]);
    await call("DeleteLogStream", { logGroupName: "/aws/batch/job", logStreamName: "a/default/1" });
    await call("DeleteLogGroup", { logGroupName: "/aws/batch/job" });
    expect(await call("DescribeLogGroups", {})).toEqual({ logGroups: [] });
    expect(await readdir(directory)).toEqual([]);
  });

  test("making what exists fails as on AWS", async () => {
    await makeStream();
    await expect(call("CreateLogGroup", { logGroupName: "group" })).rejects.toMatchObject({
      code: "ResourceAlreadyExistsException",
    });
    await expect(call("CreateLogStream", stream)).rejects.toMatchObject({
      code: "ResourceAlreadyExistsException",
    });
  });

  test("a missing group or stream is named in AWS's words", async () => {
    await expect(get()).rejects.toThrow("The specified log group does not exist.");
    await makeStream();
    await expect(get({ logStreamName: "other" })).rejects.toMatchObject({
      code: "ResourceNotFoundException",
      message: "The specified log stream does not exist.",
    });
  });

  test("names that AWS refuses are refused", async () => {
    const code = "InvalidParameterException";
    await expect(call("CreateLogGroup", { logGroupName: "a b" })).rejects.toMatchObject({ code });
    await expect(call("CreateLogGroup", {})).rejects.toMatchObject({ code });
    await call("CreateLogGroup", { logGroupName: "group" });
    await expect(call("CreateLogStream", { ...stream, logStreamName: "a:b" })).rejects.toMatchObject({
      code,
    });
  });

  test("streams are listed in pages, by name or by their last event", async () => {
    for (const [number, name] of ["c", "a", "b"].entries()) {
      await makeStream(name);
      await put(["x"], { from: number, logStreamName: name });
    }
    const names: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const page = await call("DescribeLogStreams", { logGroupName: "group", limit: 2, nextToken });
      names.push(page.logStreams);
      nextToken = page.nextToken;
    } while (nextToken);
    expect(names).toMatchObject([[{ logStreamName: "a" }, { logStreamName: "b" }], [{ logStreamName: "c" }]]);
    const input = { logGroupName: "group", orderBy: "LastEventTime", descending: true, limit: 1 };
    const { logStreams } = await call("DescribeLogStreams", input);
    expect(logStreams).toMatchObject([{ logStreamName: "b", lastEventTimestamp: start + 2 }]);
  });

  test("a group can be named by its ARN", async () => {
    await makeStream();
    const logGroupIdentifier = "arn:aws:logs:us-east-1:123456789012:log-group:group:*";
    expect(messages(await call("GetLogEvents", { logGroupIdentifier, logStreamName: "stream" }))).toEqual([]);
  });

  test("an operation that is missing is named", async () => {
    await expect(call("StartLiveTail", {})).rejects.toMatchObject({ status: 501, message: /StartLiveTail/ });
  });
});

describe("GetLogEvents", () => {
  beforeEach(() => makeStream());

  test("forward tokens lead through all events, each once, and end at the same token twice", async () => {
    await put(numbered(25));
    let page = await get({ startFromHead: true, limit: 10 });
    const seen = [messages(page)];
    while (true) {
      const nextToken = page.nextForwardToken;
      page = await get({ startFromHead: true, limit: 10, nextToken });
      if (page.nextForwardToken === nextToken) break;
      seen.push(messages(page));
    }
    expect(seen.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(seen.flat()).toEqual(numbered(25));
    expect(page.events).toEqual([]);
  });

  test("a token goes on where it stood when events are appended, even at the same time", async () => {
    const empty = await get({ startFromHead: true });
    expect(empty.events).toEqual([]);
    await put(["a", "b"]);
    const first = await get({ startFromHead: true, nextToken: empty.nextForwardToken });
    expect(messages(first)).toEqual(["a", "b"]);
    await put(["c"], { from: 1 });
    const second = await get({ startFromHead: true, nextToken: first.nextForwardToken });
    expect(messages(second)).toEqual(["c"]);
  });

  test("without startFromHead the latest events come first, and backward tokens lead to the start", async () => {
    await put(numbered(5));
    const last = await get({ limit: 2 });
    expect(messages(last)).toEqual(["line 3", "line 4"]);
    const middle = await get({ limit: 2, nextToken: last.nextBackwardToken });
    expect(messages(middle)).toEqual(["line 1", "line 2"]);
    const first = await get({ limit: 2, nextToken: middle.nextBackwardToken });
    const end = await get({ limit: 2, nextToken: first.nextBackwardToken });
    expect(messages(first)).toEqual(["line 0"]);
    expect(end.events).toEqual([]);
    expect(end.nextBackwardToken).toBe(first.nextBackwardToken);
    expect(messages(await get({ nextToken: end.nextForwardToken }))).toEqual(numbered(5));
  });

  test("startTime is included and endTime is not", async () => {
    await put(numbered(5));
    const page = await get({ startTime: start + 1, endTime: start + 3 });
    expect(messages(page)).toEqual(["line 1", "line 2"]);
  });

  test("events come in the order of their times, whatever the order of arrival", async () => {
    await put(["late"], { from: 5 });
    await put(["early", "middle"], { from: 1 });
    expect(messages(await get())).toEqual(["early", "middle", "late"]);
  });

  test("a page holds at most 1 MiB, and a token leads to the rest", async () => {
    const text = "x".repeat(400_000);
    for (const from of [0, 1, 2]) await put([text], { from });
    const page = await get({ startFromHead: true });
    expect(page.events).toHaveLength(2);
    expect((await get({ nextToken: page.nextForwardToken })).events).toHaveLength(1);
  });

  test("a token that is not of this stream is refused", async () => {
    await makeStream("other");
    const { nextForwardToken } = await get({ logStreamName: "other" });
    for (const nextToken of ["nonsense", nextForwardToken]) {
      await expect(get({ nextToken })).rejects.toMatchObject({ code: "InvalidParameterException" });
    }
  });
});

describe("FilterLogEvents", () => {
  beforeEach(async () => {
    await makeStream("a");
    await makeStream("b");
    for (const number of [0, 1, 2, 3]) {
      const logStreamName = number % 2 ? "b" : "a";
      await put([`line ${number} of ${logStreamName}`], { from: number, logStreamName });
    }
  });

  test("events of all streams are merged by time, with ids of their own", async () => {
    const { events, nextToken } = await filter();
    expect(events.map(({ logStreamName }) => logStreamName)).toEqual(["a", "b", "a", "b"]);
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(4);
    expect(nextToken).toBeUndefined();
  });

  test("pages follow each other without gap or repetition", async () => {
    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await filter({ limit: 1, nextToken });
      seen.push(...messages(page));
      nextToken = page.nextToken;
    } while (nextToken);
    expect(seen).toEqual(["line 0 of a", "line 1 of b", "line 2 of a", "line 3 of b"]);
  });

  test("streams are chosen by name or prefix, times by both ends included", async () => {
    expect(messages(await filter({ logStreamNames: ["a"] }))).toHaveLength(2);
    expect(messages(await filter({ logStreamNamePrefix: "b" }))).toHaveLength(2);
    expect(messages(await filter({ startTime: start + 1, endTime: start + 2 }))).toHaveLength(2);
    await expect(filter({ logStreamNames: ["none"] })).rejects.toThrow("log stream does not exist");
    await expect(filter({ logStreamNames: ["a"], logStreamNamePrefix: "a" })).rejects.toMatchObject({
      code: "InvalidParameterException",
    });
  });

  test("only what matches the pattern comes", async () => {
    expect(messages(await filter({ filterPattern: '"3 of"' }))).toEqual(["line 3 of b"]);
  });

  test("a search through many events goes on behind an empty page", async () => {
    await makeStream("long");
    for (let batch = 0; batch < 6; batch += 1) {
      await put(Array(10_000).fill("."), { from: 10 + batch * 10_000, logStreamName: "long" });
    }
    const first = await filter({ filterPattern: "needle" });
    expect(first.events).toEqual([]);
    expect(first.nextToken).toBeDefined();
    expect(await filter({ filterPattern: "needle", nextToken: first.nextToken })).not.toHaveProperty(
      "nextToken",
    );
  });
});

describe("PutLogEvents", () => {
  beforeEach(() => makeStream());
  const putEvents = (logEvents: object[]) => call("PutLogEvents", { ...stream, logEvents });

  test("events out of order, too large, empty or too far apart are refused whole", async () => {
    const event = (timestamp: number, message = "x") => ({ timestamp, message });
    for (const [batch, message] of [
      [[event(start + 1), event(start)], "chronological order"],
      [[event(start, "x".repeat(1_048_576))], "Upload too large: 1048602 bytes exceeds limit of 1048576"],
      [[event(start, "")], "Member must have length greater than or equal to 1"],
      [[event(start - 2 * dayMs), event(start)], "24 hours"],
    ] as const) {
      await expect(putEvents([...batch])).rejects.toMatchObject({
        code: "InvalidParameterException",
        message: expect.stringContaining(message),
      });
    }
    expect((await get()).events).toEqual([]);
  });

  test("events that are too old or too new are left out, and said so", async () => {
    const timestamps = [start - 15 * dayMs, start, start + 3 * 60 * 60 * 1000];
    const output = await putEvents(timestamps.map((timestamp) => ({ timestamp, message: `${timestamp}` })));
    expect(output.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 2 });
    expect(messages(await get())).toEqual([`${start}`]);
  });
});

describe("on disk", () => {
  test("events, tokens and retention outlive a restart", async () => {
    await makeStream();
    await put(["a", "Ünïcode 🦠\nline two"]);
    await call("PutRetentionPolicy", { logGroupName: "group", retentionInDays: 30 });
    const page = await get({ startFromHead: true, limit: 1 });
    await logs.close();
    logs = await open();
    expect(messages(await get({ nextToken: page.nextForwardToken }))).toEqual(["Ünïcode 🦠\nline two"]);
    const { logGroups } = await call("DescribeLogGroups", {});
    expect(logGroups).toMatchObject([{ retentionInDays: 30 }]);
  });

  test("a last line cut short by a crash is dropped, and the next event takes its place", async () => {
    await makeStream();
    await put(["a"]);
    const file = await streamFile();
    await appendFile(file, `{"t":1763769600000,"i":1,"m":"${"x".repeat(1000)}`);
    logs = await open();
    expect(messages(await get())).toEqual(["a"]);
    await put(["b"], { from: 1 });
    expect(messages(await get())).toEqual(["a", "b"]);
    expect((await readFile(file, "utf8")).trimEnd().split("\n")).toHaveLength(3);
  });

  test("events past their retention are cut off at the next start, and tokens stay good", async () => {
    await makeStream();
    await put(["old", "older"]);
    await put(["young"], { from: dayMs / 2 });
    time += dayMs / 2;
    await put(["younger"], { from: dayMs / 2 + 1 });
    await call("PutRetentionPolicy", { logGroupName: "group", retentionInDays: 1 });
    const page = await get({ startFromHead: true, limit: 2 });
    time = start + dayMs + 10;
    logs = await open();
    expect(messages(await get({ startFromHead: true }))).not.toContain("old");
    expect(await readFile(await streamFile(), "utf8")).not.toContain("old");
    expect(messages(await get({ nextToken: page.nextForwardToken }))).toContain("younger");
    await put(["youngest"], { from: dayMs });
    expect(messages(await get()).at(-1)).toBe("youngest");
    time += 2 * dayMs;
    logs = await open();
    expect((await get()).events).toEqual([]);
  });

  async function streamFile(): Promise<string> {
    const [group = ""] = await readdir(directory);
    const files = await readdir(join(directory, group));
    return join(directory, group, files.find((file) => file.endsWith(".ndjson")) ?? "");
  }
});
