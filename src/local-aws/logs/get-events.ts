import type { Boundary, EventIndex } from "./event-index.ts";
import { groupName, optionalInteger, optionalString, requiredName, streamNamePattern } from "./input.ts";
import { type Operation, pageBytes, pageEvents } from "./operation.ts";
import { type Direction, readToken, writeToken } from "./tokens.ts";

/** GetLogEvents: one stream, a page at a time, in either direction. */
export const getLogEvents: Operation = async ({ store, tokenAges }, input) => {
  const group = store.group(groupName(input));
  const stream = store.stream(group, requiredName(input, "logStreamName", streamNamePattern));
  const limit = optionalInteger(input, "limit", { min: 1, max: pageEvents }) ?? pageEvents;
  const startTime = optionalInteger(input, "startTime", { min: 0 });
  const endTime = optionalInteger(input, "endTime", { min: 0 });
  const given = optionalString(input, "nextToken");
  const name = `${group.record.name} ${stream.name}`;
  const token = given === undefined ? undefined : readToken(given, name);
  if (given !== undefined) tokenAges.check(stream.name, given);

  const index = await stream.index();
  const range = {
    from: startTime === undefined ? 0 : index.positionOfTime(startTime),
    to: endTime === undefined ? index.count : index.positionOfTime(endTime),
  };
  // A token knows its own direction; AWS heeds `startFromHead` only without one.
  const direction: Direction = token?.direction ?? (input.startFromHead === true ? "forward" : "backward");
  const page = choosePage(index, range, direction, limit, token && index.positionOf(token.boundary));
  const events = await stream.read(page.from, page.to);

  // A page without events leads back to where it was asked from: its token is the one that was given.
  const empty = page.from === page.to;
  const place = token?.boundary ?? boundaryBefore(index, page.from);
  const end = empty ? place : boundaryBefore(index, page.to);
  const start = empty
    ? place
    : { timestamp: index.timestampAt(page.from), offset: index.offsetAt(page.from) };
  const nextForwardToken = writeToken("forward", end, name);
  const nextBackwardToken = writeToken("backward", start, name);
  tokenAges.givenOut(nextForwardToken, nextBackwardToken);
  return { events, nextForwardToken, nextBackwardToken };
};

/** Just after the event before the position: what is appended later, even at the same time, comes behind it. */
function boundaryBefore(index: EventIndex, position: number): Boundary {
  if (position === 0) return { timestamp: 0, offset: 0 };
  return { timestamp: index.timestampAt(position - 1), offset: index.offsetAt(position - 1) + 1 };
}

interface Positions {
  readonly from: number;
  readonly to: number;
}

/** The events of a page: at most `limit`, and at most `pageBytes` unless a single one is larger. */
function choosePage(
  index: EventIndex,
  range: Positions,
  direction: Direction,
  limit: number,
  place: number | undefined,
): Positions {
  let bytes = 0;
  const fits = (position: number, count: number) => {
    bytes += index.lengthAt(position);
    return count < limit && (count === 0 || bytes <= pageBytes);
  };
  if (direction === "forward") {
    const from = Math.max(range.from, place ?? range.from);
    let to = from;
    while (to < range.to && fits(to, to - from)) to += 1;
    return { from, to };
  }
  const to = Math.min(range.to, place ?? range.to);
  let from = to;
  while (from > range.from && fits(from - 1, to - from)) from -= 1;
  return { from, to };
}
