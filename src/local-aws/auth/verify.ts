import { AwsError, type Principal } from "../http.ts";
import type { Authorization } from "./authorization.ts";
import { canonicalRequest, type HeaderLists } from "./canonical.ts";
import { sameSecret, scopeText, sha256Hex, sign, signingKey } from "./signing.ts";
import type { Target } from "./target.ts";
import { parseTimestamp, spellTimestamp } from "./timestamp.ts";

/** A key pair that local AWS has given out. */
export interface AccessKey {
  readonly secretAccessKey: string;
  /** Where the key is a temporary one: requests must carry it. */
  readonly sessionToken?: string | undefined;
  readonly principal: Principal;
}

/** Finds the key of an access key id; undefined where there is none. */
export type AccessKeys = (accessKeyId: string) => AccessKey | undefined;

/** A verified request: who sent it, and what chunk signatures are made with. */
export interface Verified {
  readonly principal: Principal;
  readonly signingKey: Buffer;
}

const MAX_SKEW_MS = 15 * 60 * 1000;

/**
 * Verifies a request's signature (Signature Version 4).
 *
 * @param payloadHash as it stands in the canonical request: hex, or one of S3's words for other kinds of payload
 * @throws AwsError InvalidAccessKeyId, InvalidToken, RequestTimeTooSkewed, AccessDenied (expired or unsigned
 * `x-amz-` headers) or SignatureDoesNotMatch
 */
export function verifyRequest(
  request: {
    readonly method: string;
    readonly target: Target;
    readonly headers: HeaderLists;
    readonly payloadHash: string;
  },
  authorization: Authorization,
  keys: AccessKeys,
  now: number,
): Verified {
  const { scope, signedHeaders, timestamp } = authorization;
  const accessKey = checkCaller(request.headers, authorization, keys, now);
  const canonical = canonicalRequest({ ...request, signedHeaders, service: scope.service });
  const stringToSign = ["AWS4-HMAC-SHA256", timestamp, scopeText(scope), sha256Hex(canonical)].join("\n");
  const key = signingKey(accessKey.secretAccessKey, scope);
  if (!timestamp.startsWith(scope.date) || !sameSecret(sign(key, stringToSign), authorization.signature)) {
    throw signatureDoesNotMatch({ StringToSign: stringToSign, CanonicalRequest: canonical });
  }
  return { principal: accessKey.principal, signingKey: key };
}

/**
 * The caller's key, if all holds that can be checked without the body's hash.
 *
 * @throws AwsError as `verifyRequest`, but for SignatureDoesNotMatch
 */
export function checkCaller(
  headers: HeaderLists,
  authorization: Authorization,
  keys: AccessKeys,
  now: number,
): AccessKey {
  const accessKey = accessKeyOf(keys, authorization.accessKeyId, authorization.securityToken);
  checkTime(authorization, now);
  checkSigned(headers, authorization);
  return accessKey;
}

export function signatureDoesNotMatch(details: Readonly<Record<string, string>> = {}): AwsError {
  return new AwsError(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    403,
    details,
  );
}

/** The key of that id, if the token goes with it. @throws AwsError InvalidAccessKeyId, InvalidToken */
export function accessKeyOf(keys: AccessKeys, accessKeyId: string, token: string | undefined): AccessKey {
  const accessKey = keys(accessKeyId);
  if (accessKey === undefined) {
    throw new AwsError(
      "InvalidAccessKeyId",
      "The AWS Access Key Id you provided does not exist in our records.",
      403,
      { AWSAccessKeyId: accessKeyId },
    );
  }
  const { sessionToken } = accessKey;
  if (sessionToken === undefined && token === undefined) return accessKey;
  if (sessionToken !== undefined && token !== undefined && sameSecret(sessionToken, token)) return accessKey;
  throw new AwsError("InvalidToken", "The provided token is malformed or otherwise invalid.", 400);
}

function checkTime({ timestamp, expires }: Authorization, now: number): void {
  const signedAt = parseTimestamp(timestamp) ?? 0;
  if (expires !== undefined) {
    if (signedAt > now + MAX_SKEW_MS) throw new AwsError("AccessDenied", "Request is not valid yet", 403);
    if (now > signedAt + expires * 1000) {
      throw new AwsError("AccessDenied", "Request has expired", 403, {
        Expires: spellTimestamp(signedAt + expires * 1000),
        ServerTime: spellTimestamp(now),
      });
    }
    return;
  }
  if (Math.abs(now - signedAt) > MAX_SKEW_MS) {
    throw new AwsError(
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
      403,
      {
        RequestTime: timestamp,
        ServerTime: spellTimestamp(now),
        MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
      },
    );
  }
}

/** S3 refuses `x-amz-` headers that the signature does not cover: they change what a request means. */
function checkSigned(headers: HeaderLists, { signedHeaders, scope, expires }: Authorization): void {
  if (scope.service !== "s3") return;
  const unsigned = [...headers.keys()].filter(
    (name) =>
      name.startsWith("x-amz-") &&
      !signedHeaders.includes(name) &&
      // The payload's hash is itself a line of what is signed; a presigned request leaves it open.
      !(name === "x-amz-content-sha256" && expires !== undefined),
  );
  if (unsigned.length === 0) return;
  throw new AwsError("AccessDenied", "There were headers present in the request which were not signed", 403, {
    HeadersNotSigned: unsigned.join(", "),
  });
}
