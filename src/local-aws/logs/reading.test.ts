import { beforeEach, describe, expect, test } from "vitest";
import { logsForEachTest, messages, numbered, start } from "./testing.ts";

const bench = logsForEachTest();
const { filter, get, makeStream, put } = bench;

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
