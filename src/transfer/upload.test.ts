import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { expect, test, vi } from "vitest";
import type { ArchivePart } from "../archive/types.ts";
import { sendersFor, uploadParts } from "./upload.ts";

const target = { bucket: "jobs", key: "run.zip" };

/** As a bucket tells it whose rule deletes objects after a while. */
const Expiration = 'expiry-date="Sun, 27 Dec 2026 00:00:00 GMT", rule-id="builds"';
const expiresAt = Date.UTC(2026, 11, 27);

/** A bucket's side of uploads. `onPart` may hold a part up, or fail it. */
function fakeS3(onPart: (partNumber: number, signal: AbortSignal) => Promise<void> = async () => {}) {
  const sent: string[] = [];
  const send = async (command: object, { abortSignal }: { abortSignal: AbortSignal }) => {
    abortSignal.throwIfAborted();
    sent.push(command.constructor.name.replace("Command", ""));
    if (command instanceof PutObjectCommand) return { ETag: "whole", Expiration };
    if (command instanceof CreateMultipartUploadCommand) return { UploadId: "upload" };
    if (command instanceof UploadPartCommand) {
      const { PartNumber = 0, Body } = command.input;
      await onPart(PartNumber, abortSignal);
      return { ETag: `part ${PartNumber}`, ChecksumCRC32: `sum of ${(Body as Uint8Array)[0]}` };
    }
    if (command instanceof CompleteMultipartUploadCommand) {
      completed.push(...(command.input.MultipartUpload?.Parts ?? []));
      return { ETag: "composed", Expiration };
    }
    if (command instanceof AbortMultipartUploadCommand) return {};
    throw new Error(`unexpected ${command.constructor.name}`);
  };
  const completed: object[] = [];
  return { s3: { send } as unknown as S3Client, sent, completed };
}

/** Parts of 10 bytes, each of its own value; `closed` is called when no more are wanted. */
async function* makeParts(count: number, closed: () => void = () => {}): AsyncGenerator<ArchivePart> {
  try {
    for (let index = 0; index < count; index += 1) yield { index, data: new Uint8Array(10).fill(index) };
  } finally {
    closed();
  }
}

const { signal } = new AbortController();

test("a single part is put as one object", async () => {
  const { s3, sent } = fakeS3();
  expect(await uploadParts(s3, target, makeParts(1), { signal })).toEqual({
    etag: "whole",
    bytes: 10,
    expiresAt,
  });
  expect(sent).toEqual(["PutObject"]);
});

test("where there is much to send, the first part goes before there is a second", async () => {
  const { s3, sent } = fakeS3();
  const made: number[] = [];
  async function* parts(): AsyncGenerator<ArchivePart> {
    for await (const part of makeParts(2)) {
      made.push(part.index);
      yield part;
      if (part.index === 0) await expect.poll(() => sent).toContain("UploadPart");
    }
  }
  const { bytes } = await uploadParts(s3, target, parts(), { signal, isLarge: true, senders: 2 });
  expect(bytes).toBe(20);
  expect(made).toEqual([0, 1]);
});

test("large parts go one by one, so that memory stays bounded", async () => {
  const MIB = 1024 * 1024;
  expect([5 * MIB, 9 * MIB, 25 * MIB].map(sendersFor)).toEqual([4, 2, 1]);
  let most = 0;
  let now = 0;
  const { s3 } = fakeS3(async () => {
    most = Math.max(most, ++now);
    await new Promise(setImmediate);
    now--;
  });
  await uploadParts(s3, target, makeParts(9), { signal, senders: 2 });
  expect(most).toBe(2);
});

test("several parts become one object, in their order, with their checksums", async () => {
  // Later parts are answered first.
  const waiting: (() => void)[] = [];
  const { s3, sent, completed } = fakeS3(async (partNumber) => {
    if (partNumber > 2) return;
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
    });
  });
  const progress: number[] = [];
  const uploading = uploadParts(s3, target, makeParts(6), {
    signal,
    onProgress: (bytes) => {
      progress.push(bytes);
      if (progress.length === 4) for (const answer of waiting) answer();
    },
  });
  expect(await uploading).toEqual({ etag: "composed", bytes: 60, expiresAt });
  expect(completed).toEqual(
    [1, 2, 3, 4, 5, 6].map((PartNumber) => ({
      PartNumber,
      ETag: `part ${PartNumber}`,
      ChecksumCRC32: `sum of ${PartNumber - 1}`,
    })),
  );
  expect(progress).toEqual([10, 20, 30, 40, 50, 60]);
  expect(sent.at(-1)).toBe("CompleteMultipartUpload");
});

