import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, open, rename, rm, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createEventIndex, type EventIndex } from "./event-index.ts";
import { writeWhole } from "./write-whole.ts";

/** What a client puts into a stream. */
export interface InputEvent {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly message: string;
}

export interface LogEvent extends InputEvent {
  /** Milliseconds since 1970. */
  readonly ingestionTime: number;
}

/**
 * One log stream: a file of JSON lines, only ever appended to. Its first line names the stream. Offsets are logical: they
 * stay valid when events past their retention are cut off the front of the file, so that tokens do too.
 */
export interface StreamFile {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** Milliseconds since 1970, once there are events. */
  lastIngestionTime(): Promise<number | undefined>;
  index(): Promise<EventIndex>;
  append(events: readonly InputEvent[], ingestionTime: number): Promise<void>;
  /** Events at the positions from `from` up to, not including, `to`. */
  read(from: number, to: number): Promise<LogEvent[]>;
  /** Cuts off events older than this time (milliseconds since 1970). */
  expire(before: number): Promise<void>;
  /** Resolves when all that was appended is in the file. */
  settled(): Promise<void>;
}

interface Header {
  readonly stream: string;
  readonly created: number;
  /** Bytes that were cut off the front; of fixed width, so that the header's length does not depend on it. */
  readonly base: string;
}

interface Loaded {
  readonly index: EventIndex;
  readonly base: number;
  /** Bytes of the file that hold whole lines. */
  size: number;
  lastIngestionTime: number | undefined;
}

const headerLine = (stream: string, created: number, base: number) =>
  `${JSON.stringify({ stream, created, base: String(base).padStart(16, "0") } satisfies Header)}\n`;

const eventLine = ({ timestamp, message }: InputEvent, ingestionTime: number) =>
  `{"t":${timestamp},"i":${ingestionTime},"m":${JSON.stringify(message)}}\n`;

/** Makes the file of a new stream; it appears whole or not at all. */
export async function createStreamFile(path: string, name: string, created: number): Promise<StreamFile> {
  await writeWhole(path, headerLine(name, created, 0));
  return streamFile(path, name, created);
}

/** Opens the file of a stream; undefined where it is none. Its events are looked at when they are first asked for. */
export async function openStreamFile(path: string): Promise<StreamFile | undefined> {
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(8192), 0, 8192, 0);
  const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
  if (end < 0) return undefined;
  const header = parseHeader(buffer.toString("utf8", 0, end));
  return header && streamFile(path, header.stream, header.created);
}

function parseHeader(line: string): Header | undefined {
  try {
    const header: Partial<Header> = JSON.parse(line);
    const { stream, created, base } = header;
    return typeof stream === "string" && typeof created === "number" && typeof base === "string"
      ? { stream, created, base }
      : undefined;
  } catch {
    return undefined;
  }
}

function streamFile(path: string, name: string, created: number): StreamFile {
  let loading: Promise<Loaded> | undefined;
  let writing: Promise<void> = Promise.resolve();

  async function load(): Promise<Loaded> {
    loading ??= loadEvents(path);
    try {
      return await loading;
    } catch (error) {
      loading = undefined;
      throw error;
    }
  }

  /** Writers take turns; one that failed does not stop the next. */
  function inTurn(write: () => Promise<void>): Promise<void> {
    const turn = writing.then(write);
    writing = turn.catch(() => undefined);
    return turn;
  }

  return {
    name,
    created,
    index: async () => (await load()).index,
    lastIngestionTime: async () => (await load()).lastIngestionTime,
    append: (events, ingestionTime) =>
      inTurn(async () => appendEvents(path, await load(), events, ingestionTime)),
    read: async (from, to) => readEvents(path, await load(), from, to),
    expire: (before) =>
      inTurn(async () => {
        const loaded = await load();
        const keepFrom = firstKept(loaded.index, before);
        if (keepFrom === undefined) return;
        await cutFront(path, loaded, keepFrom, (base) => headerLine(name, created, base));
        loading = undefined;
      }),
    settled: () => writing,
  };
}

