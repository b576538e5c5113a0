import { UserError } from "../errors.ts";
import type { Sourced } from "../settings.ts";
import { isDenied, refusalOf } from "./errors.ts";
import { isCuredByAllowing, quoteRefusal } from "./refusal.ts";
import { adviseOnRefusal, encryptionAdvice } from "./refusal-advice.ts";

/** Whether a request failed because there is no such bucket. */
export function isNoBucket(error: unknown): boolean {
  return error instanceof Error && (error.name === "NoSuchBucket" || isNoBucket(error.cause));
}

/** Whether the bucket does not let the user upload. Where that is for want of another permission (its key's), it is not that. */
export function isBucketClosed(error: unknown): boolean {
  return closedBy(error) !== undefined;
}

/** Why it does not, if it does not. */
function closedBy(error: unknown) {
  if (!(error instanceof UserError)) return undefined;
  const { cause } = error;
  if (!(cause instanceof Error) || cause.name !== "AccessDenied" || !isDenied(cause)) return undefined;
  const refusal = refusalOf(cause);
  return (refusal.action ?? "s3:PutObject") === "s3:PutObject" ? refusal : undefined;
}

/** What to say of a failure that is the bucket's: it does not exist, lies in another region, or is closed. Any other as it is. */
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
  const permission = "s3:PutObject";
  const refusal = closedBy(error);
  const isUnallowed = refusal?.effect !== "explicit deny" && refusal?.policy === "resource";
  if (refusal !== undefined && (isCuredByAllowing(refusal) || isUnallowed)) {
    // Names of buckets are shared by all the world, the default among them.
    return new UserError(
      `You may not upload to the S3 bucket "${name}" (from ${source}): either it is somebody else's, or nobody has allowed you to.${quoteRefusal(refusal)}`,
      {
        hint: `Name your own with --aws-batch-s3-bucket. Where this is yours, ask the administrator of your AWS account for the permission s3:PutObject: the policy NextstrainJobsAccessToBucket grants it.${encryptionAdvice(refusal, permission)}`,
        cause: error,
      },
    );
  }
  if (refusal !== undefined) {
    return new UserError(
      `You may not upload to the S3 bucket "${name}" (from ${source}).${quoteRefusal(refusal)}`,
      {
        hint: `${adviseOnRefusal(refusal, { permission })}${encryptionAdvice(refusal, permission)} If the bucket is not yours, name your own with --aws-batch-s3-bucket.`,
        cause: error,
      },
    );
  }
  if (error instanceof Error && error.cause instanceof Error && error.cause.name === "PermanentRedirect") {
    return new UserError(`The S3 bucket "${name}" (from ${source}) is not in the region ${region}.`, {
      hint: "Set AWS_DEFAULT_REGION to the region that your bucket and job queue are in.",
      cause: error,
    });
  }
  return error;
}
