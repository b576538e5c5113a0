import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import {
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { openObject } from "../transfer/object-source.ts";
import { uploadParts } from "../transfer/upload.ts";
import { explainAwsError } from "./errors.ts";
import { giveUpOnSilence } from "./silence.ts";

const MIB = 1024 * 1024;
/** Milliseconds, where the program has a minute. */
const ATTEMPT = 500;
const { signal } = new AbortController();

/** A client whose requests are answered, or found silent, as `answer` has it, on a clock of its own: no stall of this computer counts. */
function clientOf(
  now: () => number,
  answer: (request: { readonly path: string }) => Promise<void>,
): S3Client {
  const s3 = new S3Client({
    region: "us-east-1",
    credentials: { accessKeyId: "id", secretAccessKey: "secret" },
    forcePathStyle: true,
    maxAttempts: 8,
    requestHandler: {
      async handle(request: { readonly path: string }) {
        await answer(request);
        return { response: { statusCode: 200, headers: {}, body: Readable.from([]) } };
      },
    } as unknown as NonNullable<S3ClientConfig["requestHandler"]>,
  });
  const guard = giveUpOnSilence({ attempt: ATTEMPT, limit: 2 * ATTEMPT - 10, now });
  s3.middlewareStack.add(guard, { step: "finalizeRequest", priority: "low" });
  return s3;
}

/** What the SDK's handler throws where no byte has moved for long. */
const timeout = () => Object.assign(new Error("silent"), { name: "TimeoutError" });

/** A server and a client that is used to waiting for seconds, where the program waits for minutes. */
async function serve(listener: http.RequestListener, attempt = ATTEMPT) {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const s3 = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "id", secretAccessKey: "secret" },
    forcePathStyle: true,
    maxAttempts: 8,
    requestHandler: { socketTimeout: attempt },
  });
  const guard = giveUpOnSilence({ attempt, limit: 2 * attempt - 10, now: Date.now });
  s3.middlewareStack.add(guard, { step: "finalizeRequest", priority: "low" });
  return {
    s3,
    async [Symbol.asyncDispose]() {
      s3.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a request that nobody answers is given up after the second try, and told in plain words", async () => {
  let tries = 0;
  await using place = await serve(() => void tries++);
  const error = await place.s3.send(new ListBucketsCommand({})).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "SilenceError" });
  expect(tries).toBe(2);
  expect(explainAwsError(error, "upload x")).toMatchObject({
    message: expect.stringMatching(/^Could not upload x: AWS can't be reached \(no answer for \d+ seconds\)/),
  });
});

test("a silent request goes on being tried as long as others are answered", async () => {
  let tries = 0;
  let now = 0;
  const s3 = clientOf(
    () => now,
    async ({ path }) => {
      if (!path.includes("slow") || ++tries === 5) return;
      await s3.send(new ListBucketsCommand({}));
      now += ATTEMPT;
      throw timeout();
    },
  );
  await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "slow", Body: "x" }));
  expect(tries).toBe(5);
});

test("an upload over a link that is slow, but moves, is not given up", async () => {
  let requests = 0;
  // What has come into the kernel's buffers, 8 MiB of them at most, no longer shows that it moves.
  const attempt = 1500;
  await using place = await serve((request, response) => {
    requests++;
    let received = 0;
    request.on("data", (chunk: Uint8Array) => {
      const before = Math.floor(received / MIB);
      received += chunk.length;
      if (Math.floor(received / MIB) === before) return;
      request.pause();
      setTimeout(() => request.resume(), 80);
    });
    request.on("end", () => response.end());
  }, attempt);
  const began = performance.now();
  await place.s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "key", Body: new Uint8Array(40 * MIB) }));
  expect(requests).toBe(1);
  expect(performance.now() - began).toBeGreaterThan(2 * attempt);
});

test("requests that are too many at once for a slow link behind a proxy come through one by one", async () => {
  // Milliseconds of the link that each takes, and has had; all that are under way share it. Its time goes on by these ticks alone.
  const needed = 0.5 * ATTEMPT;
  const tick = ATTEMPT / 30;
  let now = 0;
  const underWay = new Set<{ had: number; readonly began: number; end(error?: Error): void }>();
  const link = setInterval(() => {
    now += tick;
    const share = tick / underWay.size;
    for (const one of underWay) {
      one.had += share;
      if (one.had < needed && now - one.began < ATTEMPT) continue;
      underWay.delete(one);
      one.end(one.had < needed ? timeout() : undefined);
    }
  }, 5);
  let silent = 0;
  const s3 = clientOf(
    () => now,
    () =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) => {
          if (error) silent++;
          return error ? reject(error) : resolve();
        };
        underWay.add({ had: 0, began: now, end });
      }),
  );
  try {
    const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: "bucket", Key, Body: "x" }));
    await Promise.all(["a", "b", "c", "d"].map(put));
  } finally {
    clearInterval(link);
  }
  expect(silent).toBe(4);
});

test("a multipart upload to an S3 that falls silent ends, and is aborted where that is answered", async () => {
  const seen: string[] = [];
  await using place = await serve((request, response) => {
    const what = `${request.method} ${new URL(request.url ?? "", "http://s3").search}`;
    seen.push(what);
    request.resume();
    if (what.startsWith("POST ?uploads"))
      response.end("<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>");
    if (request.method === "DELETE") response.writeHead(204).end();
  });
  const parts = (async function* () {
    for (let index = 0; index < 6; index++) yield { index, data: new Uint8Array(1024) };
  })();
  const upload = uploadParts(place.s3, { bucket: "bucket", key: "key" }, parts, { signal });
  await expect(upload).rejects.toMatchObject({ name: "SilenceError" });
  expect(seen.at(-1)).toMatch(/^DELETE .*uploadId=1/);
});

test("a download that falls silent in its middle is taken up once more, then given up", async () => {
  const tail = 256 * 1024;
  const ranges: string[] = [];
  await using place = await serve((request, response) => {
    const range = String(request.headers.range);
    ranges.push(range);
    const total = 4 * tail;
    if (range === `bytes=-${tail}`) {
      const headers = { etag: '"1"', "content-range": `bytes ${total - tail}-${total - 1}/${total}` };
      response.writeHead(206, headers).end(new Uint8Array(tail));
      return;
    }
    response.writeHead(206, { etag: '"1"', "content-length": `${2 * tail}` });
    if (ranges.length === 2) response.write(new Uint8Array(1000));
    else response.flushHeaders();
  });
  const source = await openObject(place.s3, { bucket: "bucket", key: "key" }, signal);
  const read = async () => {
    for await (const _ of source.read(0, 2 * tail));
  };
  await expect(read()).rejects.toMatchObject({ name: "TimeoutError" });
  expect(ranges.slice(1)).toEqual([`bytes=0-${2 * tail - 1}`, `bytes=1000-${2 * tail - 1}`]);
});

test("a failure of another kind is none of its business", async () => {
  let tries = 0;
  await using place = await serve((request, response) => {
    tries++;
    if (tries < 4) request.socket.destroy();
    else response.writeHead(200, { etag: '"1"' }).end("x");
  });
  await place.s3.send(new GetObjectCommand({ Bucket: "bucket", Key: "key" }));
  expect(tries).toBe(4);
});