async function appendEvents(
  path: string,
  loaded: Loaded,
  events: readonly InputEvent[],
  ingestionTime: number,
): Promise<void> {
  if (events.length === 0) return;
  const lines = events.map((event) => Buffer.from(eventLine(event, ingestionTime)));
  await using file = await open(path, "r+");
  // At a position of our own rather than at the end: what a failed write left behind is written over.
  await writeAll(file, Buffer.concat(lines), loaded.size);
  for (const [number, line] of lines.entries()) {
    loaded.index.add(events[number]?.timestamp ?? 0, loaded.base + loaded.size, line.length);
    loaded.size += line.length;
  }
  loaded.lastIngestionTime = ingestionTime;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    }
  } catch (error) {
    await file.truncate(position).catch(() => undefined);
    throw error;
  }
}

/** Reads the whole file once, keeping where its events are. A last line that was cut short by a crash is removed. */
async function loadEvents(path: string): Promise<Loaded> {
  await using file = await open(path, "r+");
  const index = createEventIndex();
  let header: Header | undefined;
  let base = 0;
  let lineStart = 0;
  let lastLine = Buffer.alloc(0);
  let rest = Buffer.alloc(0);
  const chunk = Buffer.alloc(1 << 20);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      const line = bytes.subarray(start, end);
      if (header === undefined) {
        header = parseHeader(line.toString());
        if (header === undefined) throw new Error(`Not a log stream's file: ${path}`);
        base = Number(header.base);
      } else {
        const timestamp = timestampOf(line);
        if (timestamp !== undefined) {
          index.add(timestamp, base + lineStart, line.length + 1);
          lastLine = line;
        }
      }
      lineStart += end + 1 - start;
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) await file.truncate(lineStart);
  const last = lastLine.length > 0 ? parseEvent(lastLine) : undefined;
  return { index, base, size: lineStart, lastIngestionTime: last?.ingestionTime };
}

/** The timestamp at the front of an event's line, without parsing the message behind it. */
function timestampOf(line: Buffer): number | undefined {
  const digits = /^\{"t":(\d+),/.exec(line.toString("latin1", 0, 32))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function parseEvent(line: Buffer): LogEvent {
  const event: { t: number; i: number; m: string } = JSON.parse(line.toString());
  return { timestamp: event.t, ingestionTime: event.i, message: event.m };
}

async function readEvents(path: string, loaded: Loaded, from: number, to: number): Promise<LogEvent[]> {
  if (from >= to) return [];
  const { index, base } = loaded;
  const events: LogEvent[] = [];
  await using file = await open(path, "r");
  for (let first = from; first < to; ) {
    // Lines that follow each other in the file, as nearly all do, are read at once.
    let end = index.offsetAt(first) + index.lengthAt(first);
    let next = first + 1;
    for (; next < to && index.offsetAt(next) === end; next += 1) end += index.lengthAt(next);
    const start = index.offsetAt(first);
    const bytes = await readFully(file, start - base, end - start);
    for (; first < next; first += 1) {
      const offset = index.offsetAt(first) - start;
      events.push(parseEvent(bytes.subarray(offset, offset + index.lengthAt(first))));
    }
  }
  return events;
}

async function readFully(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new Error("A log stream's file is shorter than it was.");
    done += bytesRead;
  }
  return bytes;
}

/** Offset from which the file is to be kept; undefined where nothing at its front has expired. */
function firstKept(index: EventIndex, before: number): number | undefined {
  let first = Number.POSITIVE_INFINITY;
  let kept = Number.POSITIVE_INFINITY;
  let end = 0;
  for (let position = 0; position < index.count; position += 1) {
    const offset = index.offsetAt(position);
    first = Math.min(first, offset);
    end = Math.max(end, offset + index.lengthAt(position));
    if (index.timestampAt(position) >= before) kept = Math.min(kept, offset);
  }
  if (index.count === 0 || kept === first) return undefined;
  return Math.min(kept, end);
}

async function cutFront(
  path: string,
  { base, size }: Loaded,
  keepFrom: number,
  header: (base: number) => string,
): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeFile(temporary, header(keepFrom - Buffer.byteLength(header(0))));
    if (keepFrom - base < size) {
      await pipeline(
        createReadStream(path, { start: keepFrom - base, end: size - 1 }),
        createWriteStream(temporary, { flags: "a" }),
      );
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
