import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

/**
 * Who signed a request: local AWS's owner or a job without a role, who may do everything, or a user or role of IAM, who may do what
 * their policies allow.
 */
export interface Principal {
  readonly kind: "user" | "job" | "iam-user" | "role";
  /** In IAM. */
  readonly name?: string;
  readonly accessKeyId: string;
  /** Amazon resource name, as STS would say it. */
  readonly arn: string;
}

/** A request whose signature has been verified. */
export interface ServiceRequest {
  readonly method: string;
  /** Percent-decoded path, beginning with `/`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /**
   * The payload: aws-chunked framing removed, and its hash, chunk signatures and trailers verified as it is read
   * (it fails with an AwsError where they don't match).
   */
  readonly body: AsyncIterable<Uint8Array>;
  readonly principal: Principal;
  /** Trailing headers of an aws-chunked body, complete once `body` has ended. */
  readonly trailers: ReadonlyMap<string, string>;
  readonly requestId: string;
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable;
}

/** One AWS service, chosen by the service name in the credential scope of the signature. */
export interface Service {
  readonly name: string;
  handle(request: ServiceRequest): Promise<ServiceResponse>;
  /** How an error looks on this service's wire (XML for S3 and STS, JSON for Batch and Logs). */
  renderError(
    error: AwsError,
    request: { readonly path: string; readonly requestId: string },
  ): ServiceResponse;
  /** Writes what is not yet on disk. */
  close(): Promise<void>;
}

/** An error with the code and status that AWS gives it. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly code: string;
  readonly status: number;
  /** Further elements of the error body (`BucketName`, `Key`, …). */
  readonly details: Readonly<Record<string, string>>;

  constructor(code: string, message: string, status = 400, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** An operation that AWS has and local AWS lacks: a 501 that names it. */
export function notImplemented(operation: string): AwsError {
  return new AwsError("NotImplemented", `Local AWS does not implement ${operation}.`, 501);
}
