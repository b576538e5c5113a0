import { AwsError } from "./http.ts";
import { tooLarge } from "./read-all.ts";

/** Reads bodies of requests whose signature cannot be verified without them, and that may be anybody's. */
export interface UnverifiedBodies {
  /**
   * The body whole.
   *
   * @throws AwsError RequestEntityTooLarge, ServiceUnavailable where all of them together take too much, RequestTimeout
   */
  read(source: AsyncIterable<Uint8Array>): Promise<Buffer>;
}

export interface UnverifiedLimits {
  /** Bytes of one body. */
  readonly bodyBytes: number;
  /** Bytes of all bodies that are being read or verified, together. */
  readonly totalBytes: number;
  /** Milliseconds that one body may take to arrive. */
  readonly ms: number;
}

export function unverifiedBodies({ bodyBytes, totalBytes, ms }: UnverifiedLimits): UnverifiedBodies {
  let total = 0;
  return {
    async read(source) {
      let taken = 0;
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(requestTimeout()), ms);
      });
      const pieces: Uint8Array[] = [];
      const iterator = source[Symbol.asyncIterator]();
      try {
        for (;;) {
          const next = await Promise.race([iterator.next(), tooLate]);
          if (next.done === true) return Buffer.concat(pieces);
          taken += next.value.length;
          total += next.value.length;
          if (taken > bodyBytes) throw tooLarge();
          if (total > totalBytes) throw overBudget();
          pieces.push(next.value);
        }
      } finally {
        clearTimeout(timer);
        total -= taken;
        // Not waited for: where the body stays away, so does this.
        void iterator.return?.();
      }
    },
  };
}

function overBudget(): AwsError {
  return new AwsError("ServiceUnavailable", "Too many requests wait to be verified. Please try again.", 503);
}

function requestTimeout(): AwsError {
  return new AwsError(
    "RequestTimeout",
    "Your socket connection to the server was not read from or written to within the timeout period.",
  );
}
