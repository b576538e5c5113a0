import { expect, test } from "vitest";
import { bucketOfHost } from "./virtual-host.ts";

test.each([
  ["localhost:4000", undefined],
  ["127.0.0.1:4000", undefined],
  ["s3.localhost", undefined],
  ["s3.us-east-1.localhost", undefined],
  ["bucket.localhost:4000", "bucket"],
  ["my.bucket.s3.localhost:4000", "my.bucket"],
  ["bucket.s3.eu-west-1.localhost", "bucket"],
  ["bucket.s3.localhost.example.org", undefined],
])("the bucket of %s is %s", (host, bucket) => {
  expect(bucketOfHost(host)).toBe(bucket);
});
