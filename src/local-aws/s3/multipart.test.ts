import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeOf, startTestS3, type TestS3 } from "./test-support.ts";

const MIB = 1024 * 1024;
const Bucket = "bucket";

let s3: TestS3;
let client: S3Client;
/** Sends no checksums of its own accord. */
let bare: S3Client;
beforeAll(async () => {
  s3 = await startTestS3();
  client = s3.client();
  bare = s3.client({ requestChecksumCalculation: "WHEN_REQUIRED" });
});
afterAll(async () => {
  expect(s3.logged).toEqual([]);
  await s3[Symbol.asyncDispose]();
});

let uploads = 0;
async function begin(with_ = client, more = {}) {
  uploads += 1;
  const Key = `key-${uploads}`;
  const checksum = with_ === client ? { ChecksumAlgorithm: "CRC32" as const } : {};
  const create = new CreateMultipartUploadCommand({ Bucket, Key, ...checksum, ...more });
  const { UploadId } = await with_.send(create);
  const place = { Bucket, Key, UploadId };
  return {
    place,
    part: async (PartNumber: number, size: number, fill = "a"): Promise<CompletedPart> => {
      const Body = Buffer.alloc(size, fill);
      const { ETag, ChecksumCRC32 } = await with_.send(new UploadPartCommand({ ...place, PartNumber, Body }));
      return { PartNumber, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) };
    },
    copy: (PartNumber: number, source: string, copyMore = {}) =>
      with_.send(
        new UploadPartCopyCommand({ ...place, PartNumber, CopySource: `${Bucket}/${source}`, ...copyMore }),
      ),
    complete: (Parts: CompletedPart[], completeMore = {}) =>
      with_.send(
        new CompleteMultipartUploadCommand({ ...place, MultipartUpload: { Parts }, ...completeMore }),
      ),
  };
}

describe("an upload in parts", () => {
  test("becomes an object with a composite ETag and checksum", async () => {
    const upload = await begin(client, { ContentType: "text/plain", Metadata: { a: "1" } });
    const second = await upload.part(2, 3, "b");
    const first = await upload.part(1, 5 * MIB);
    const done = await upload.complete([first, second]);
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    expect(done.ChecksumCRC32).toMatch(/-2$/);
    const object = await client.send(
      new GetObjectCommand({ Bucket, Key: upload.place.Key, ChecksumMode: "ENABLED" }),
    );
    expect(object).toMatchObject({
      ContentLength: 5 * MIB + 3,
      ContentType: "text/plain",
      Metadata: { a: "1" },
      ChecksumType: "COMPOSITE",
    });
    const text = (await object.Body?.transformToString()) ?? "";
    expect(text.length).toBe(5 * MIB + 3);
    expect(text.slice(-5)).toBe("aabbb");
  });

  test("can be read across its parts, and part by part", async () => {
    const upload = await begin();
    await upload.complete([await upload.part(1, 5 * MIB), await upload.part(2, 4, "b")]);
    const get = async (more: object) => {
      const object = await client.send(new GetObjectCommand({ Bucket, Key: upload.place.Key, ...more }));
      return { ...object, text: await object.Body?.transformToString() };
    };
    expect((await get({ Range: `bytes=${5 * MIB - 2}-${5 * MIB + 1}` })).text).toBe("aabb");
    expect(await get({ PartNumber: 2 })).toMatchObject({ text: "bbbb", PartsCount: 2 });
  });

  test("has the whole object's checksum where that is asked for", async () => {
    const upload = await begin(client, { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" });
    const done = await upload.complete([await upload.part(1, 5 * MIB), await upload.part(2, 1)]);
    const whole = await client.send(
      new PutObjectCommand({ Bucket, Key: "whole", Body: Buffer.alloc(5 * MIB + 1, "a") }),
    );
    expect(done.ChecksumCRC32).toBe(whole.ChecksumCRC32);
    expect(done.ChecksumType).toBe("FULL_OBJECT");
  });

  test("takes the last part sent under a number", async () => {
    const upload = await begin();
    const old = await upload.part(1, 3, "a");
    const replaced = await upload.part(1, 3, "b");
    expect(await codeOf(upload.complete([old]))).toBe("InvalidPart");
    await upload.complete([replaced]);
  });

  test("leaves out the data of parts that are not named", async () => {
    const files = (await s3.dataFiles()).length;
    const upload = await begin();
    const part = await upload.part(1, 1);
    await upload.part(2, 1);
    await upload.complete([part]);
    expect((await s3.dataFiles()).length).toBe(files + 1);
  });

  test("creates once with If-None-Match", async () => {
    const Key = "once";
    await client.send(new PutObjectCommand({ Bucket, Key, Body: "there" }));
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: "CRC32" }),
    );
    const place = { Bucket, Key, UploadId };
    const part = await client.send(new UploadPartCommand({ ...place, PartNumber: 1, Body: "x" }));
    const MultipartUpload = {
      Parts: [{ PartNumber: 1, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 }],
    };
    const complete = (more = {}) =>
      codeOf(client.send(new CompleteMultipartUploadCommand({ ...place, MultipartUpload, ...more })));
    expect(await complete({ IfNoneMatch: "*" })).toBe("PreconditionFailed");
    expect(await complete()).toBe("none");
  });
});

