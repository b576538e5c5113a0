import { createHash } from "node:crypto";
import { cp } from "node:fs/promises";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
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

let count = 0;
let Bucket = "";
/** A bucket for each test. */
beforeEach(async () => {
  count += 1;
  Bucket = `bucket-${count}`;
  await s3.s3.createBucketIfMissing(Bucket);
});

const put = (Key: string, Body: string, more: Partial<PutObjectCommandInput> = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  client.send(new GetObjectCommand({ Bucket, Key, ...more }));
const textOf = async (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  (await get(Key, more)).Body?.transformToString();
const head = (Key: string) => client.send(new HeadObjectCommand({ Bucket, Key }));
const statusOf = (call: Promise<unknown>) =>
  call.then(
    () => 200,
    (error: { $metadata: { httpStatusCode?: number } }) => error.$metadata.httpStatusCode,
  );
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

describe("an object", () => {
  test("may have headers in UTF-8, which are signed as such", async () => {
    // Node sends this one as UTF-8, and reads what comes back as Latin-1.
    await put("utf-8", "x", { Metadata: { where: "Zürich" } });
    const { Metadata } = await head("utf-8");
    expect(Buffer.from(Metadata?.where ?? "", "latin1").toString()).toBe("Zürich");
  });

  test("comes back as it was put, with its headers and metadata", async () => {
    await put("a", "hello", {
      ContentType: "text/plain",
      CacheControl: "no-store",
      ContentEncoding: "identity",
      Metadata: { run: "1 2" },
    });
    const object = await get("a");
    expect(await object.Body?.transformToString()).toBe("hello");
    expect(object).toMatchObject({
      ETag: `"${md5("hello")}"`,
      ContentLength: 5,
      ContentType: "text/plain",
      CacheControl: "no-store",
      ContentEncoding: "identity",
      Metadata: { run: "1 2" },
    });
    expect(object.$metadata.requestId).toMatch(/^[0-9A-F]{16}$/);
  });

  test.each(["a b+c", "x&<>\"'y", "ü/日本", "..//z/../", "%41", "a\rb\n", "😀", "?#", "(!*')"])(
    "may have the key %j",
    async (key) => {
      await put(key, key);
      expect(await textOf(key)).toBe(key);
      const listed = await client.send(new ListObjectsV2Command({ Bucket }));
      expect(listed.Contents?.map(({ Key }) => Key)).toEqual([key]);
    },
  );

  test("may be empty", async () => {
    await put("empty", "");
    expect(await textOf("empty")).toBe("");
    expect(await codeOf(get("empty", { Range: "bytes=0-0" }))).toBe("InvalidRange");
  });

  test("that is not there is NoSuchKey, and 404 for HEAD", async () => {
    expect(await codeOf(get("no"))).toBe("NoSuchKey");
    expect(await codeOf(head("no"))).toBe("NotFound");
    expect(await codeOf(client.send(new GetObjectCommand({ Bucket: "no-such", Key: "a" })))).toBe(
      "NoSuchBucket",
    );
  });

  test("keeps its old bytes for whoever is reading it while it is replaced", async () => {
    const old = "o".repeat(4 * 1024 * 1024);
    await put("a", old);
    const reading = await get("a");
    await put("a", "new");
    await client.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
    const text = await reading.Body?.transformToString();
    expect(text?.length).toBe(old.length);
    expect(new Set(text)).toEqual(new Set("o"));
    await expect
      .poll(() => s3.dataFiles().then((files) => files.length), { interval: 5 })
      .toBe(await liveFiles());
  });
});

/** One data file for each object there is: every object of these tests was put in one go. */
async function liveFiles(): Promise<number> {
  let files = 0;
  for (let i = 1; i <= count; i += 1) {
    files += (await client.send(new ListObjectsV2Command({ Bucket: `bucket-${i}` }))).KeyCount ?? 0;
  }
  return files;
}

describe("a range", () => {
  test.each([
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=8-", "89", "bytes 8-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-30", "0123456789", "bytes 0-9/10"],
    ["bytes=5-500", "56789", "bytes 5-9/10"],
  ])("%s gives %s", async (Range, text, contentRange) => {
    await put("digits", "0123456789");
    const object = await get("digits", { Range });
    expect(object.$metadata.httpStatusCode).toBe(206);
    expect(object.ContentRange).toBe(contentRange);
    expect(await object.Body?.transformToString()).toBe(text);
  });

  test.each(["bytes=10-", "bytes=-0"])("%s of 10 bytes is InvalidRange", async (Range) => {
    await put("digits", "0123456789");
    expect(await codeOf(get("digits", { Range }))).toBe("InvalidRange");
  });

  test("that makes no sense gives the whole", async () => {
    await put("digits", "0123456789");
    expect(await textOf("digits", { Range: "bytes=5-2" })).toBe("0123456789");
  });
});

describe("conditions", () => {
  test("of a GET are kept", async () => {
    const { ETag = "" } = await put("a", "1");
    const past = new Date(Date.now() - 3_600_000);
    const future = new Date(Date.now() + 3_600_000);
    expect(await textOf("a", { IfMatch: ETag })).toBe("1");
    expect(await codeOf(get("a", { IfMatch: '"x"' }))).toBe("PreconditionFailed");
    expect(await statusOf(get("a", { IfNoneMatch: ETag }))).toBe(304);
    expect(await statusOf(get("a", { IfModifiedSince: future }))).toBe(304);
    expect(await codeOf(get("a", { IfUnmodifiedSince: past }))).toBe("PreconditionFailed");
    expect(await textOf("a", { IfMatch: ETag, IfUnmodifiedSince: past })).toBe("1");
  });

  test("of a PUT create once, or replace only what was seen", async () => {
    expect(await codeOf(put("a", "0", { IfMatch: '"x"' }))).toBe("NoSuchKey");
    const { ETag } = await put("a", "1", { IfNoneMatch: "*" });
    expect(await codeOf(put("a", "2", { IfNoneMatch: "*" }))).toBe("PreconditionFailed");
    await put("a", "3", { IfMatch: ETag });
    expect(await codeOf(put("a", "4", { IfMatch: ETag }))).toBe("PreconditionFailed");
    expect(await textOf("a")).toBe("3");
  });

  test("let one of many writers create an object", async () => {
    const codes = await Promise.all(
      Array.from({ length: 8 }, (_, i) => codeOf(put("a", String(i), { IfNoneMatch: "*" }))),
    );
    expect(codes.filter((code) => code === "none")).toHaveLength(1);
  });
});

describe("checksums", () => {
  test.each(["CRC32", "CRC32C", "SHA1", "SHA256"] as const)(
    "by %s are kept and given back",
    async (algorithm) => {
      const sent = await put("a", "hello", { ChecksumAlgorithm: algorithm });
      const value = sent[`Checksum${algorithm}`];
      expect(value).toMatch(/=$/);
      const object = await get("a", { ChecksumMode: "ENABLED" });
      expect(object).toMatchObject({ [`Checksum${algorithm}`]: value, ChecksumType: "FULL_OBJECT" });
      expect(await object.Body?.transformToString()).toBe("hello");
    },
  );

  test("that don't match are refused, and leave nothing behind", async () => {
    await put("a", "old");
    const files = await s3.dataFiles();
    expect(await codeOf(put("a", "new", { ChecksumCRC32: "AAAAAA==" }))).toBe("BadDigest");
    expect(await codeOf(put("a", "new", { ContentMD5: Buffer.alloc(16).toString("base64") }))).toBe(
      "BadDigest",
    );
    expect(await codeOf(put("a", "new", { ChecksumCRC32: "nonsense" }))).toBe("InvalidRequest");
    expect(await codeOf(put("a", "new", { ContentMD5: "nonsense" }))).toBe("InvalidDigest");
    expect(await textOf("a")).toBe("old");
    expect(await s3.dataFiles()).toEqual(files);
  });
});

describe("copying", () => {
  const copy = (Key: string, CopySource: string, more = {}) =>
    client.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));

  test("keeps the metadata, or replaces it", async () => {
    await put("ü a", "hello", { ContentType: "text/plain", Metadata: { a: "1" } });
    const source = `${Bucket}/${encodeURIComponent("ü a")}`;
    await copy("b", source);
    expect(await head("b")).toMatchObject({ ContentType: "text/plain", Metadata: { a: "1" } });
    await copy("b", source, { MetadataDirective: "REPLACE", Metadata: { c: "2" } });
    expect(await head("b")).toMatchObject({ Metadata: { c: "2" }, ETag: `"${md5("hello")}"` });
    expect(await textOf("b")).toBe("hello");
  });

  test("checks the conditions on its source", async () => {
    const { ETag } = await put("a", "1");
    expect(await codeOf(copy("b", `${Bucket}/a`, { CopySourceIfMatch: '"x"' }))).toBe("PreconditionFailed");
    expect(await codeOf(copy("b", `${Bucket}/a`, { CopySourceIfNoneMatch: ETag }))).toBe(
      "PreconditionFailed",
    );
    expect(await codeOf(copy("b", `${Bucket}/a`, { CopySourceIfMatch: ETag }))).toBe("none");
    expect(await codeOf(copy("b", `${Bucket}/no`))).toBe("NoSuchKey");
    expect(await codeOf(copy("a", `${Bucket}/a`))).toBe("InvalidRequest");
  });
});

