import { AwsError } from "../http.ts";

/** How a service words its errors: S3's own way, the JSON protocols' (Batch, Logs), or the query protocol's (STS, IAM). */
type Wording = "s3" | "json" | "query";

function wordingOf(service: string): Wording {
  if (service === "s3") return "s3";
  return ["sts", "iam", "cloudformation", "ec2"].includes(service) ? "query" : "json";
}

type Names = readonly [json: string, query: string];

/** S3's codes on the left ("Common Errors" of each service's API reference). */
const NAMES: Readonly<Record<string, Names>> = {
  InvalidAccessKeyId: ["UnrecognizedClientException", "InvalidClientTokenId"],
  InvalidToken: ["UnrecognizedClientException", "InvalidClientTokenId"],
  SignatureDoesNotMatch: ["InvalidSignatureException", "SignatureDoesNotMatch"],
  XAmzContentSHA256Mismatch: ["InvalidSignatureException", "SignatureDoesNotMatch"],
  RequestTimeTooSkewed: ["InvalidSignatureException", "SignatureDoesNotMatch"],
  AuthorizationHeaderMalformed: ["IncompleteSignatureException", "IncompleteSignature"],
  AuthorizationQueryParametersError: ["IncompleteSignatureException", "IncompleteSignature"],
  MissingAuthenticationToken: ["MissingAuthenticationTokenException", "MissingAuthenticationToken"],
};

/** An anonymous request. */
export function missingAuthentication(service: string): AwsError {
  if (service === "s3") return new AwsError("AccessDenied", "Access Denied", 403);
  return authErrorFor(
    service,
    new AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403),
  );
}

/** The same failure with the code that clients of that service know. */
export function authErrorFor(service: string, error: AwsError): AwsError {
  const names = NAMES[error.code];
  const wording = wordingOf(service);
  if (wording === "s3" || names === undefined) return error;
  return new AwsError(names[wording === "json" ? 0 : 1], error.message, 403);
}