describe("completing is refused", () => {
  test("where a part but the last is under 5 MiB", async () => {
    const upload = await begin();
    const parts = [await upload.part(1, 5 * MIB - 1), await upload.part(2, 1)];
    expect(await codeOf(upload.complete(parts))).toBe("EntityTooSmall");
  });

  test("where parts are unknown, or in no order", async () => {
    const upload = await begin();
    const first = await upload.part(1, 5 * MIB);
    const second = await upload.part(2, 1);
    expect(await codeOf(upload.complete([first, { ...second, PartNumber: 3 }]))).toBe("InvalidPart");
    expect(await codeOf(upload.complete([first, { ...second, ETag: first.ETag }]))).toBe("InvalidPart");
    expect(await codeOf(upload.complete([second, first]))).toBe("InvalidPartOrder");
    expect(await codeOf(upload.complete([first, first]))).toBe("InvalidPartOrder");
    expect(await codeOf(upload.complete([]))).toBe("MalformedXML");
  });

  test("where the upload was created with a checksum and a part's is missing, copied or not", async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: "source", Body: "copied" }));
    const upload = await begin();
    const copied = (await upload.copy(1, "source")).CopyPartResult;
    expect(copied?.ChecksumCRC32).toBeDefined();
    const part = { PartNumber: 1, ETag: copied?.ETag };
    expect(await codeOf(upload.complete([part]))).toBe("InvalidRequest");
    expect(await codeOf(upload.complete([{ ...part, ChecksumCRC32: "AAAAAA==" }]))).toBe("InvalidPart");
    expect(await codeOf(upload.complete([{ ...part, ChecksumCRC32: copied?.ChecksumCRC32 }]))).toBe("none");
  });

  test("where size or checksum of the whole are not what the client says", async () => {
    const upload = await begin();
    const part = await upload.part(1, 3);
    expect(await codeOf(upload.complete([part], { MpuObjectSize: 4 }))).toBe("InvalidRequest");
    expect(await codeOf(upload.complete([part], { ChecksumCRC32: "AAAAAA==-1" }))).toBe("BadDigest");
  });

  test("once the upload has ended", async () => {
    const upload = await begin();
    const part = await upload.part(1, 1);
    await client.send(new AbortMultipartUploadCommand(upload.place));
    expect(await codeOf(upload.complete([part]))).toBe("NoSuchUpload");
    expect(await codeOf(upload.part(1, 1))).toBe("NoSuchUpload");
  });
});

