import { appendFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { dayMs, logsForEachTest, messages, start, stream } from "./testing.ts";

const bench = logsForEachTest();
const { call, get, makeStream, open, put } = bench;

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
    expect(await readdir(bench.directory)).toEqual([]);
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
    await bench.logs.close();
    bench.logs = await open();
    expect(messages(await get({ nextToken: page.nextForwardToken }))).toEqual(["Ünïcode 🦠\nline two"]);
    const { logGroups } = await call("DescribeLogGroups", {});
    expect(logGroups).toMatchObject([{ retentionInDays: 30 }]);
  });

  test("a last line cut short by a crash is dropped, and the next event takes its place", async () => {
    await makeStream();
    await put(["a"]);
    const file = await streamFile();
    await appendFile(file, `{"t":1763769600000,"i":1,"m":"${"x".repeat(1000)}`);
    bench.logs = await open();
    expect(messages(await get())).toEqual(["a"]);
    await put(["b"], { from: 1 });
    expect(messages(await get())).toEqual(["a", "b"]);
    expect((await readFile(file, "utf8")).trimEnd().split("\n")).toHaveLength(3);
  });

  test("events past their retention are cut off at the next start, and tokens stay good", async () => {
    await makeStream();
    await put(["old", "older"]);
    await put(["young"], { from: dayMs / 2 });
    bench.time += dayMs / 2;
    await put(["younger"], { from: dayMs / 2 + 1 });
    await call("PutRetentionPolicy", { logGroupName: "group", retentionInDays: 1 });
    const page = await get({ startFromHead: true, limit: 2 });
    bench.time = start + dayMs + 10;
    bench.logs = await open();
    expect(messages(await get({ startFromHead: true }))).not.toContain("old");
    expect(await readFile(await streamFile(), "utf8")).not.toContain("old");
    expect(messages(await get({ nextToken: page.nextForwardToken }))).toContain("younger");
    await put(["youngest"], { from: dayMs });
    expect(messages(await get()).at(-1)).toBe("youngest");
    bench.time += 2 * dayMs;
    bench.logs = await open();
    expect((await get()).events).toEqual([]);
  });

  async function streamFile(): Promise<string> {
    const [group = ""] = await readdir(bench.directory);
    const files = await readdir(join(bench.directory, group));
    return join(bench.directory, group, files.find((file) => file.endsWith(".ndjson")) ?? "");
  }
});
