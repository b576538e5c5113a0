import { groupName, type Input, invalid, isObject, requiredName, streamNamePattern } from "./input.ts";
import type { Operation } from "./operation.ts";
import type { InputEvent } from "./stream-file.ts";

const maxBatchBytes = 1_048_576;
/** What AWS adds to each event's UTF-8 message when it measures a batch. */
const eventOverhead = 26;
const maxBatchEvents = 10_000;
const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/** PutLogEvents: events too old or too new are left out and reported, the rest is kept. Sequence tokens are ignored. */
export const putLogEvents: Operation = async ({ store, now }, input) => {
  const group = store.group(groupName(input));
  const stream = store.stream(group, requiredName(input, "logStreamName", streamNamePattern));
  const events = readEvents(input);
  const time = now();

  const tooNew = events.findIndex(({ timestamp }) => timestamp > time + 2 * hourMs);
  const tooOld = countBefore(events, time - 14 * dayMs);
  const { retentionInDays } = group.record;
  const expired = retentionInDays === undefined ? 0 : countBefore(events, time - retentionInDays * dayMs);
  const valid = events.slice(Math.max(tooOld, expired), tooNew < 0 ? undefined : tooNew);
  const [first, last] = [valid[0], valid.at(-1)];
  if (first && last && last.timestamp - first.timestamp > dayMs) {
    throw invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  await stream.append(valid, time);

  const rejected = {
    ...(tooNew < 0 ? {} : { tooNewLogEventStartIndex: tooNew }),
    ...(tooOld === 0 ? {} : { tooOldLogEventEndIndex: tooOld }),
    ...(expired === 0 ? {} : { expiredLogEventEndIndex: expired }),
  };
  return {
    nextSequenceToken: sequenceToken,
    ...(Object.keys(rejected).length > 0 ? { rejectedLogEventsInfo: rejected } : {}),
  };
};

/** AWS still answers with one, and ignores what comes back. */
export const sequenceToken = "49590302938389283929283928392839283928392839283928392834";

function countBefore(events: readonly InputEvent[], time: number): number {
  const kept = events.findIndex(({ timestamp }) => timestamp >= time);
  return kept < 0 ? events.length : kept;
}

function readEvents(input: Input): InputEvent[] {
  const { logEvents } = input;
  if (!Array.isArray(logEvents)) {
    throw invalid(
      "1 validation error detected: Value null at 'logEvents' failed to satisfy constraint: Member must not be null",
    );
  }
  if (logEvents.length < 1 || logEvents.length > maxBatchEvents) {
    throw invalid(
      `1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and ${maxBatchEvents}`,
    );
  }
  const events = logEvents.map(readEvent);
  const size = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + eventOverhead, 0);
  if (size > maxBatchBytes) {
    throw invalid(`Upload too large: ${size} bytes exceeds limit of ${maxBatchBytes}`);
  }
  for (const [number, { timestamp }] of events.entries()) {
    if (timestamp < (events[number - 1]?.timestamp ?? 0)) {
      throw invalid("Log events in a single PutLogEvents request must be in chronological order.");
    }
  }
  return events;
}

function readEvent(event: unknown, number: number): InputEvent {
  const { timestamp, message } = isObject(event) ? event : {};
  const refuse = (member: string, constraint: string) =>
    invalid(
      `1 validation error detected: Value at 'logEvents.${number + 1}.member.${member}' failed to satisfy constraint: ${constraint}`,
    );
  if (typeof timestamp !== "number" || !Number.isSafeInteger(timestamp) || timestamp < 0) {
    throw refuse("timestamp", "Member must have value greater than or equal to 0");
  }
  if (typeof message !== "string" || message === "") {
    throw refuse("message", "Member must have length greater than or equal to 1");
  }
  return { timestamp, message };
}
