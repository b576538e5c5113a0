import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { BatchClient, DescribeJobsCommand } from "@aws-sdk/client-batch";
import {
  GetObjectCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { AwsError, type Service } from "./http.ts";
import { codeOf, startTestS3, TEST_KEY, type TestS3 } from "./s3/test-support.ts";
import { startServer } from "./server.ts";

async function fetchFrom(s3: TestS3, path: string, init: RequestInit = {}) {
  const response = await fetch(`http://127.0.0.1:${s3.server.port}${path}`, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

function failing(name: string, error: Error): Service {
  return {
    name,
    handle: () => Promise.reject(error),
    renderError: ({ code, status }) => ({ status, body: `rendered ${code}` }),
    close: async () => undefined,
  };
}

describe("who is refused", () => {
  test("nobody anonymous gets in", async () => {
    await using s3 = await startTestS3();
    expect(await fetchFrom(s3, "/bucket/a")).toMatchObject({
      status: 403,
      text: expect.stringContaining("AccessDenied"),
    });
    const headers = { "content-type": "application/x-amz-json-1.1" };
    expect(await fetchFrom(s3, "/", { method: "POST", headers, body: "{}" })).toMatchObject({
      status: 403,
      text: expect.stringContaining("MissingAuthenticationTokenException"),
    });
  });

  test("with a wrong secret, each service words it its own way", async () => {
    await using s3 = await startTestS3();
    const settings = {
      endpoint: `http://127.0.0.1:${s3.server.port}`,
      region: "us-east-1",
      credentials: { ...TEST_KEY, secretAccessKey: "wrong" },
      maxAttempts: 1,
    };
    expect(await codeOf(s3.client(settings).send(new ListBucketsCommand({})))).toBe("SignatureDoesNotMatch");
    const batch = new BatchClient(settings).send(new DescribeJobsCommand({ jobs: ["a"] }));
    expect(await codeOf(batch)).toBe("InvalidSignatureException");
    const nobody = { ...settings, credentials: { ...TEST_KEY, accessKeyId: "AKIDNOBODY" } };
    expect(await codeOf(s3.client(nobody).send(new ListBucketsCommand({})))).toBe("InvalidAccessKeyId");
  });
});

test("a service that is missing is named", async () => {
  await using s3 = await startTestS3();
  const endpoint = `http://127.0.0.1:${s3.server.port}`;
  const sts = new STSClient({ endpoint, region: "us-east-1", credentials: TEST_KEY, maxAttempts: 1 });
  await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
    $response: { statusCode: 501 },
  });
});

test("a bug is logged and answered as InternalError, and the server lives on", async () => {
  const services = new Map([["s3", failing("s3", new TypeError("oops"))]]);
  await using s3 = await startTestS3({ services });
  const list = () => s3.client().send(new ListBucketsCommand({}));
  await expect(list()).rejects.toMatchObject({ $response: { statusCode: 500 } });
  await expect(list()).rejects.toMatchObject({ $response: { statusCode: 500 } });
  expect(s3.logged).toHaveLength(2);
  expect(s3.logged[0]).toContain("TypeError: oops");
});

test("a hook can answer in the service's place, fail, or cut the connection", async () => {
  let mode = "answer";
  await using s3 = await startTestS3({
    onRequest: ({ service, cut }) => {
      expect(service).toBe("s3");
      if (mode === "answer") return { status: 503, body: "busy" };
      if (mode === "fail") throw new AwsError("SlowDown", "Please reduce your request rate.", 503);
      if (mode === "cut") cut();
      return undefined;
    },
  });
  const list = () => codeOf(s3.client().send(new ListBucketsCommand({})));
  expect(await list()).not.toBe("none");
  mode = "fail";
  expect(await list()).toBe("SlowDown");
  mode = "cut";
  await expect(s3.client().send(new ListBucketsCommand({}))).rejects.toMatchObject({ code: "ECONNRESET" });
  mode = "nothing";
  expect(await list()).toBe("none");
  expect(s3.logged).toEqual([]);
});

test("control endpoints are signed too", async () => {
  await using s3 = await startTestS3({
    control: async ({ path, principal }) => ({ status: 200, body: `${path} ${principal.accessKeyId}` }),
  });
  expect((await fetchFrom(s3, "/_local-aws/status")).status).toBe(403);
  const answer = await s3.client().send(new GetObjectCommand({ Bucket: "_local-aws", Key: "status" }));
  expect(await answer.Body?.transformToString()).toBe("/_local-aws/status AKIDTEST");
});

test("a body sent with Expect: 100-continue is asked for only once the request is let in", async () => {
  await using s3 = await startTestS3();
  const refused = await new Promise<{ status: number | undefined; continued: boolean }>((resolve, reject) => {
    let continued = false;
    const options = {
      port: s3.server.port,
      method: "PUT",
      path: "/bucket/a",
      headers: { expect: "100-continue" },
    };
    const request = httpRequest(options, (response) => {
      response.resume();
      resolve({ status: response.statusCode, continued });
      request.destroy();
    });
    request.on("continue", () => {
      continued = true;
    });
    request.on("error", reject);
    request.flushHeaders();
  });
  expect(refused).toEqual({ status: 403, continued: false });
  const client = s3.client({ expectContinueHeader: true } as object);
  await client.send(new PutObjectCommand({ Bucket: "bucket", Key: "a", Body: Buffer.alloc(3_000_000) }));
});

test("a refused upload does not spoil the connection for the next request", async () => {
  await using s3 = await startTestS3();
  const client: S3Client = s3.client({
    requestHandler: { httpsAgent: undefined, httpAgent: { maxSockets: 1 } },
  });
  const Body = Buffer.alloc(5_000_000);
  expect(await codeOf(client.send(new PutObjectCommand({ Bucket: "no-such", Key: "a", Body })))).toBe(
    "NoSuchBucket",
  );
  // Here the service stops reading half-way.
  const policy = new PutBucketPolicyCommand({ Bucket: "bucket", Policy: " ".repeat(20_000_000) });
  expect(await codeOf(client.send(policy))).toBe("MaxMessageLengthExceeded");
  expect(await codeOf(client.send(new ListBucketsCommand({})))).toBe("none");
});

test("an aws-chunked body that is given up half-way does not spoil the connection either", async () => {
  await using s3 = await startTestS3();
  const client = s3.client({ requestHandler: { httpAgent: { maxSockets: 1 } } });
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      if (headers["x-amz-decoded-content-length"]) headers["x-amz-decoded-content-length"] = "10";
      return next(args);
    },
    { step: "build", priority: "low" },
  );
  const Body = Readable.from([Buffer.alloc(5_000_000)]);
  const put = new PutObjectCommand({ Bucket: "bucket", Key: "a", Body, ContentLength: 5_000_000 });
  expect(await codeOf(client.send(put))).toBe("IncompleteBody");
  expect(await codeOf(client.send(new ListBucketsCommand({})))).toBe("none");
});

