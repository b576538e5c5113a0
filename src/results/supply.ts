import { ArchiveError } from "../archive/errors.ts";

/** What `fetch` threw, so that it can be told from what the file system here says. */
export class SupplyError extends Error {
  override readonly name = "SupplyError";
}

/** The bytes of an entry, of which what was not taken can be passed over. */
export function supplyOf(data: AsyncIterable<Uint8Array>, signal: AbortSignal) {
  const iterator = data[Symbol.asyncIterator]();
  const next = async () => {
    try {
      signal.throwIfAborted();
      return await iterator.next();
    } catch (error) {
      throw new SupplyError("", { cause: error });
    }
  };
  return {
    // Without return(): leaving early doesn't end the data, so that it can still be drained.
    [Symbol.asyncIterator]: () => ({ next }),
    async drain() {
      try {
        while (!(await next()).done);
      } catch (error) {
        const cause = error instanceof SupplyError ? error.cause : error;
        // That it is damaged as well is of no interest any more.
        if (!(cause instanceof ArchiveError)) throw cause;
      }
    },
  };
}
