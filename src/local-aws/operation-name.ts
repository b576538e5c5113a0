import { batchOperation } from "./batch/operation-name.ts";
import type { ServiceRequest } from "./http.ts";
import { detectOperation } from "./s3/operation.ts";
import { bucketOfHost } from "./virtual-host.ts";

/** Bucket and key that a request to S3 names, in its path or its host. */
export function s3Place({ path, headers }: Pick<ServiceRequest, "path" | "headers">): {
  readonly bucketName: string;
  readonly key: string;
} {
  const host = bucketOfHost(headers.host);
  const full = host === undefined ? path.slice(1) : `${host}${path}`;
  const slash = full.indexOf("/");
  return slash < 0
    ? { bucketName: full, key: "" }
    : { bucketName: full.slice(0, slash), key: full.slice(slash + 1) };
}

/**
 * The operation that a request asks for, by AWS's name as far as it shows without a look into the body. Batch's paths are in lower
 * case (`describejobs`); the query protocols (STS, IAM) keep it in the body, and give an empty name.
 */
export function operationName(
  service: string,
  request: Pick<ServiceRequest, "method" | "path" | "query" | "headers">,
): string {
  const target = request.headers["x-amz-target"];
  if (typeof target === "string") return target.slice(target.indexOf(".") + 1);
  if (service === "batch") return batchOperation(request.method, request.path);
  if (service !== "s3") return "";
  const detected = detectOperation({ ...request, ...s3Place(request) });
  return "operation" in detected ? detected.operation : detected.missing.replace(/^S3 /, "");
}
