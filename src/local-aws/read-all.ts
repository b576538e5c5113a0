import { AwsError } from "./http.ts";

/** Bytes of a body that is kept in memory. */
export const MAX_BUFFERED_BODY = 16 * 1024 * 1024;

/** A body whole. Throws AwsError where it has more bytes than `limit`. */
export async function readAll(source: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of source) {
    length += piece.length;
    if (length > limit) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

export function tooLarge(): AwsError {
  return new AwsError("RequestEntityTooLarge", "The request is too large.", 413);
}
