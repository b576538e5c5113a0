// What a client asks for is done, or refused by name.
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketOwnershipControlsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf, startTestS3, type TestS3 } from "./test-support.ts";

let s3: TestS3;
let client: S3Client;
beforeAll(async () => {
  s3 = await startTestS3();
  client = s3.client();
});
afterAll(async () => {
  expect(s3.logged).toEqual([]);
  await s3[Symbol.asyncDispose]();
});

const Bucket = "bucket";
const at = { Bucket, Key: "a" };
const part = { ...at, UploadId: "x", PartNumber: 1, Body: "x" };

test.each<[string, () => Promise<unknown>]>([
  [
    "CreateBucket with x-amz-bucket-object-lock-enabled",
    () => client.send(new CreateBucketCommand({ Bucket: "locked", ObjectLockEnabledForBucket: true })),
  ],
  [
    "CreateBucket with Tags",
    () =>
      client.send(
        new CreateBucketCommand({
          Bucket: "tagged",
          CreateBucketConfiguration: { Tags: [{ Key: "a", Value: "b" }] },
        }),
      ),
  ],
  [
    "PutObject with x-amz-object-lock-legal-hold",
    () => client.send(new PutObjectCommand({ ...at, Body: "x", ObjectLockLegalHoldStatus: "ON" })),
  ],
  [
    "PutObject with x-amz-server-side-encryption-aws-kms-key-id",
    () => client.send(new PutObjectCommand({ ...at, Body: "x", SSEKMSKeyId: "key" })),
  ],
  [
    "GetObject with x-amz-server-side-encryption-customer-algorithm",
    () => client.send(new GetObjectCommand({ ...at, SSECustomerAlgorithm: "AES256" })),
  ],
  [
    "UploadPart with x-amz-server-side-encryption-customer-algorithm",
    () => client.send(new UploadPartCommand({ ...part, SSECustomerAlgorithm: "AES256" })),
  ],
  ["DeleteObject with x-amz-mfa", () => client.send(new DeleteObjectCommand({ ...at, MFA: "serial 1" }))],
  [
    "default encryption by aws:kms",
    () =>
      client.send(
        new PutBucketEncryptionCommand({
          Bucket,
          ServerSideEncryptionConfiguration: {
            Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" } }],
          },
        }),
      ),
  ],
  [
    "S3 versioning",
    () =>
      client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } })),
  ],
])("a 501 names: %s", async (name, call) => {
  await expect(call()).rejects.toMatchObject({
    name: "NotImplemented",
    message: expect.stringContaining(name),
    $metadata: { httpStatusCode: 501, attempts: 1 },
  });
});

test("what is refused has not been done", async () => {
  const names = (await client.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name);
  expect(names).toEqual(["bucket"]);
});

test("the owner expected is the owner", async () => {
  const head = (ExpectedBucketOwner: string) =>
    client.send(new HeadBucketCommand({ Bucket, ExpectedBucketOwner }));
  expect(await codeOf(head("123456789012"))).toBe("none");
  await expect(head("210987654321")).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  const put = new PutObjectCommand({ ...at, Body: "x", ExpectedBucketOwner: "210987654321" });
  expect(await codeOf(client.send(put))).toBe("AccessDenied");
});

test("the ownership of a new bucket is the one asked for", async () => {
  const made = { Bucket: "owned" };
  await client.send(new CreateBucketCommand({ ...made, ObjectOwnership: "ObjectWriter" }));
  const { OwnershipControls } = await client.send(new GetBucketOwnershipControlsCommand(made));
  expect(OwnershipControls?.Rules).toEqual([{ ObjectOwnership: "ObjectWriter" }]);
});

test("buckets are listed by prefix and region, page by page", async () => {
  await using other = await startTestS3();
  const clients = other.client();
  for (const name of ["p-1", "p-2", "p-3"]) await other.s3.createBucketIfMissing(name);
  await clients.send(
    new CreateBucketCommand({
      Bucket: "p-far",
      CreateBucketConfiguration: { LocationConstraint: "eu-west-1" },
    }),
  );
  const list = async (more: object) => {
    const { Buckets = [], ContinuationToken } = await clients.send(new ListBucketsCommand(more));
    return { names: Buckets.map(({ Name }) => Name), ContinuationToken };
  };
  const first = await list({ Prefix: "p-", MaxBuckets: 3 });
  expect(first.names).toEqual(["p-1", "p-2", "p-3"]);
  const next = { Prefix: "p-", ContinuationToken: first.ContinuationToken };
  expect(await list(next)).toEqual({ names: ["p-far"], ContinuationToken: undefined });
  expect((await list({ BucketRegion: "eu-west-1" })).names).toEqual(["p-far"]);
});

describe("ListObjectVersions", () => {
  test("has every object once, as the version null, page by page", async () => {
    await using other = await startTestS3();
    const versions = other.client();
    for (const Key of ["a", "b/1", "b/2", "c"]) {
      await versions.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    }
    const list = (more: object) => versions.send(new ListObjectVersionsCommand({ Bucket, ...more }));
    const whole = await list({});
    expect(
      whole.Versions?.map(({ Key, VersionId, IsLatest, Size }) => [Key, VersionId, IsLatest, Size]),
    ).toEqual([
      ["a", "null", true, 1],
      ["b/1", "null", true, 3],
      ["b/2", "null", true, 3],
      ["c", "null", true, 1],
    ]);
    const first = await list({ Delimiter: "/", MaxKeys: 2 });
    expect([first.Versions?.map(({ Key }) => Key), first.CommonPrefixes, first.IsTruncated]).toEqual([
      ["a"],
      [{ Prefix: "b/" }],
      true,
    ]);
    const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = first;
    const second = await list({ Delimiter: "/", KeyMarker, VersionIdMarker });
    expect(second.Versions?.map(({ Key }) => Key)).toEqual(["c"]);
    expect(second.IsTruncated).toBe(false);
    const byVersion = new DeleteObjectCommand({ Bucket, Key: "c", VersionId: "null" });
    await versions.send(byVersion);
    expect((await list({ Prefix: "c" })).Versions).toBeUndefined();
  });

  test("needs a key for a version to go on from", async () => {
    expect(
      await codeOf(client.send(new ListObjectVersionsCommand({ Bucket, VersionIdMarker: "null" }))),
    ).toBe("InvalidArgument");
  });
});

describe("a bucket's policy", () => {
  const statement = {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  const put = (change: object) => {
    const Policy = JSON.stringify({ Statement: [{ ...statement, ...change }] });
    return codeOf(client.send(new PutBucketPolicyCommand({ Bucket, Policy })));
  };

  test("is taken", async () => {
    expect(await put({})).toBe("none");
  });

  test.each([
    { Principal: undefined },
    { Principal: { Nobody: "x" } },
    { Resource: "arn:aws:s3:::other/*" },
    { Resource: undefined },
    { Action: "ec2:Run" },
    { Condition: { Perhaps: { a: "b" } } },
    { Effect: "Never" },
  ])("is refused with %j", async (change) => {
    expect(await put(change)).toBe("MalformedPolicy");
  });
});
