/** A place between events: all events before it have a smaller (timestamp, offset). */
export interface Boundary {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** Where a line of the stream's file begins; breaks ties in the order of arrival. */
  readonly offset: number;
}

/**
 * Where each event of a stream is in its file, in the order that CloudWatch Logs gives them: by timestamp, then by arrival.
 * Holds 20 bytes an event and no message.
 */
export interface EventIndex {
  readonly count: number;
  timestampAt(position: number): number;
  /** Logical offset of the event's line. */
  offsetAt(position: number): number;
  /** Bytes of the event's line, with its newline. */
  lengthAt(position: number): number;
  add(timestamp: number, offset: number, length: number): void;
  /** Position of the first event that is not before the boundary. */
  positionOf(boundary: Boundary): number;
  /** Position of the first event with this timestamp or a later one. */
  positionOfTime(timestamp: number): number;
}

export function createEventIndex(): EventIndex {
  let count = 0;
  let timestamps = new Float64Array(64);
  let offsets = new Float64Array(64);
  let lengths = new Uint32Array(64);

  function grow(): void {
    const capacity = timestamps.length * 2;
    const [oldTimestamps, oldOffsets, oldLengths] = [timestamps, offsets, lengths];
    timestamps = new Float64Array(capacity);
    offsets = new Float64Array(capacity);
    lengths = new Uint32Array(capacity);
    timestamps.set(oldTimestamps);
    offsets.set(oldOffsets);
    lengths.set(oldLengths);
  }

  const at = (values: Float64Array | Uint32Array, position: number): number => {
    const value = position < count ? values[position] : undefined;
    if (value === undefined) throw new RangeError(`No event ${position} of ${count}.`);
    return value;
  };

  function positionOf(boundary: Boundary): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const timestamp = at(timestamps, middle);
      const before =
        timestamp < boundary.timestamp ||
        (timestamp === boundary.timestamp && at(offsets, middle) < boundary.offset);
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get count() {
      return count;
    },
    timestampAt: (position) => at(timestamps, position),
    offsetAt: (position) => at(offsets, position),
    lengthAt: (position) => at(lengths, position),
    positionOf,
    positionOfTime: (timestamp) => positionOf({ timestamp, offset: -1 }),
    add(timestamp, offset, length) {
      if (count === timestamps.length) grow();
      const position = positionOf({ timestamp, offset });
      for (const values of [timestamps, offsets, lengths]) values.copyWithin(position + 1, position, count);
      timestamps[position] = timestamp;
      offsets[position] = offset;
      lengths[position] = length;
      count += 1;
    },
  };
}
