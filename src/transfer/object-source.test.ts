import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { expect, test, vi } from "vitest";
import { UserError } from "../errors.ts";
import { getSmallObject, openObject } from "./object-source.ts";

const MIB = 1024 * 1024;
const object = { bucket: "jobs", key: "run.zip" };
const { signal } = new AbortController();

/** Bytes that tell their offset. */
const content = Uint8Array.from({ length: MIB }, (_, index) => (index * 31 + (index >> 8)) & 0xff);

interface Behaviour {
  /** Bytes after which the connection is cut, for each ranged read in turn; then none is. */
  cuts?: number[];
  /** How many answers that are read whole break off at first. */
  broken?: number;
  replaced?: boolean;
  data?: Uint8Array;
}

function fakeS3(behaviour: Behaviour = {}) {
  const ranges: (string | undefined)[] = [];
  const data = behaviour.data ?? content;
  let broken = behaviour.broken ?? 0;
  const whole = async (bytes: Uint8Array) => {
    if (broken === 0) return bytes;
    broken -= 1;
    throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
  };
  const send = async (command: unknown) => {
    if (!(command instanceof GetObjectCommand)) throw new Error("unexpected request");
    const { Range, IfMatch } = command.input;
    ranges.push(Range);
    const [, from = "", to = ""] = /^bytes=(\d*)-(\d+)$/.exec(Range ?? "") ?? [];
    const start = from === "" ? Math.max(0, data.length - Number(to || data.length)) : Number(from);
    const end = from === "" ? data.length : Number(to) + 1;
    if (IfMatch !== undefined && behaviour.replaced) {
      throw Object.assign(new Error("At least one of the pre-conditions you specified did not hold"), {
        name: "PreconditionFailed",
        $metadata: { httpStatusCode: 412 },
      });
    }
    const bytes = data.subarray(start, end);
    const cut = IfMatch === undefined ? undefined : behaviour.cuts?.shift();
    const body = async function* () {
      const half = Math.floor((cut ?? bytes.length) / 2);
      yield bytes.subarray(0, half);
      yield bytes.subarray(half, cut ?? bytes.length);
      if (cut !== undefined) throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    };
    return {
      ETag: '"one"',
      ContentLength: bytes.length,
      ContentRange: `bytes ${start}-${end - 1}/${data.length}`,
      Body: Object.assign(body(), { transformToByteArray: () => whole(bytes) }),
    };
  };
  return { s3: { send } as unknown as S3Client, ranges };
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

// The pauses between tries.
vi.mock("node:timers/promises", () => ({ setTimeout: async () => {} }));

test("opening reads the end, in one request, and tells size and version", async () => {
  const { s3, ranges } = fakeS3();
  const source = await openObject(s3, object, signal);
  expect([source.size, source.etag, ranges.length]).toEqual([MIB, '"one"', 1]);
  expect(ranges[0]).toBe(`bytes=-${256 * 1024}`);
});

test("what the end holds is not asked for again", async () => {
  const { s3, ranges } = fakeS3();
  const source = await openObject(s3, object, signal);
  expect(await gather(source.read(MIB - 1000, 900))).toEqual(
    Buffer.from(content.subarray(MIB - 1000, MIB - 100)),
  );
  expect(ranges).toHaveLength(1);
});

test("a read that reaches into the end asks for the rest only", async () => {
  const { s3, ranges } = fakeS3();
  const source = await openObject(s3, object, signal);
  expect(await gather(source.read(700 * 1024, 200 * 1024))).toEqual(
    Buffer.from(content.subarray(700 * 1024, 900 * 1024)),
  );
  expect(ranges.slice(1)).toEqual([`bytes=${700 * 1024}-${768 * 1024 - 1}`]);
});

test("a small object is there whole after opening", async () => {
  const { s3, ranges } = fakeS3({ data: content.subarray(0, 500) });
  const source = await openObject(s3, object, signal);
  expect(source.size).toBe(500);
  expect(await gather(source.read(0, 500))).toEqual(Buffer.from(content.subarray(0, 500)));
  expect(ranges).toHaveLength(1);
});

test("a read that is cut goes on at the byte where it stood", async () => {
  const { s3, ranges } = fakeS3({ cuts: [100, 50] });
  const source = await openObject(s3, object, signal);
  expect(await gather(source.read(1000, 400))).toEqual(Buffer.from(content.subarray(1000, 1400)));
  expect(ranges.slice(1)).toEqual(["bytes=1000-1399", "bytes=1100-1399", "bytes=1150-1399"]);
});

test("a read that gets no further is given up", async () => {
  const { s3, ranges } = fakeS3({ cuts: Array.from({ length: 20 }, () => 0) });
  const source = await openObject(s3, object, signal);
  await expect(gather(source.read(1000, 400))).rejects.toThrow("socket hang up");
  expect(ranges.length).toBeLessThan(10);
});

test("an object that is replaced meanwhile is not mixed with its successor", async () => {
  const { s3 } = fakeS3({ replaced: true });
  const source = await openObject(s3, object, signal);
  const reading = gather(source.read(0, 400));
  await expect(reading).rejects.toBeInstanceOf(UserError);
  await expect(reading).rejects.toThrow("s3://jobs/run.zip was replaced");
});

test("an object that is gone is told in plain words", async () => {
  const gone = Object.assign(new Error("no such key"), { name: "NoSuchKey" });
  const s3 = { send: () => Promise.reject(gone) } as unknown as S3Client;
  await expect(openObject(s3, object, signal)).rejects.toThrow(/s3:\/\/jobs\/run\.zip is gone/);
  expect(await getSmallObject(s3, object, { signal, limit: 10 })).toBeUndefined();
});

test("a small object that is too large is refused", async () => {
  const { s3 } = fakeS3();
  await expect(getSmallObject(s3, object, { signal, limit: 1000 })).rejects.toBeInstanceOf(UserError);
  expect(await getSmallObject(s3, object, { signal, limit: MIB })).toHaveLength(MIB);
});

test("an answer that breaks off while the end of the archive is read is asked for again", async () => {
  const { s3, ranges } = fakeS3({ broken: 2 });
  const source = await openObject(s3, object, signal);
  expect(source.size).toBe(content.length);
  expect(ranges).toHaveLength(3);
});

test("a small object that breaks off is asked for again, but not for ever", async () => {
  expect(await getSmallObject(fakeS3({ broken: 1 }).s3, object, { signal, limit: MIB })).toEqual(content);
  const hopeless = fakeS3({ broken: 100 });
  await expect(getSmallObject(hopeless.s3, object, { signal, limit: MIB })).rejects.toThrow("aborted");
  expect(hopeless.ranges).toHaveLength(6);
});
