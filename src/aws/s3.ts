import { UserError } from "../errors.ts";
import type { Sourced } from "../settings.ts";

/** Whether a request failed because there is no such bucket. */
export function isNoBucket(error: unknown): boolean {
  return error instanceof Error && (error.name === "NoSuchBucket" || isNoBucket(error.cause));
}

/** What to say of a failure that is the bucket's: it does not exist, or lies in another region. Any other as it is. */
export function explainBucketError(
  error: unknown,
  { value: name, source }: Sourced<string>,
  region: string,
): unknown {
  if (isNoBucket(error)) {
    return new UserError(`There is no S3 bucket "${name}" (from ${source}).`, {
      hint: "Check the name, or name another with --aws-batch-s3-bucket.",
      cause: error,
    });
  }
  if (error instanceof Error && error.cause instanceof Error && error.cause.name === "PermanentRedirect") {
    return new UserError(`The S3 bucket "${name}" (from ${source}) is not in the region ${region}.`, {
      hint: "Set AWS_DEFAULT_REGION to the region that your bucket and job queue are in.",
      cause: error,
    });
  }
  return error;
}
