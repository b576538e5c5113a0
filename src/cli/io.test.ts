import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createIo } from "./io.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A terminal as far as the live line goes: CR, EL, ED and newlines. Returns what it shows, line by line. */
function terminal(columns = 40) {
  const lines = [""];
  const raw: string[] = [];
  const events = new EventEmitter();
  const stream = {
    isTTY: true,
    columns,
    on: (name: string, listener: () => void) => events.on(name, listener),
    off: (name: string, listener: () => void) => events.off(name, listener),
    write(text: string) {
      raw.push(text);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it reads what is written to terminals
      for (const token of text.match(/\x1b\[\d+A|\r\x1b\[[KJ]|\n|[^\r\n\x1b]+/g) ?? []) {
        // What is gone up over is cleared right after.
        if (token.endsWith("A")) lines.length -= Number.parseInt(token.slice(2), 10);
        else if (token === "\n") lines.push("");
        else if (token.startsWith("\r")) lines[lines.length - 1] = "";
        else lines[lines.length - 1] += token;
      }
    },
  };
  return { stream, lines, raw, events };
}

test("lines scroll above the live line, whichever stream they are for", () => {
  const { stream, lines } = terminal();
  const io = createIo({ stdin: {}, stdout: stream, stderr: stream });
  io.live(() => "3 of 9");
  io.out("first");
  io.err("second");
  expect(lines).toEqual(["first", "second", "3 of 9"]);
  io.live(undefined);
  io.out("third");
  expect(lines).toEqual(["first", "second", "third", ""]);
});

test("the live line may be several, as many as there is room for", () => {
  const { stream, lines } = terminal();
  const io = createIo({ stdin: {}, stdout: { ...stream, rows: 4 }, stderr: stream });
  let state = ["2 jobs", "a RUNNING", "b RUNNABLE, which takes more room than there is"];
  io.live(() => state.join("\n"));
  io.out("first");
  expect(lines).toEqual(["first", "2 jobs", "a RUNNING", "b RUNNABLE, which takes more room than…"]);
  state = ["1 job", "a RUNNING", "b", "c", "d"];
  vi.advanceTimersByTime(1000);
  expect(lines).toEqual(["first", "1 job", "a RUNNING", "b"]);
  io.live(undefined);
  io.out("second");
  expect(lines).toEqual(["first", "second", ""]);
});

test("the live line is asked for again as time goes by, and only written where it has changed", () => {
  const { stream, lines, raw } = terminal();
  const io = createIo({ stdin: {}, stdout: stream, stderr: stream });
  let age = 1;
  io.live(() => `RUNNING ${age} s`);
  age = 2;
  vi.advanceTimersByTime(1000);
  expect(lines).toEqual(["RUNNING 2 s"]);
  expect(raw.filter((text) => text.includes("RUNNING"))).toHaveLength(2);
});

test.each(["before", "after"])("last words that standard output was lost %s go to standard error", (when) => {
  const written = { out: "", err: "" };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const io = createIo({ stdin: {}, stdout: stream("out"), stderr: stream("err") });
  io.lastWords(["To go on:", "command"]);
  if (when === "before") io.outIsLost();
  io.out("unread");
  io.finish();
  if (when === "after") io.outIsLost();
  expect(written.err).toBe("To go on:\ncommand\n");
  if (when === "before") expect(written.out).toBe("");
});

test("nothing is left of it at the end: neither on the screen, nor timers, nor listeners", () => {
  const { stream, lines, events } = terminal();
  const io = createIo({ stdin: {}, stdout: stream, stderr: stream });
  io.live(() => "working");
  expect(vi.getTimerCount()).toBe(1);
  io.lastWords(["To go on: command"]);
  io.finish();
  expect(lines).toEqual(["To go on: command", ""]);
  expect(vi.getTimerCount()).toBe(0);
  expect(events.listenerCount("resize")).toBe(0);
});

test("it is cut to the terminal's width, and fits again after a resize", () => {
  const { stream, lines, events } = terminal(10);
  const io = createIo({ stdin: {}, stdout: stream, stderr: stream });
  io.live(() => "0123456789abcdef");
  expect(lines).toEqual(["01234567…"]);
  stream.columns = 30;
  events.emit("resize");
  expect(lines).toEqual(["0123456789abcdef"]);
});

test.each([
  ["a file", { isTTY: false }, "xterm"],
  ["a dumb terminal", { isTTY: true }, "dumb"],
])("%s gets plain lines only", (_, { isTTY }, TERM) => {
  const { stream, raw } = terminal();
  const io = createIo({ stdin: {}, stdout: { ...stream, isTTY }, stderr: stream }, { TERM });
  io.live(() => "working");
  vi.advanceTimersByTime(1000);
  io.out("line");
  io.finish();
  expect(raw).toEqual(["line\n"]);
});

test("the live line stays away while another program has the terminal", () => {
  const { stream, lines } = terminal();
  const io = createIo({ stdin: {}, stdout: stream, stderr: stream });
  io.live(() => "working");
  {
    using _ = io.lendTerminal();
    vi.advanceTimersByTime(1_000);
    io.live(() => "working on");
    expect(lines).toEqual([""]);
  }
  expect(lines).toEqual(["working on"]);
});

test("standard error that goes elsewhere doesn't disturb the live line", () => {
  const { stream, raw } = terminal();
  const errors: string[] = [];
  const io = createIo({ stdin: {}, stdout: stream, stderr: { write: (text) => errors.push(text) } });
  io.live(() => "working");
  io.err("trouble");
  expect(raw).toEqual(["working"]);
  expect(errors).toEqual(["trouble\n"]);
});

describe("output whose reader is slow", () => {
  const slow = () => {
    const events = new EventEmitter();
    const stream = Object.assign(events, { write: () => false, writableNeedDrain: true });
    return { stream, io: createIo({ stdin: {}, stdout: stream, stderr: stream }) };
  };

  test("is waited for until it has been taken", async () => {
    const { stream, io } = slow();
    let done = false;
    const waiting = io.drained(new AbortController().signal).then(() => {
      done = true;
    });
    await Promise.resolve();
    expect(done).toBe(false);
    stream.emit("drain");
    await waiting;
    stream.writableNeedDrain = false;
    await io.drained(new AbortController().signal);
  });

  test("is not waited for after an abort", async () => {
    const { io } = slow();
    const ending = new AbortController();
    const waiting = io.drained(ending.signal);
    ending.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    await expect(io.drained(ending.signal)).rejects.toThrow("stopped");
  });
});

test.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: true }, { NO_COLOR: "1" }, false],
  [{ isTTY: true }, { NO_COLOR: "" }, true],
  [{ isTTY: true }, { TERM: "dumb" }, false],
  [{ isTTY: false }, {}, false],
])("%j with %j: colours %s", ({ isTTY }, env, colours) => {
  const { stream } = terminal();
  expect(createIo({ stdin: {}, stdout: { ...stream, isTTY }, stderr: stream }, env).colours).toBe(colours);
});

test("control characters of whatever lines are made of are shown, not obeyed; colours only where a line has its own", () => {
  const { stream, raw } = terminal();
  const io = createIo({ stdin: {}, stdout: stream, stderr: stream });
  const hostile = "\x1b[2J\x1b[31m\u202e";
  io.lastWords([hostile]);
  io.live(() => hostile);
  io.live(undefined);
  io.out(hostile);
  io.err(hostile);
  io.warn(hostile);
  io.out("\x1b[32m✔\x1b[39m \x1b[2J", { hasColours: true });
  io.finish();
  const own = ["\r\x1b[K", "\r\x1b[J", "\x1b[32m", "\x1b[39m"];
  expect(raw.join("")).toContain("\x1b[32m✔\x1b[39m");
  const rest = own.reduce((text, sequence) => text.replaceAll(sequence, ""), raw.join(""));
  for (const character of "\x1b\r\u202e") expect(rest).not.toContain(character);
  expect(raw.join("").match(/\\u202e/g)).toHaveLength(5);
});
