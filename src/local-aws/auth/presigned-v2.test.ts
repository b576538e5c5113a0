// The query string example of "Signing and authenticating REST requests (AWS signature version 2)", S3 User Guide.
import { expect, test } from "vitest";
import type { AwsError, Principal } from "../http.ts";
import { parsePresignedV2, verifyPresignedV2 } from "./presigned-v2.ts";
import { parseTarget } from "./target.ts";

const principal: Principal = {
  kind: "user",
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  arn: "arn:aws:iam::1:user/a",
};
const EXPIRES = 1175139620;
const QUERY = `?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=${EXPIRES}`;

function verify(path: string, { host = "localhost", now = EXPIRES * 1000, method = "GET" } = {}): string {
  const target = parseTarget(`${path}${QUERY}`);
  const presigned = parsePresignedV2(target);
  if (presigned === undefined) return "not presigned";
  const keys = () => ({ secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", principal });
  try {
    const request = { method, target, headers: new Map([["host", [host]]]) };
    return verifyPresignedV2(request, presigned, keys, now).accessKeyId;
  } catch (error) {
    return (error as AwsError).code;
  }
}

test("is accepted as AWS computes it, the bucket in the path or in the host", () => {
  expect(verify("/johnsmith/photos/puppy.jpg")).toBe(principal.accessKeyId);
  expect(verify("/photos/puppy.jpg", { host: "johnsmith.s3.localhost:4000" })).toBe(principal.accessKeyId);
});

test("is refused for anything else, or too late", () => {
  expect(verify("/johnsmith/photos/kitten.jpg")).toBe("SignatureDoesNotMatch");
  expect(verify("/johnsmith/photos/puppy.jpg", { method: "PUT" })).toBe("SignatureDoesNotMatch");
  expect(verify("/johnsmith/photos/puppy.jpg", { now: EXPIRES * 1000 + 1 })).toBe("AccessDenied");
});
