import { createHash } from "node:crypto";
import { AwsError } from "../http.ts";
import { type ByteReader, byteReader } from "./byte-reader.ts";
import { sameSecret, sha256Hex, sign } from "./signing.ts";
import { signatureDoesNotMatch } from "./verify.ts";

/** What chunk and trailer signatures are chained from. */
export interface ChunkSigning {
  readonly key: Buffer;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string;
  /** `date/region/service/aws4_request`. */
  readonly scope: string;
  /** The signature of the request itself. */
  readonly seed: string;
}

export interface ChunkedOptions {
  /** Undefined where chunks are not signed. */
  readonly signing: ChunkSigning | undefined;
  /** Lower-case names of the trailing headers that `x-amz-trailer` promises. */
  readonly promised: readonly string[];
  /** Filled when the body has ended. */
  readonly trailers: Map<string, string>;
}

const MAX_LINE = 1024;
const MAX_TRAILER_LINE = 8 * 1024;
const EMPTY_SHA256 = sha256Hex("");

/**
 * Takes S3's aws-chunked framing off a body, however it is cut up on its way, and verifies signatures as it goes
 * ("Transferring Payload in Multiple Chunks" and "Trailing headers", S3 API Reference). A chunk's bytes are passed on
 * before its signature is verified: whoever keeps them must wait for the end of the stream.
 *
 * @throws AwsError SignatureDoesNotMatch, IncompleteBody, InvalidChunkSizeError, MalformedTrailerError
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Uint8Array>,
  { signing, promised, trailers }: ChunkedOptions,
): AsyncGenerator<Uint8Array> {
  const reader = byteReader(source);
  let previous = signing?.seed ?? "";
  for (;;) {
    const { size, signature } = parseChunkHeader(await reader.line(MAX_LINE));
    const hash = createHash("sha256");
    for await (const piece of reader.take(size)) {
      if (signing !== undefined) hash.update(piece);
      yield piece;
    }
    if (signing !== undefined) {
      const words = ["AWS4-HMAC-SHA256-PAYLOAD", signing.timestamp, signing.scope, previous, EMPTY_SHA256];
      previous = verifyChained(signing, [...words, hash.digest("hex")], signature);
    }
    if (size === 0) break;
    if ((await reader.line(MAX_LINE)) !== "") throw invalidChunk();
  }
  await readTrailers(reader, previous, { signing, promised, trailers });
}

function parseChunkHeader(line: string): { size: number; signature: string | undefined } {
  const match = /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
  if (match?.[1] === undefined) throw invalidChunk();
  return { size: Number.parseInt(match[1], 16), signature: match[2] };
}

async function readTrailers(reader: ByteReader, previous: string, options: ChunkedOptions): Promise<void> {
  const { signing, promised, trailers } = options;
  const signedText: string[] = [];
  let signature: string | undefined;
  while (!(await reader.atEnd())) {
    const line = await reader.line(MAX_TRAILER_LINE);
    if (line === "") continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "x-amz-trailer-signature") {
      signature = value;
    } else {
      if (!promised.includes(name) || trailers.has(name)) throw malformedTrailer();
      trailers.set(name, value);
      signedText.push(`${name}:${value}\n`);
    }
  }
  if (promised.some((name) => !trailers.has(name))) throw malformedTrailer();
  if (signing !== undefined && promised.length > 0) {
    const words = ["AWS4-HMAC-SHA256-TRAILER", signing.timestamp, signing.scope, previous];
    verifyChained(signing, [...words, sha256Hex(signedText.join(""))], signature);
  }
}

function verifyChained(signing: ChunkSigning, words: readonly string[], given: string | undefined): string {
  const expected = sign(signing.key, words.join("\n"));
  if (given === undefined || !sameSecret(expected, given)) throw signatureDoesNotMatch();
  return expected;
}

function invalidChunk(): AwsError {
  return new AwsError("InvalidChunkSizeError", "The body is not a well-formed aws-chunked one.");
}

function malformedTrailer(): AwsError {
  return new AwsError(
    "MalformedTrailerError",
    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  );
}