describe("a copied part", () => {
  beforeAll(async () => {
    const Body = Buffer.concat([Buffer.alloc(3 * MIB, "a"), Buffer.alloc(3 * MIB, "b")]);
    await client.send(new PutObjectCommand({ Bucket, Key: "six", Body }));
    await client.send(new PutObjectCommand({ Bucket, Key: "five", Body: Buffer.alloc(5 * MIB) }));
  });

  test("may be a range of its source", async () => {
    const upload = await begin(bare);
    const range = { CopySourceRange: `bytes=${3 * MIB - 1}-${3 * MIB}` };
    const { CopyPartResult } = await upload.copy(1, "six", range);
    await upload.complete([{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
    const object = await client.send(new GetObjectCommand({ Bucket, Key: upload.place.Key }));
    expect(await object.Body?.transformToString()).toBe("ab");
  });

  test("is refused where its source is not what it should be", async () => {
    const upload = await begin(bare);
    const code = (source: string, more: object) => codeOf(upload.copy(1, source, more));
    expect(await code("six", { CopySourceIfMatch: '"x"' })).toBe("PreconditionFailed");
    expect(await code("six", { CopySourceIfUnmodifiedSince: new Date(0) })).toBe("PreconditionFailed");
    expect(await code("six", { CopySourceRange: `bytes=0-${6 * MIB}` })).toBe("InvalidArgument");
    expect(await code("six", { CopySourceRange: "bytes=5-" })).toBe("InvalidArgument");
    expect(await code("five", { CopySourceRange: "bytes=0-1" })).toBe("InvalidRequest");
    expect(await code("no", {})).toBe("NoSuchKey");
  });
});

test("a part with another checksum than the upload's, or none, is refused", async () => {
  const upload = await begin(client, { ChecksumAlgorithm: "SHA256" });
  const send = (with_: S3Client) =>
    codeOf(with_.send(new UploadPartCommand({ ...upload.place, PartNumber: 1, Body: "x" })));
  expect(await send(client)).toBe("InvalidRequest");
  expect(await send(bare)).toBe("InvalidRequest");
});

test("parts of an upload without an algorithm may have checksums, which are verified and not kept", async () => {
  const upload = await begin(bare);
  const part = { ...upload.place, PartNumber: 1, Body: "x" };
  expect(await codeOf(client.send(new UploadPartCommand({ ...part, ChecksumCRC32: "AAAAAA==" })))).toBe(
    "BadDigest",
  );
  const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(part));
  expect(ChecksumCRC32).toBe("jNwWgw==");
  const { Parts } = await client.send(new ListPartsCommand(upload.place));
  expect(Parts?.map((one) => one.ChecksumCRC32)).toEqual([undefined]);
  const done = await upload.complete([{ PartNumber: 1, ETag, ChecksumCRC32 }]);
  expect(done.ChecksumCRC32).toBeUndefined();
});

describe("an upload that is completed twice", () => {
  test("gives the same answer twice, also at the same time and after a restart", async () => {
    await using first = await startTestS3();
    const place = { Bucket, Key: "twice" };
    const { UploadId } = await first.client().send(new CreateMultipartUploadCommand(place));
    const { ETag } = await first
      .client()
      .send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: "x" }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const complete = (of: TestS3, more = {}) =>
      of.client().send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload, ...more }));
    const [one, two] = await Promise.all([
      complete(first, { IfNoneMatch: "*" }),
      complete(first, { IfNoneMatch: "*" }),
    ]);
    expect(two.ETag).toBe(one.ETag);
    await using second = await first.restart();
    expect((await complete(second)).ETag).toBe(one.ETag);
    const object = await second.client().send(new GetObjectCommand(place));
    expect(await object.Body?.transformToString()).toBe("x");
  });

  test("is unknown where other parts are named, or the object is another one by now", async () => {
    const upload = await begin();
    const part = await upload.part(1, 1);
    await upload.complete([part]);
    expect(await codeOf(upload.complete([{ ...part, ETag: '"0123"' }]))).toBe("NoSuchUpload");
    await client.send(new PutObjectCommand({ Bucket, Key: upload.place.Key, Body: "other" }));
    expect(await codeOf(upload.complete([part]))).toBe("NoSuchUpload");
  });
});

test("unfinished uploads are listed, survive a restart, and go without a trace when aborted", async () => {
  await using first = await startTestS3();
  const place = { Bucket, Key: "dir/a" };
  const { UploadId } = await first
    .client()
    .send(new CreateMultipartUploadCommand({ ...place, ChecksumAlgorithm: "CRC32" }));
  const part = new UploadPartCommand({ ...place, UploadId, PartNumber: 7, Body: "hello" });
  await first.client().send(part);

  await using second = await first.restart();
  const again = second.client();
  const { Parts } = await again.send(new ListPartsCommand({ ...place, UploadId }));
  expect(Parts).toMatchObject([{ PartNumber: 7, Size: 5 }]);
  expect(await second.dataFiles()).toHaveLength(1);
  const listed = await again.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(listed.Uploads).toMatchObject([{ Key: "dir/a", UploadId, ChecksumAlgorithm: "CRC32" }]);
  const rolled = await again.send(new ListMultipartUploadsCommand({ Bucket, Delimiter: "/" }));
  expect(rolled.CommonPrefixes).toEqual([{ Prefix: "dir/" }]);
  await again.send(new AbortMultipartUploadCommand({ ...place, UploadId }));
  expect(await second.dataFiles()).toEqual([]);
});