test("a part that fails ends the others, aborts the upload, and no more parts are made", async () => {
  const failure = new Error("the part was refused");
  const { s3, sent } = fakeS3(async (partNumber, partSignal) => {
    if (partNumber === 3) throw failure;
    await new Promise((_, reject) => {
      partSignal.addEventListener("abort", () => reject(partSignal.reason));
    });
  });
  const closed = vi.fn();
  await expect(uploadParts(s3, target, makeParts(100, closed), { signal })).rejects.toBe(failure);
  expect(sent.at(-1)).toBe("AbortMultipartUpload");
  expect(sent).not.toContain("CompleteMultipartUpload");
  expect(closed).toHaveBeenCalledOnce();
});

test("a part that can't be made ends it likewise", async () => {
  const failure = new Error("the file has changed");
  const { s3, sent } = fakeS3();
  const parts = async function* () {
    yield* makeParts(3);
    throw failure;
  };
  await expect(uploadParts(s3, target, parts(), { signal })).rejects.toBe(failure);
  expect(sent.at(-1)).toBe("AbortMultipartUpload");
});

test("the signal ends it with its reason, and the upload is aborted all the same", async () => {
  const ending = new AbortController();
  const reason = new Error("Control-C");
  const { s3, sent } = fakeS3(async (_, partSignal) => {
    ending.abort(reason);
    partSignal.throwIfAborted();
  });
  const closed = vi.fn();
  const uploading = uploadParts(s3, target, makeParts(100, closed), { signal: ending.signal });
  await expect(uploading).rejects.toBe(reason);
  expect(sent.at(-1)).toBe("AbortMultipartUpload");
  expect(closed).toHaveBeenCalledOnce();
});

test("every part that was sent is released", async () => {
  const { s3 } = fakeS3();
  const release = vi.fn();
  const parts = async function* () {
    for await (const part of makeParts(7)) yield { ...part, release };
  };
  await uploadParts(s3, target, parts(), { signal });
  expect(release).toHaveBeenCalledTimes(7);
});

/** A bucket in which the upload is gone when it is to be completed, and which holds an object of this ETag, if any. */
function afterLostAnswer(etag: string | undefined) {
  const { s3, sent } = fakeS3();
  const send = async (command: object, options: { abortSignal: AbortSignal }) => {
    if (command instanceof CompleteMultipartUploadCommand) {
      sent.push("CompleteMultipartUpload");
      throw Object.assign(new Error("The upload does not exist."), { name: "NoSuchUpload" });
    }
    if (command instanceof GetObjectCommand) {
      if (etag === undefined) throw Object.assign(new Error("No such object."), { name: "NoSuchKey" });
      return { ETag: etag };
    }
    return s3.send(command as PutObjectCommand, options);
  };
  return { s3: { send } as unknown as S3Client, sent };
}

test("where the answer to completing it was lost, the object that it made is the answer", async () => {
  const { s3, sent } = afterLostAnswer('"0123-6"');
  const uploaded = await uploadParts(s3, target, makeParts(6), { signal });
  expect(uploaded).toEqual({ etag: '"0123-6"', bytes: 60 });
  expect(sent).not.toContain("AbortMultipartUpload");
});

test.each([
  ["no object is there", undefined],
  ["an object of another number of parts is there", '"0123-5"'],
  ["an object that was put whole is there", '"0123"'],
])("an upload that is gone is not complete where %s", async (_, etag) => {
  const { s3 } = afterLostAnswer(etag);
  await expect(uploadParts(s3, target, makeParts(6), { signal })).rejects.toThrow("does not exist");
});

test.each([
  [501, "CopyFailedError"],
  [412, "CopyFailedError"],
  [500, "S3ServiceException"],
])("a copy that is answered with %i ends as a %s", async (httpStatusCode, name) => {
  const { s3: bucket } = fakeS3();
  const send = async (command: object, options: { abortSignal: AbortSignal }) => {
    if (!(command instanceof UploadPartCopyCommand)) return bucket.send(command as never, options);
    throw new S3ServiceException({
      name: "S3ServiceException",
      $fault: "client",
      $metadata: { httpStatusCode },
    });
  };
  const copies = { source: target, etag: "last", ranges: [{ start: 0, end: 10 }] };
  const uploading = uploadParts({ send } as unknown as S3Client, target, makeParts(1), { signal, copies });
  await expect(uploading).rejects.toMatchObject({ name });
});
