import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { type Authorization, parseAuthorization } from "./auth/authorization.ts";
import { incompleteBody } from "./auth/byte-reader.ts";
import { collectHeaders, type HeaderLists, headerOf } from "./auth/canonical.ts";
import { authErrorFor, missingAuthentication } from "./auth/errors.ts";
import { decodePayload, parsePayloadKind } from "./auth/payload.ts";
import { type PresignedV2, parsePresignedV2, verifyPresignedV2 } from "./auth/presigned-v2.ts";
import { scopeText, sha256Hex } from "./auth/signing.ts";
import type { Target } from "./auth/target.ts";
import { type AccessKeys, checkCaller, verifyRequest } from "./auth/verify.ts";
import { AwsError, type Principal, type ServiceRequest } from "./http.ts";
import type { UnverifiedBodies } from "./unverified-bodies.ts";

/** Who a request says it is from, and for which service. */
export interface Identity {
  readonly service: string;
  readonly headers: HeaderLists;
  readonly authorization: Authorization | PresignedV2;
}

/** The service of a request whose signature can't be read: only the shape of the error depends on it. */
export function guessService(message: IncomingMessage): string {
  const type = message.headers["content-type"] ?? "";
  if (type.startsWith("application/x-amz-json")) return "logs";
  if (type.startsWith("application/json")) return "batch";
  if (type.startsWith("application/x-www-form-urlencoded")) return "sts";
  return "s3";
}

/** @throws AwsError where the request is anonymous or its authorization malformed */
export function identify(message: IncomingMessage, target: Target): Identity {
  const guess = guessService(message);
  const headers = collectHeaders(message.rawHeaders);
  try {
    const presignedV2 = headers.has("authorization") ? undefined : parsePresignedV2(target);
    if (presignedV2 !== undefined) return { service: "s3", headers, authorization: presignedV2 };
    const authorization = parseAuthorization(target, headers);
    if (authorization === undefined) throw missingAuthentication(guess);
    return { service: authorization.scope.service, headers, authorization };
  } catch (error) {
    throw error instanceof AwsError ? authErrorFor(guess, error) : error;
  }
}

export interface AuthenticateOptions {
  readonly keys: AccessKeys;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly requestId: string;
  /** For bodies whose hash, unannounced, is needed to verify the signature. */
  readonly unverified: UnverifiedBodies;
  /** Called before anything of the body is awaited (`Expect: 100-continue`). */
  sendContinue(): void;
}

/** Verifies the signature and gives the request as services see it. */
export async function authenticate(
  message: IncomingMessage,
  target: Target,
  { service, headers, authorization }: Identity,
  options: AuthenticateOptions,
): Promise<ServiceRequest> {
  const method = message.method ?? "GET";
  const trailers = new Map<string, string>();
  const { principal, body } =
    "scope" in authorization
      ? await verifyV4(message, { method, target, service, headers, authorization, trailers }, options)
      : {
          principal: verifyPresignedV2({ method, target, headers }, authorization, options.keys, options.now),
          body: piecesOf(message),
        };
  options.sendContinue();
  return {
    method,
    path: target.path,
    query: new URLSearchParams(target.query.map(([name, value]): [string, string] => [name, value])),
    headers: headers.has("authorization") ? message.headers : { ...movedHeaders(target), ...message.headers },
    body,
    principal,
    trailers,
    requestId: options.requestId,
  };
}

/** Headers that clients have moved into the query of a presigned URL. */
function movedHeaders({ query }: Target): Readonly<Record<string, string>> {
  return Object.fromEntries(query.filter(([name]) => name.startsWith("x-amz-")));
}

async function verifyV4(
  message: IncomingMessage,
  request: {
    readonly method: string;
    readonly target: Target;
    readonly service: string;
    readonly headers: HeaderLists;
    readonly authorization: Authorization;
    readonly trailers: Map<string, string>;
  },
  options: AuthenticateOptions,
): Promise<{ principal: Principal; body: AsyncIterable<Uint8Array> }> {
  const { service, headers, authorization, trailers } = request;
  let source: AsyncIterable<Uint8Array> = piecesOf(message);
  let payloadHash = announcedHash(service, headers, authorization);
  if (payloadHash === undefined) {
    // Nothing is kept in memory of those who have no key.
    checkCaller(headers, authorization, options.keys, options.now);
    options.sendContinue();
    const whole = await options.unverified.read(source);
    payloadHash = sha256Hex(whole);
    source = Readable.from(whole.length === 0 ? [] : [whole]);
  }
  const kind = parsePayloadKind(payloadHash);
  const { principal, signingKey } = verifyRequest(
    { ...request, payloadHash },
    authorization,
    options.keys,
    options.now,
  );
  const body = decodePayload(source, kind, {
    signing: {
      key: signingKey,
      timestamp: authorization.timestamp,
      scope: scopeText(authorization.scope),
      seed: authorization.signature,
    },
    promised: listOf(headerOf(headers, "x-amz-trailer")),
    decodedLength: decodedLength(headers),
    trailers,
  });
  return { principal, body };
}

/** What `x-amz-content-sha256` says; S3 demands it, and takes presigned payloads unsigned. */
function announcedHash(
  service: string,
  headers: HeaderLists,
  authorization: Authorization,
): string | undefined {
  const signedHeader =
    authorization.expires === undefined || authorization.signedHeaders.includes("x-amz-content-sha256");
  const header = signedHeader ? headerOf(headers, "x-amz-content-sha256") : undefined;
  if (header !== undefined) return header;
  if (service !== "s3") return undefined;
  if (authorization.expires !== undefined) return "UNSIGNED-PAYLOAD";
  throw new AwsError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
}

function decodedLength(headers: HeaderLists): number | undefined {
  const text = headerOf(headers, "x-amz-decoded-content-length");
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AwsError("InvalidArgument", "x-amz-decoded-content-length must be a number of bytes.");
}

function listOf(header: string | undefined): readonly string[] {
  return (header ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
}

/** The bytes of a message; ending it early leaves the connection alone, which still has to carry the answer. */
async function* piecesOf(message: IncomingMessage): AsyncGenerator<Uint8Array> {
  const pieces: AsyncIterable<Uint8Array> = message.iterator({ destroyOnReturn: false });
  yield* pieces;
  if (!message.complete) throw incompleteBody();
}
