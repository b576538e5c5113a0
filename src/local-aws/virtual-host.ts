/**
 * The bucket that a Host header names ("Virtual hosting of general purpose buckets", S3 User Guide), under the names
 * that local AWS goes by: `bucket.localhost`, `bucket.s3.localhost`, `bucket.s3.us-east-1.localhost`.
 *
 * @returns undefined for path-style requests
 */
export function bucketOfHost(host: string | undefined): string | undefined {
  const name = host?.toLowerCase().replace(/:\d*$/, "") ?? "";
  const match = /^(?:(.+)\.)?s3(?:[.-][a-z0-9-]+)?\.localhost$/.exec(name) ?? /^(.+)\.localhost$/.exec(name);
  return match?.[1];
}
