import type { ArchivePart } from "./types.ts";

/** Cuts what is written into parts of one size, holding back those with a gap that is still to be filled. */
export interface PartCutter {
  /** Bytes written or reserved so far. */
  position(): number;
  /** Appends a copy of the bytes. */
  write(bytes: Uint8Array): void;
  /** Leaves a gap; the parts that it lies in are held back until the function returned has been given its bytes. */
  reserve(length: number): (bytes: Uint8Array) => void;
  /** Parts that are full and have no gap, each once. */
  take(): ArchivePart[];
  /** No more bytes will come: the last part, which may be shorter, counts as full. */
  end(): void;
}

interface Part {
  readonly index: number;
  readonly data: Buffer;
  length: number;
  gaps: number;
}

export function createPartCutter(partSize: number, firstIndex = 0): PartCutter {
  let parts: Part[] = [];
  const spare: Buffer[] = [];
  let next = firstIndex;
  let position = 0;
  let ended = false;

  /** Room in the part that is being filled, with the piece of it that a write of up to `wanted` bytes may use. */
  function room(wanted: number): { part: Part; start: number; length: number } {
    let part = parts.at(-1);
    if (part === undefined || part.length === partSize) {
      part = { index: next++, data: spare.pop() ?? Buffer.allocUnsafe(partSize), length: 0, gaps: 0 };
      parts.push(part);
    }
    const start = part.length;
    const length = Math.min(wanted, partSize - start);
    part.length += length;
    position += length;
    return { part, start, length };
  }

  return {
    position: () => position,
    write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const { part, start, length } = room(bytes.length - at);
        part.data.set(bytes.subarray(at, at + length), start);
        at += length;
      }
    },
    reserve(length) {
      const pieces: ReturnType<typeof room>[] = [];
      for (let left = length; left > 0; ) {
        const piece = room(left);
        piece.part.gaps++;
        pieces.push(piece);
        left -= piece.length;
      }
      return (bytes) => {
        if (bytes.length !== length) throw new Error(`a gap of ${length} bytes got ${bytes.length}`);
        let at = 0;
        for (const piece of pieces) {
          piece.part.data.set(bytes.subarray(at, at + piece.length), piece.start);
          piece.part.gaps--;
          at += piece.length;
        }
      };
    },
    take() {
      const ready = (part: Part) => part.gaps === 0 && (ended || part.length === partSize);
      const taken = parts.filter(ready).map(({ index, data, length }) => ({
        index,
        data: data.subarray(0, length),
        release: once(() => spare.push(data)),
      }));
      if (taken.length > 0) parts = parts.filter((part) => !ready(part));
      return taken;
    },
    end() {
      ended = true;
    },
  };
}

/** Giving the same memory back twice would put it into two parts. */
function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
