import {
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { type Encryption, encryptUploads, parseEncryption } from "./encryption.ts";

const from = (source: string) => (value: string | undefined) =>
  value === undefined ? undefined : { value, source };
const parse = (sse: string | undefined, key: string | undefined) =>
  parseEncryption(from("NEXTSTRAIN_AWS_BATCH_SSE")(sse), from("NEXTSTRAIN_AWS_BATCH_KMS_KEY_ID")(key));

test.each([
  [undefined, undefined, undefined],
  ["AES256", undefined, { algorithm: "AES256", keyId: undefined }],
  ["aws:kms", "alias/lab", { algorithm: "aws:kms", keyId: "alias/lab" }],
  ["aws:kms:dsse", undefined, { algorithm: "aws:kms:dsse", keyId: undefined }],
  // A key is KMS's.
  [undefined, "alias/lab", { algorithm: "aws:kms", keyId: "alias/lab" }],
])("sse %s with the key %s", (sse, key, expected) => {
  expect(parse(sse, key)).toEqual(expected);
});

test.each([
  ["kms", undefined, '"kms" (from NEXTSTRAIN_AWS_BATCH_SSE)'],
  ["AES256", "alias/lab", "NEXTSTRAIN_AWS_BATCH_KMS_KEY_ID names a key"],
])("sse %s with the key %s is refused", (sse, key, message) => {
  expect(() => parse(sse, key)).toThrow(message);
});

test("the headers are on what begins an object, with the key, and not where a request names its own", async () => {
  const algorithm = "x-amz-server-side-encryption";
  const key = `${algorithm}-aws-kms-key-id`;
  const seen: Record<string, string>[] = [];
  const s3 = new S3Client({
    region: "us-east-1",
    credentials: { accessKeyId: "AKIA", secretAccessKey: "secret" },
    requestHandler: {
      async handle({ headers }: { readonly headers: Record<string, string> }) {
        seen.push(headers);
        throw Object.assign(new Error("seen"), { $retryable: undefined });
      },
    } as never,
    maxAttempts: 1,
  });
  const encryption: Encryption = { algorithm: "aws:kms", keyId: "alias/lab" };
  encryptUploads(s3, encryption);
  const object = { Bucket: "b", Key: "k" };
  const upload = { ...object, UploadId: "1", PartNumber: 1, Body: "x" };
  const own = { ...object, Body: "x", ServerSideEncryption: undefined };
  await s3.send(new PutObjectCommand({ ...object, Body: "x" })).catch(() => {});
  await s3.send(new CreateMultipartUploadCommand(object)).catch(() => {});
  await s3.send(new UploadPartCommand(upload)).catch(() => {});
  await s3.send(new PutObjectCommand(own)).catch(() => {});
  expect(seen.map((headers) => [headers[algorithm], headers[key]])).toEqual([
    ["aws:kms", "alias/lab"],
    ["aws:kms", "alias/lab"],
    [undefined, undefined],
    [undefined, undefined],
  ]);
});
