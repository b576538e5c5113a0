import { AwsError } from "../http.ts";

/** Reads lines and counted runs of bytes from pieces of any size. */
export interface ByteReader {
  /** The next line, without its line break. @throws AwsError where it is longer than `limit` bytes */
  line(limit: number): Promise<string>;
  /** Exactly `count` bytes, in pieces as they arrive. */
  take(count: number): AsyncGenerator<Uint8Array>;
  atEnd(): Promise<boolean>;
}

const NEWLINE = 0x0a;

/** @throws AwsError IncompleteBody, from any of its methods, where the source ends too early. */
export function byteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = source[Symbol.asyncIterator]();
  let buffered: Uint8Array = new Uint8Array();

  /** Makes sure that something is buffered; false at the end. */
  async function fill(): Promise<boolean> {
    while (buffered.length === 0) {
      const next = await iterator.next();
      if (next.done === true) return false;
      buffered = next.value;
    }
    return true;
  }

  async function need(): Promise<void> {
    if (!(await fill())) throw incompleteBody();
  }

  return {
    async line(limit) {
      const pieces: Uint8Array[] = [];
      let length = 0;
      for (;;) {
        await need();
        const end = buffered.indexOf(NEWLINE);
        const piece = end < 0 ? buffered : buffered.subarray(0, end);
        length += piece.length;
        if (length > limit) throw new AwsError("InvalidRequest", "A line of the body's framing is too long.");
        pieces.push(piece);
        buffered = end < 0 ? new Uint8Array() : buffered.subarray(end + 1);
        if (end >= 0) return Buffer.concat(pieces).toString("latin1").replace(/\r$/, "");
      }
    },
    async *take(count) {
      let left = count;
      while (left > 0) {
        await need();
        const piece = buffered.subarray(0, left);
        buffered = buffered.subarray(piece.length);
        left -= piece.length;
        yield piece;
      }
    },
    async atEnd() {
      return !(await fill());
    },
  };
}

export function incompleteBody(): AwsError {
  return new AwsError(
    "IncompleteBody",
    "You did not provide the number of bytes specified by the Content-Length HTTP header.",
  );
}
