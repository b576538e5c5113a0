import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { leaveBodiesUnsigned } from "./unsigned-body.ts";

test.each([
  ["https://storage.example", false, "UNSIGNED-PAYLOAD"],
  ["http://127.0.0.1:9", true, "UNSIGNED-PAYLOAD"],
  ["http://storage.example", false, expect.stringMatching(/^[0-9a-f]{64}$/)],
])("what goes to %s (on this computer: %s) is signed as %s", async (endpoint, isOnThisComputer, expected) => {
  const headers = await headersOf(endpoint, isOnThisComputer, "CRC32");
  expect(headers["x-amz-checksum-crc32"]).toBeDefined();
  expect(headers["x-amz-content-sha256"]).toEqual(expected);
});

test("a body that no CRC-32 protects stays signed", async () => {
  const headers = await headersOf("https://storage.example", true, "SHA1");
  expect(headers["x-amz-content-sha256"]).toMatch(/^[0-9a-f]{64}$/);
});

async function headersOf(endpoint: string, isOnThisComputer: boolean, ChecksumAlgorithm: "CRC32" | "SHA1") {
  let sent: Record<string, string> = {};
  const s3 = new S3Client({
    region: "us-east-1",
    endpoint,
    forcePathStyle: true,
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    maxAttempts: 1,
    requestHandler: {
      handle(request: { headers: Record<string, string> }) {
        sent = request.headers;
        return Promise.reject(new Error("not sent"));
      },
    },
  });
  leaveBodiesUnsigned(s3, isOnThisComputer);
  const put = new PutObjectCommand({
    Bucket: "bucket",
    Key: "key",
    Body: Buffer.from("text"),
    ChecksumAlgorithm,
  });
  await expect(s3.send(put)).rejects.toThrow("not sent");
  return sent;
}
