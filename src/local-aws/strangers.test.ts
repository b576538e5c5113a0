// What those may take of this computer who have no key, or have not shown it yet.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import { describe, expect, onTestFinished, test } from "vitest";
import { formatTimestamp } from "./auth/timestamp.ts";
import { codeOf, startTestS3, TEST_KEY, type TestS3 } from "./s3/test-support.ts";

interface Stranger {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** Resolves with all that has come, once that matches. */
  received(pattern: RegExp): Promise<string>;
}

async function visit(s3: TestS3): Promise<Stranger> {
  const socket = connect(s3.server.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.setEncoding("utf8").on("data", (data) => {
    text += data;
  });
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await once(socket, "connect");
  return {
    socket,
    closed,
    async received(pattern) {
      await expect.poll(() => text, { interval: 2, timeout: 20_000 }).toMatch(pattern);
      return text;
    },
  };
}

/** The head of a request to Batch, whose signature is false, and counts on the body's hash. */
function head(accessKeyId: string, length: number, time = Date.now()): string {
  const timestamp = formatTimestamp(time);
  const scope = `${timestamp.slice(0, 8)}/us-east-1/batch/aws4_request`;
  return [
    "POST /v1/describejobs HTTP/1.1",
    "host: 127.0.0.1",
    "content-type: application/json",
    `content-length: ${length}`,
    `x-amz-date: ${timestamp}`,
    `authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
    "\r\n",
  ].join("\r\n");
}

describe("the body of a request is not waited for", () => {
  test("where nobody has the key", async () => {
    await using s3 = await startTestS3();
    const { socket, received } = await visit(s3);
    socket.write(head("AKIDNOBODY", 1000));
    expect(await received(/records/)).toMatch(/^HTTP\/1\.1 403.*UnrecognizedClientException/s);
  });

  test("where its time is long past", async () => {
    await using s3 = await startTestS3();
    const { socket, received } = await visit(s3);
    socket.write(head(TEST_KEY.accessKeyId, 1000, Date.now() - 3_600_000));
    expect(await received(/difference/)).toMatch(/^HTTP\/1\.1 403.*InvalidSignatureException/s);
  });
});

test("bodies that are not verified yet take so much memory together, and no more", async () => {
  await using s3 = await startTestS3({ limits: { unverifiedBytes: 1000 } });
  const first = await visit(s3);
  first.socket.write(head(TEST_KEY.accessKeyId, 700) + "x".repeat(600));
  const later = await visit(s3);
  // One that is refused gives back what it took, so only some are until the first one has arrived.
  const refused = async () => {
    later.socket.write(head(TEST_KEY.accessKeyId, 500) + "x".repeat(500));
    return later.received(/\r\n\r\n\{.*\}$/);
  };
  await expect.poll(refused, { interval: 5 }).toMatch(/503 Service Unavailable.*"ServiceUnavailable"/s);
  first.socket.write("x".repeat(100));
  await first.received(/^HTTP\/1\.1 403.*InvalidSignatureException/s);
  const last = await visit(s3);
  last.socket.write(head(TEST_KEY.accessKeyId, 900) + "x".repeat(900));
  await last.received(/^HTTP\/1\.1 403.*InvalidSignatureException/s);
});

test("a body that is not verified yet has some time to arrive", async () => {
  await using s3 = await startTestS3({ limits: { unverifiedMs: 50 } });
  const { socket, received, closed } = await visit(s3);
  socket.write(`${head(TEST_KEY.accessKeyId, 1000)}some`);
  await received(/^HTTP\/1\.1 400.*RequestTimeout/s);
  await closed;
});

test("what follows a refusal has some time to arrive, too", async () => {
  await using s3 = await startTestS3({ limits: { unverifiedMs: 50 } });
  const { socket, received, closed } = await visit(s3);
  socket.write("PUT /bucket/a HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 999999999\r\n\r\nsome");
  await received(/^HTTP\/1\.1 403.*AccessDenied/s);
  // A connection on which nothing moves would be ended anyway.
  const trickle = setInterval(() => socket.write("more"), 5);
  await closed.finally(() => clearInterval(trickle));
});

test("where there are too many connections, the oldest one that has shown no key makes room", async () => {
  await using s3 = await startTestS3({ limits: { connections: 3 } });
  const client = s3.client();
  const list = () => codeOf(client.send(new ListBucketsCommand({})));
  expect(await list()).toBe("none");
  const strangers = [await visit(s3), await visit(s3)];
  strangers.push(await visit(s3), await visit(s3), await visit(s3));
  await strangers[0]?.closed;
  await expect.poll(() => strangers.filter(({ socket }) => !socket.destroyed).length).toBe(2);
  expect(await list()).toBe("none");
  expect(await codeOf(s3.client().send(new ListBucketsCommand({})))).toBe("none");
});
