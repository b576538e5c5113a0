import { AwsError } from "../http.ts";

type Words = readonly [code: string, message: string, status: number];

interface ServiceErrors {
  readonly throttled: Words;
  readonly internal: Words;
  readonly unavailable: Words;
  readonly expired: Words;
}

const expiredToken = "The security token included in the request is expired";

/** How services say so themselves: "Common Errors" of each API reference, and what clients have been seen to get. */
const errors: Readonly<Record<string, ServiceErrors>> = {
  s3: {
    throttled: ["SlowDown", "Please reduce your request rate.", 503],
    internal: ["InternalError", "We encountered an internal error. Please try again.", 500],
    unavailable: ["SlowDown", "Please reduce your request rate.", 503],
    expired: ["ExpiredToken", "The provided token has expired.", 400],
  },
  batch: {
    throttled: ["TooManyRequestsException", "Too Many Requests", 429],
    internal: ["ServerException", "An internal server error occurred.", 500],
    unavailable: ["ServiceUnavailableException", "The service is temporarily unavailable.", 503],
    expired: ["ExpiredTokenException", expiredToken, 403],
  },
  logs: {
    throttled: ["ThrottlingException", "Rate exceeded", 400],
    internal: ["InternalFailure", "The request processing has failed because of an unknown error.", 500],
    unavailable: ["ServiceUnavailableException", "The service cannot complete the request.", 503],
    expired: ["ExpiredTokenException", expiredToken, 400],
  },
};

/** The query protocols: STS, IAM, … */
const queryErrors: ServiceErrors = {
  throttled: ["Throttling", "Rate exceeded", 400],
  internal: ["InternalFailure", "The request processing has failed because of an unknown error.", 500],
  unavailable: [
    "ServiceUnavailable",
    "The request has failed due to a temporary failure of the server.",
    503,
  ],
  expired: ["ExpiredToken", expiredToken, 403],
};

export function faultError(service: string, kind: keyof ServiceErrors): AwsError {
  const [code, message, status] = (errors[service] ?? queryErrors)[kind];
  return new AwsError(code, message, status);
}