describe("lists", () => {
  const KEYS = ["a", "b/1", "b/2", "b/c/3", "d", "\uffee", "😀"];
  beforeEach(async () => {
    for (const key of KEYS) await put(key, key);
  });
  const list = (more = {}) => client.send(new ListObjectsV2Command({ Bucket, ...more }));

  test("are in the order of UTF-8 bytes", async () => {
    expect((await list()).Contents?.map(({ Key }) => Key)).toEqual(KEYS);
  });

  test("roll up at the delimiter, page by page", async () => {
    const seen: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await list({ Delimiter: "/", MaxKeys: 1, ContinuationToken });
      expect(page.KeyCount).toBe(1);
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key));
      seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(seen).toEqual(["a", "b/", "d", "\uffee", "😀"]);
  });

  test("begin at a prefix and after a key", async () => {
    expect((await list({ Prefix: "b/", StartAfter: "b/1" })).Contents?.map(({ Key }) => Key)).toEqual([
      "b/2",
      "b/c/3",
    ]);
    expect((await list({ Prefix: "b/", Delimiter: "/" })).CommonPrefixes).toEqual([{ Prefix: "b/c/" }]);
    expect((await list({ MaxKeys: 0 })).IsTruncated).toBe(false);
    expect(await codeOf(list({ ContinuationToken: "?" }))).toBe("InvalidArgument");
  });

  test("of version 1 go on from the last one's marker", async () => {
    const first = await client.send(new ListObjectsCommand({ Bucket, Delimiter: "/", MaxKeys: 2 }));
    expect(first.NextMarker).toBe("b/");
    const second = await client.send(
      new ListObjectsCommand({ Bucket, Delimiter: "/", Marker: first.NextMarker, EncodingType: "url" }),
    );
    expect(second.Contents?.map(({ Key }) => decodeURIComponent(Key ?? ""))).toEqual(["d", "\uffee", "😀"]);
  });
});

test("many objects are deleted at once, those that are not there too", async () => {
  await put("a&b", "1");
  const result = await client.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "a&b" }, { Key: "no" }] } }),
  );
  expect(result.Deleted).toEqual([{ Key: "a&b" }, { Key: "no" }]);
  expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
});

test("objects, their metadata and data survive a restart, and unknown data files don't", async () => {
  await using first = await startTestS3();
  const bucket = { Bucket: "bucket" };
  await first
    .client()
    .send(new PutObjectCommand({ ...bucket, Key: "ü", Body: "hello", Metadata: { a: "1" } }));
  const [file = ""] = await first.dataFiles();
  await cp(`${first.directory}/data/${file}`, `${first.directory}/data/${file.slice(0, 2)}/left-over`);
  await using second = await first.restart();
  expect(await second.dataFiles()).toEqual([file]);
  const object = await second.client().send(new GetObjectCommand({ ...bucket, Key: "ü" }));
  expect(await object.Body?.transformToString()).toBe("hello");
  expect(object.Metadata).toEqual({ a: "1" });
});
