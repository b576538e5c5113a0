import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  GetObjectTorrentCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
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

describe("a bucket", () => {
  test("is made, found, listed and deleted", async () => {
    const made = { Bucket: "made-here" };
    await client.send(new CreateBucketCommand(made));
    expect((await client.send(new HeadBucketCommand(made))).BucketRegion).toBe("us-east-1");
    const names = (await client.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name);
    expect(names).toEqual(["bucket", "made-here"]);
    await client.send(new PutObjectCommand({ ...made, Key: "a", Body: "1" }));
    expect(await codeOf(client.send(new DeleteBucketCommand(made)))).toBe("BucketNotEmpty");
    expect(await codeOf(client.send(new DeleteBucketCommand({ Bucket: "other" })))).toBe("NoSuchBucket");
    expect(await codeOf(client.send(new HeadBucketCommand({ Bucket: "other" })))).toBe("NotFound");
  });

  test("is where it was asked to be, and cannot be made twice there", async () => {
    const made = {
      Bucket: "far-away",
      CreateBucketConfiguration: { LocationConstraint: "eu-west-1" },
    } as const;
    await client.send(new CreateBucketCommand(made));
    const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket: made.Bucket }));
    expect(LocationConstraint).toBe("eu-west-1");
    expect(await codeOf(client.send(new CreateBucketCommand(made)))).toBe("BucketAlreadyOwnedByYou");
  });

  test.each(["ab", "Upper", "a..b", "192.168.0.1", "under_score"])("cannot be called %s", async (name) => {
    expect(await codeOf(client.send(new CreateBucketCommand({ Bucket: name })))).toBe("InvalidBucketName");
  });
});

describe("configurations", () => {
  test("of a new bucket are AWS's", async () => {
    const block = await client.send(new GetPublicAccessBlockCommand({ Bucket }));
    expect(block.PublicAccessBlockConfiguration?.BlockPublicPolicy).toBe(true);
    const encryption = await client.send(new GetBucketEncryptionCommand({ Bucket }));
    const [rule] = encryption.ServerSideEncryptionConfiguration?.Rules ?? [];
    expect(rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe("AES256");
    expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
    const lifecycle = client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    expect(await codeOf(lifecycle)).toBe("NoSuchLifecycleConfiguration");
  });

  test("are stored and given back, after a restart too", async () => {
    await using first = await startTestS3();
    const Rules = [{ ID: "x", Status: "Enabled", Filter: { Prefix: "" }, Expiration: { Days: 30 } }] as const;
    const LifecycleConfiguration = { Rules: [...Rules] };
    await first.client().send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
    await using second = await first.restart();
    const stored = await second.client().send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    expect(stored.Rules).toEqual(Rules);
  });

  test("a policy says whether it makes the bucket public", async () => {
    const status = () => client.send(new GetBucketPolicyStatusCommand({ Bucket }));
    expect(await codeOf(status())).toBe("NoSuchBucketPolicy");
    const Statement = [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "*" }];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    expect((await client.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy);
    expect((await status()).PolicyStatus?.IsPublic).toBe(true);
    await client.send(new DeleteBucketPolicyCommand({ Bucket }));
    expect(await codeOf(status())).toBe("NoSuchBucketPolicy");
    expect(await codeOf(client.send(new PutBucketPolicyCommand({ Bucket, Policy: "{" })))).toBe(
      "MalformedPolicy",
    );
  });
});

test("versioning is never enabled at first, and may be suspended", async () => {
  const status = async () => (await client.send(new GetBucketVersioningCommand({ Bucket }))).Status;
  expect(await status()).toBeUndefined();
  const suspended = { VersioningConfiguration: { Status: "Suspended" } } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket, ...suspended }));
  expect(await status()).toBe("Suspended");
});

test.each([
  ["GetBucketCors", () => client.send(new GetBucketCorsCommand({ Bucket }))],
  ["GetObjectTorrent", () => client.send(new GetObjectTorrentCommand({ Bucket, Key: "a" }))],
  ["GetBucketWebsite", () => client.send(new GetBucketWebsiteCommand({ Bucket }))],
  [
    "S3 PutObject with x-amz-tagging",
    () => client.send(new PutObjectCommand({ Bucket, Key: "a", Body: "", Tagging: "a=b" })),
  ],
])("%s is named as not implemented", async (name, call) => {
  await expect(call()).rejects.toMatchObject({
    name: "NotImplemented",
    message: expect.stringContaining(name),
    $metadata: { httpStatusCode: 501 },
  });
});
