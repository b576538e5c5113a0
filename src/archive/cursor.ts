import { ArchiveError } from "./errors.ts";
import type { RandomAccess } from "./types.ts";

/** Reads forward through an archive by one ranged read, and further ones only for what was not foreseen. */
export interface Cursor {
  /** Offset of the next byte. */
  position(): number;
  /** Exactly so many bytes, in one buffer. */
  take(length: number): Promise<Buffer>;
  /** Exactly so many bytes, as they come. */
  stream(length: number): AsyncGenerator<Uint8Array, void, undefined>;
  /** Goes on at an offset that is not behind the position. */
  skipTo(offset: number): Promise<void>;
  close(): Promise<void>;
}

/** A cursor at `offset`, whose first ranged read ends at `plannedEnd`. */
export function createCursor(
  source: RandomAccess,
  offset: number,
  plannedEnd: number,
  signal: AbortSignal,
): Cursor {
  let position = offset;
  let rest: Uint8Array = new Uint8Array();
  let range: { chunks: AsyncIterator<Uint8Array>; end: number } | undefined;
  let planned = Math.min(plannedEnd, source.size);

  /** Makes `rest` have bytes, of a range that goes as far as `wantedEnd` where a new one must be begun. */
  async function fill(wantedEnd: number): Promise<void> {
    while (rest.length === 0) {
      signal.throwIfAborted();
      if (range === undefined || position >= range.end) {
        await close();
        const end = Math.max(planned, wantedEnd);
        if (end > source.size)
          throw new ArchiveError("truncated", "The archive ends in the middle of an entry.");
        planned = 0;
        const chunks = source.read(position, end - position, signal)[Symbol.asyncIterator]();
        range = { chunks, end };
      }
      const { value, done } = await range.chunks.next();
      if (done) throw new ArchiveError("truncated", "The archive ended before all of it was read.");
      rest = value;
    }
  }

  function shift(length: number): Uint8Array {
    const piece = rest.subarray(0, length);
    rest = rest.subarray(length);
    position += piece.length;
    return piece;
  }

  async function* stream(length: number): AsyncGenerator<Uint8Array, void, undefined> {
    const end = position + length;
    while (position < end) {
      await fill(end);
      yield shift(end - position);
    }
  }

  async function close(): Promise<void> {
    const open = range;
    range = undefined;
    rest = new Uint8Array();
    await open?.chunks.return?.();
  }

  return {
    position: () => position,
    async take(length) {
      // Nearly always where entries are small.
      if (rest.length >= length) return asBuffer(shift(length));
      const pieces: Uint8Array[] = [];
      for await (const piece of stream(length)) pieces.push(piece);
      return Buffer.concat(pieces, length);
    },
    stream,
    async skipTo(target) {
      if (target < position) throw new Error(`cannot go back from ${position} to ${target}`);
      if (target - position <= rest.length) shift(target - position);
      else if (range !== undefined && target <= range.end) {
        for await (const _ of stream(target - position));
      } else {
        await close();
        position = target;
      }
    },
    close,
  };
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
