import type { EventIndex } from "./event-index.ts";
import {
  groupName,
  type Input,
  invalid,
  optionalInteger,
  optionalName,
  optionalString,
  optionalStrings,
  streamNamePattern,
} from "./input.ts";
import { type Operation, pageBytes, pageEvents } from "./operation.ts";
import { compilePattern } from "./pattern.ts";
import type { Group, LogStore } from "./store.ts";
import type { LogEvent, StreamFile } from "./stream-file.ts";
import { eventId, invalidToken } from "./tokens.ts";

/** Events that are looked at for one page; a page that found nothing in them is empty, with a token to go on. */
const searchedEvents = 50_000;
const searchedBytes = 32 * pageBytes;
/** Events that are read from disk together. */
const readTogether = 1_000;

/** The place of an event among all of its group. */
interface Place {
  readonly timestamp: number;
  readonly stream: string;
  readonly offset: number;
}

/** A stream that is being merged: its next event is at `next`. */
interface Source {
  readonly stream: StreamFile;
  readonly index: EventIndex;
  readonly end: number;
  next: number;
}

/** FilterLogEvents: the events of many streams in the order of their times, those that match the pattern. */
export const filterLogEvents: Operation = async ({ store }, input) => {
  const group = store.group(groupName(input));
  const matches = compilePattern(optionalString(input, "filterPattern") ?? "");
  const limit = optionalInteger(input, "limit", { min: 1, max: pageEvents }) ?? pageEvents;
  const after = readPlace(optionalString(input, "nextToken"));
  const sources = await openSources(chooseStreams(store, group, input), input, after);

  const found: Readonly<Record<string, unknown>>[] = [];
  let last: Place | undefined;
  let [bytes, searched, searchedSize] = [0, 0, 0];
  while (
    found.length < limit &&
    bytes < pageBytes &&
    searched < searchedEvents &&
    searchedSize < searchedBytes
  ) {
    // Never more at once than the page still takes: a match that is dropped would be searched for again.
    const batch = await readNext(sources, Math.min(readTogether, Math.max(limit - found.length, 100)));
    if (batch.length === 0) return { events: found, searchedLogStreams: [] };
    for (const { place, event, size } of batch) {
      if (found.length === limit || (found.length > 0 && bytes + size > pageBytes)) {
        return { events: found, searchedLogStreams: [], ...(last ? { nextToken: writePlace(last) } : {}) };
      }
      searched += 1;
      searchedSize += size;
      last = place;
      if (!matches(event.message)) continue;
      bytes += size;
      found.push({
        logStreamName: place.stream,
        timestamp: event.timestamp,
        message: event.message,
        ingestionTime: event.ingestionTime,
        eventId: eventId(place, `${group.record.name} ${place.stream}`),
      });
    }
  }
  const more = sources.some(({ next, end }) => next < end);
  return {
    events: found,
    searchedLogStreams: [],
    ...(more && last ? { nextToken: writePlace(last) } : {}),
  };
};

function chooseStreams(store: LogStore, group: Group, input: Input): StreamFile[] {
  const names = optionalStrings(input, "logStreamNames", 100);
  const prefix = optionalName(input, "logStreamNamePrefix", streamNamePattern);
  if (names && prefix !== undefined) {
    throw invalid("LogStreamNamePrefix and LogStreamNames cannot both be specified.");
  }
  if (names) return [...new Set(names)].map((name) => store.stream(group, name));
  return [...group.streams.values()].filter(({ name }) => name.startsWith(prefix ?? ""));
}

async function openSources(
  streams: readonly StreamFile[],
  input: Input,
  after: Place | undefined,
): Promise<Source[]> {
  const startTime = optionalInteger(input, "startTime", { min: 0 }) ?? 0;
  const endTime = optionalInteger(input, "endTime", { min: 0 });
  const sources: Source[] = [];
  for (const stream of streams) {
    const index = await stream.index();
    const start = index.positionOfTime(startTime);
    // Unlike GetLogEvents, events at the end time itself are included.
    const end = endTime === undefined ? index.count : index.positionOfTime(endTime + 1);
    const next = after ? Math.max(start, positionAfter(index, stream.name, after)) : start;
    if (next < end) sources.push({ stream, index, end, next });
  }
  return sources.sort((a, b) => (a.stream.name < b.stream.name ? -1 : 1));
}

function positionAfter(
  index: EventIndex,
  stream: string,
  { timestamp, stream: last, offset }: Place,
): number {
  if (stream < last) return index.positionOfTime(timestamp + 1);
  if (stream > last) return index.positionOfTime(timestamp);
  return index.positionOf({ timestamp, offset: offset + 1 });
}

interface Placed {
  readonly place: Place;
  readonly event: LogEvent;
  readonly size: number;
}

/** The next events of all streams, merged by time. Each stream's part of them is read in one go. */
async function readNext(sources: readonly Source[], count: number): Promise<Placed[]> {
  const order: { source: Source; position: number }[] = [];
  const starts = sources.map(({ next }) => next);
  let size = 0;
  while (order.length < count && size < 2 * pageBytes) {
    const source = earliest(sources);
    if (!source) break;
    order.push({ source, position: source.next });
    size += source.index.lengthAt(source.next);
    source.next += 1;
  }
  const events = new Map<Source, LogEvent[]>();
  for (const [number, source] of sources.entries()) {
    const start = starts[number] ?? source.next;
    if (start < source.next) events.set(source, await source.stream.read(start, source.next));
  }
  const placed: Placed[] = [];
  for (const { source, position } of order) {
    const { stream, index } = source;
    const event = events.get(source)?.shift();
    if (!event) continue;
    placed.push({
      place: { timestamp: event.timestamp, stream: stream.name, offset: index.offsetAt(position) },
      event,
      size: index.lengthAt(position),
    });
  }
  return placed;
}

/** Sources are sorted by name, so that of equal times the first name's event comes first. */
function earliest(sources: readonly Source[]): Source | undefined {
  let best: Source | undefined;
  let bestTime = Number.POSITIVE_INFINITY;
  for (const source of sources) {
    if (source.next >= source.end) continue;
    const time = source.index.timestampAt(source.next);
    if (time < bestTime) [best, bestTime] = [source, time];
  }
  return best;
}

const writePlace = ({ timestamp, stream, offset }: Place) =>
  Buffer.from(JSON.stringify([timestamp, stream, offset])).toString("base64url");

function readPlace(token: string | undefined): Place | undefined {
  if (token === undefined) return undefined;
  try {
    const place: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    if (Array.isArray(place)) {
      const [timestamp, stream, offset]: unknown[] = place;
      if (Number.isSafeInteger(timestamp) && typeof stream === "string" && Number.isSafeInteger(offset)) {
        return { timestamp: Number(timestamp), stream, offset: Number(offset) };
      }
    }
  } catch {
    // Not one of ours: said below.
  }
  throw invalidToken();
}
