import { CancelledError, UserError } from "../errors.ts";
import { quoteRefusal, type Refusal, readRefusal, UNEXPLAINED } from "./refusal.ts";
import { adviseOnRefusal, encryptionAdvice } from "./refusal-advice.ts";

/** An error as the AWS SDK throws it: a service's answer, or a failure on the way there. */
interface SdkError extends Error {
  readonly code?: string;
  readonly $fault?: "client" | "server";
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: { readonly throttling?: boolean };
  readonly $response?: unknown;
}

const NETWORK = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
  "EPROTO",
  "EPIPE",
  "ETIMEDOUT",
]);

const THROTTLED = new Set([
  "ThrottlingException",
  "Throttling",
  "TooManyRequestsException",
  "SlowDown",
  "RequestLimitExceeded",
]);

/** The server's certificate is signed by nobody that is trusted here (OpenSSL's and Node's names). */
const UNTRUSTED = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** Nobody answered in time: one try of a request, or all of them. */
const SILENT = new Set(["TimeoutError", "SilenceError"]);

/** The program's own name for an answer that can't be read. */
const GARBLED = "GarbledAnswer";

const EXPIRED = new Set(["ExpiredToken", "ExpiredTokenException", "RequestExpired"]);
const REJECTED = new Set([
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "InvalidSignatureException",
  "UnrecognizedClientException",
  "InvalidClientTokenId",
  "InvalidToken",
  "AuthFailure",
]);
/** The SDK goes by the server's clock once it knows it, so that this comes up only where that is of no help. */
const SKEWED = new Set(["RequestTimeTooSkewed", "RequestInTheFuture"]);
const DENIED = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "UnauthorizedOperation",
  "Forbidden",
  "AllAccessDisabled",
]);

/** Names of errors: credentials could not be had at all, by SSO's or another provider. */
export const NO_CREDENTIALS: ReadonlySet<string> = new Set([
  "CredentialsProviderError",
  "TokenProviderError",
  "ProviderError",
]);

/** What the answer's error code was, or the network's; undefined for anything that isn't AWS's doing. */
function awsErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, code, $metadata } = error as SdkError;
  if (code !== undefined && (NETWORK.has(code) || UNTRUSTED.has(code))) return code;
  if (SILENT.has(name) || NO_CREDENTIALS.has(name)) return name;
  // No HTTP at all (Node's parser), or a page of a hotel's network in place of JSON or XML (the SDK's).
  if (code?.startsWith("HPE_") || "$responseBodyText" in error) return GARBLED;
  // A parser's complaint about an answer has the language's own name.
  if ($metadata?.httpStatusCode !== undefined && /^(?:Syntax|Type|Range)?Error$/.test(name)) return GARBLED;
  return $metadata === undefined ? undefined : name;
}

/** Whether the same request may well succeed later: the network, throttling, or a fault of the service's. */
export function isTransient(error: unknown): boolean {
  const code = awsErrorCode(error);
  if (code === undefined) return false;
  const { $fault, $metadata } = error as SdkError;
  const status = $metadata?.httpStatusCode ?? 0;
  return (
    NETWORK.has(code) ||
    SILENT.has(code) ||
    code === GARBLED ||
    THROTTLED.has(code) ||
    $fault === "server" ||
    status >= 500
  );
}

/** Whether AWS does not take the credentials, or there are none now: the same request may succeed with renewed ones. */
export function isCredentialFailure(error: unknown): boolean {
  const code = awsErrorCode(error);
  if (code === undefined) return error instanceof UserError && isCredentialFailure(error.cause);
  return EXPIRED.has(code) || REJECTED.has(code) || NO_CREDENTIALS.has(code);
}

/** Whether AWS does not know the credentials, expired ones aside. */
export function isRejection(error: unknown): boolean {
  const code = awsErrorCode(error);
  return code !== undefined && REJECTED.has(code);
}

/** Whether AWS took the credentials, and does not allow this request. */
export function isDenied(error: unknown): boolean {
  const code = awsErrorCode(error);
  if (code === undefined) return false;
  // An answer to HEAD has no body that could name the error.
  return DENIED.has(code) || (isNameless(code) && (error as SdkError).$metadata?.httpStatusCode === 403);
}

function isNameless(code: string): boolean {
  return code === "Unknown" || code === "UnknownError" || code === "403";
}

/** Why AWS refused what {@link isDenied}, as far as it says so. */
export function refusalOf(error: unknown): Refusal {
  const code = awsErrorCode(error);
  // The message of such an answer is the SDK's.
  if (code === undefined || isNameless(code) || !(error instanceof Error)) return UNEXPLAINED;
  return readRefusal(error.message);
}

/** Whether an answer refuses the request and is not AWS's: the page of a firewall, say. */
export function isForeignRefusal(error: unknown): boolean {
  const { httpStatusCode = 0 } = (error as SdkError | undefined)?.$metadata ?? {};
  return awsErrorCode(error) === GARBLED && httpStatusCode >= 400 && httpStatusCode < 500;
}

/** Whether AWS failed, or something on the way to it, and not this program. */
export function isAnswered(error: unknown): boolean {
  return awsErrorCode(error) !== undefined || error instanceof UserError;
}

