import { expect, test } from "vitest";
import type { LogEvent } from "../log-sink.ts";
import { forwardLines } from "./log-lines.ts";

async function messagesOf(chunks: readonly (string | Buffer)[]): Promise<readonly string[]> {
  const events: LogEvent[] = [];
  async function* output() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  await forwardLines([output()], { now: () => 1, append: async (more) => void events.push(...more) });
  return events.map(({ message }) => message);
}

test("lines are put together from chunks; empty ones are left out; the last needs no newline", async () => {
  expect(await messagesOf(["a", "b\n\nc\r\n", "d", "e"])).toEqual(["ab", "c\r", "de"]);
});

test("a character cut in two by a chunk comes out whole", async () => {
  const text = Buffer.from("é\n");
  expect(await messagesOf([text.subarray(0, 1), text.subarray(1)])).toEqual(["é"]);
});

test("a line too long for an event is split between characters", async () => {
  const line = "x".repeat(262_144 - 27) + "é".repeat(200_000);
  const messages = await messagesOf([`${line}\nend\n`]);
  expect(messages.map((message) => Buffer.byteLength(message) <= 262_118)).not.toContain(false);
  expect(messages.at(-1)).toBe("end");
  expect(messages.slice(0, -1).join("")).toBe(line);
});

test("a line without end does not wait for its end", async () => {
  const messages = await messagesOf(Array.from({ length: 10 }, () => "y".repeat(100_000)));
  expect(messages.join("")).toHaveLength(1_000_000);
  expect(messages.length).toBeGreaterThan(3);
});

test("times never run backwards", async () => {
  const events: LogEvent[] = [];
  const times = [5, 3, 7];
  async function* output() {
    yield Buffer.from("a\nb\nc\n");
  }
  await forwardLines([output()], {
    now: () => times.shift() ?? 0,
    append: async (more) => void events.push(...more),
  });
  expect(events.map(({ timestamp }) => timestamp)).toEqual([5, 5, 7]);
});

test("lines of two outputs stay whole, whichever way their chunks come", async () => {
  const messages: string[] = [];
  async function* output(chunks: readonly string[]) {
    for (const chunk of chunks) {
      await Promise.resolve();
      yield Buffer.from(chunk);
    }
  }
  await forwardLines([output(["on", "e\ntw", "o\n"]), output(["o", "ther\n"])], {
    now: () => 1,
    append: async (events) => void messages.push(...events.map(({ message }) => message)),
  });
  expect(messages.toSorted()).toEqual(["one", "other", "two"]);
});