test("a client that leaves in the middle of an upload is no bug, and leaves nothing behind", async () => {
  await using s3 = await startTestS3({ onRequest: () => void started() });
  let started: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    started = resolve;
  });
  const leave = new AbortController();
  async function* endless() {
    for (;;) {
      yield Buffer.alloc(65_536);
      await begun;
      leave.abort();
    }
  }
  const upload = s3.client({ requestChecksumCalculation: "WHEN_REQUIRED" }).send(
    new PutObjectCommand({
      Bucket: "bucket",
      Key: "a",
      Body: Readable.from(endless()),
      ContentLength: 1e9,
    }),
    { abortSignal: leave.signal },
  );
  expect(await codeOf(upload)).toBe("AbortError");
  await expect.poll(() => s3.server.activeRequests(), { interval: 5 }).toBe(0);
  expect(await s3.dataFiles()).toEqual([]);
  expect(s3.logged).toEqual([]);
});

test("what is no HTTP is answered 400", async () => {
  await using s3 = await startTestS3();
  const answer = await new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = connect(s3.server.port, "127.0.0.1", () => socket.write("GARBAGE\r\n\r\n"));
    socket.on("data", (data) => {
      text += data.toString();
    });
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400/);
});

test("requests are counted, by an injected clock", async () => {
  let now = Date.now();
  await using s3 = await startTestS3({ now: () => now });
  expect(s3.server.lastRequestAt()).toBe(now);
  now += 1000;
  await s3.client().send(new ListBucketsCommand({}));
  expect(s3.server.lastRequestAt()).toBe(now);
  await expect.poll(() => s3.server.activeRequests(), { interval: 5 }).toBe(0);
});

test("a port that is taken is an error", async () => {
  await using s3 = await startTestS3();
  const options = { services: new Map(), keys: () => undefined, now: Date.now, log: () => undefined };
  await expect(startServer({ ...options, port: s3.server.port })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});