/** Why a request failed, in a few words: those of AWS and of the network, and none of a parser's. */
export function shortReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = awsErrorCode(error);
  if (code === undefined) return error.message.replace(/\.$/, "") || error.name;
  const status = (error as SdkError).$metadata?.httpStatusCode;
  if (code === GARBLED) {
    const shown = status === undefined ? "" : ` (HTTP status ${status})`;
    return `the answer${shown} can't be read, so something else than AWS gave it, or it was cut off`;
  }
  if (isNameless(code)) return `HTTP status ${status}, and no reason given`;
  // The SDK's words on a time limit are about its own insides.
  return code === "TimeoutError" ? "it does not answer" : error.message || code;
}

/** Whether a connection's error of this code says that nobody who is trusted here vouches for the server. */
export function isUntrusted(code: string | undefined): boolean {
  return code !== undefined && UNTRUSTED.has(code);
}

/** Whether AWS answered that there is no such thing. */
export function isAbsent(error: unknown): boolean {
  const code = awsErrorCode(error);
  return code !== undefined && /^NoSuch\w+$|NotFound(Error|Exception)?$/.test(code);
}

/** Whether the service itself answered that it has failed, and not something on the way to it. */
export function isServerFault(error: unknown): boolean {
  const code = awsErrorCode(error);
  if (code === undefined || code === GARBLED || SILENT.has(code) || NETWORK.has(code)) return false;
  const { $fault, $metadata } = error as SdkError;
  // A proxy or a load balancer names no error.
  return code !== "UnknownError" && ($fault === "server" || ($metadata?.httpStatusCode ?? 0) >= 500);
}

/** Whether nobody listens where the request went. */
export function wasRefused(error: unknown): boolean {
  return awsErrorCode(error) === "ECONNREFUSED";
}

/** Whether the request was certainly not carried out, so that sending it again can't do a thing twice. */
export function wasNotCarriedOut(error: unknown): boolean {
  const code = awsErrorCode(error);
  return (
    code === "ECONNREFUSED" ||
    code === "ENOTFOUND" ||
    code === "EAI_AGAIN" ||
    (code !== undefined && THROTTLED.has(code))
  );
}

/**
 * Runs a request; a failure becomes a UserError that says what was being done ("read the job queue x") and what to do
 * next. Bugs, and cancelling by the user, pass through as they are.
 */
export async function explained<T>(
  doing: string,
  signal: AbortSignal,
  request: () => Promise<T>,
): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw explainAwsError(error, doing);
  }
}

/** See {@link explained}. */
export function explainAwsError(error: unknown, doing: string): unknown {
  if (error instanceof UserError || error instanceof CancelledError) return error;
  const code = awsErrorCode(error);
  if (code === undefined || !(error instanceof Error)) return error;
  const explain = (message: string, hint: string) => new UserError(message, { hint, cause: error });

  if (NO_CREDENTIALS.has(code)) {
    return explain(
      "No AWS credentials were found.",
      "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or put keys into ~/.aws/credentials. To try builds without an account: nextstrain build --aws-batch --local-aws <directory>",
    );
  }
  if (EXPIRED.has(code)) {
    return explain(
      `The AWS credentials have expired: could not ${doing}.`,
      "Renew them (for SSO: `aws sso login`) and try again.",
    );
  }
  if (REJECTED.has(code)) {
    return explain(
      `AWS does not accept the credentials in use (${code}): could not ${doing}.`,
      "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile; `aws sts get-caller-identity` shows who you are to AWS.",
    );
  }
  if (SKEWED.has(code)) {
    return explain(
      `AWS refuses what this computer asks, since its clock is wrong: could not ${doing}.`,
      "Set the computer's date and time (best by the network), and try again.",
    );
  }
  if (isDenied(error)) {
    const refusal = refusalOf(error);
    const allowing = "; the three Nextstrain policies grant all that a build needs.";
    return explain(
      `AWS does not allow you to ${doing} (${code}).${quoteRefusal(refusal)}`,
      adviseOnRefusal(refusal, { allowing }) + encryptionAdvice(refusal),
    );
  }
  if (UNTRUSTED.has(code)) {
    return explain(
      `Could not ${doing}: the server's certificate is not trusted (${code}).`,
      "Where a proxy of your network opens encrypted connections, set AWS_CA_BUNDLE to the file of its certificates (PEM).",
    );
  }
  if (code === GARBLED) {
    return explain(
      `Could not ${doing}: ${shortReason(error)}.`,
      "Check the network connection: some networks want you to log in by a browser first, and firewalls answer for servers that they block.",
    );
  }
  if (NETWORK.has(code) || SILENT.has(code)) {
    return explain(
      `Could not ${doing}: AWS can't be reached (${shortReason(error)}).`,
      "Check the network connection, and the region.",
    );
  }
  if (isNameless(code)) {
    return explain(`Could not ${doing}: ${shortReason(error)}.`, "NEXTSTRAIN_DEBUG=1 shows the details.");
  }
  return explain(
    `Could not ${doing}: ${error.message || "AWS gave no reason"} (${code}).`,
    "NEXTSTRAIN_DEBUG=1 shows the details.",
  );
}
