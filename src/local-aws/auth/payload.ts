import { createHash } from "node:crypto";
import { AwsError } from "../http.ts";
import { type ChunkSigning, decodeAwsChunked } from "./aws-chunked.ts";
import { incompleteBody } from "./byte-reader.ts";

/** How the body is protected, as `x-amz-content-sha256` says. */
export type PayloadKind =
  | { readonly kind: "hashed"; readonly sha256: string }
  | { readonly kind: "unsigned" }
  | { readonly kind: "chunked"; readonly signed: boolean; readonly trailer: boolean };

const STREAMING = new Map<string, PayloadKind>([
  ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", { kind: "chunked", signed: true, trailer: false }],
  ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", { kind: "chunked", signed: true, trailer: true }],
  ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", { kind: "chunked", signed: false, trailer: true }],
]);

/** @throws AwsError InvalidArgument where the value is none of those that AWS knows */
export function parsePayloadKind(contentSha256: string): PayloadKind {
  if (contentSha256 === "UNSIGNED-PAYLOAD") return { kind: "unsigned" };
  const streaming = STREAMING.get(contentSha256);
  if (streaming !== undefined) return streaming;
  if (/^[0-9a-f]{64}$/i.test(contentSha256)) return { kind: "hashed", sha256: contentSha256.toLowerCase() };
  throw new AwsError(
    "InvalidArgument",
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of the STREAMING- values that S3 knows, or a valid sha256 value.",
  );
}

/**
 * The payload without its framing, verified: the stream fails at the latest at its end where hash, signatures or
 * length don't match.
 *
 * @param options.decodedLength bytes, as `x-amz-decoded-content-length` says
 */
export function decodePayload(
  source: AsyncIterable<Uint8Array>,
  payload: PayloadKind,
  options: {
    readonly signing: ChunkSigning;
    readonly promised: readonly string[];
    readonly decodedLength: number | undefined;
    readonly trailers: Map<string, string>;
  },
): AsyncIterable<Uint8Array> {
  if (payload.kind === "unsigned") return source;
  if (payload.kind === "hashed") return verifyHash(source, payload.sha256);
  const decoded = decodeAwsChunked(source, {
    signing: payload.signed ? options.signing : undefined,
    promised: payload.trailer ? options.promised : [],
    trailers: options.trailers,
  });
  return options.decodedLength === undefined ? decoded : verifyLength(decoded, options.decodedLength);
}

async function* verifyHash(source: AsyncIterable<Uint8Array>, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
  const actual = hash.digest("hex");
  if (actual === sha256) return;
  throw new AwsError(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    400,
    { ClientComputedContentSHA256: sha256, S3ComputedContentSHA256: actual },
  );
}

async function* verifyLength(
  source: AsyncIterable<Uint8Array>,
  expected: number,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > expected) throw incompleteBody();
    yield chunk;
  }
  if (length !== expected) throw incompleteBody();
}
