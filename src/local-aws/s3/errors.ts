import { AwsError, type ServiceResponse } from "../http.ts";
import { renderXml } from "../xml.ts";

/** S3's errors ("Error responses", S3 API Reference), where more than one operation has them. */

export function noSuchBucket(bucketName: string): AwsError {
  return new AwsError("NoSuchBucket", "The specified bucket does not exist", 404, { BucketName: bucketName });
}

export function noSuchKey(key: string): AwsError {
  return new AwsError("NoSuchKey", "The specified key does not exist.", 404, { Key: key });
}

export function noSuchUpload(uploadId: string): AwsError {
  return new AwsError(
    "NoSuchUpload",
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    404,
    { UploadId: uploadId },
  );
}

export function preconditionFailed(condition: string): AwsError {
  return new AwsError(
    "PreconditionFailed",
    "At least one of the pre-conditions you specified did not hold",
    412,
    { Condition: condition },
  );
}

export function invalidArgument(message: string, name: string, value: string): AwsError {
  return new AwsError("InvalidArgument", message, 400, { ArgumentName: name, ArgumentValue: value });
}

export function invalidRequest(message: string): AwsError {
  return new AwsError("InvalidRequest", message);
}

/** An error body as S3 words it. */
export function renderS3Error(
  error: AwsError,
  { path, requestId }: { readonly path: string; readonly requestId: string },
): ServiceResponse {
  return {
    status: error.status,
    headers: { "content-type": "application/xml" },
    body: renderXml("Error", {
      Code: error.code,
      Message: error.message,
      ...error.details,
      Resource: path,
      RequestId: requestId,
      HostId: "local-aws",
    }),
  };
}
