import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, globalAgent, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tempDir } from "../../../../test/support/temp-dir.ts";
import { download, upload } from "./s3-copy.ts";

let scratch: Awaited<ReturnType<typeof tempDir>>;
let server: Server;
/** How many requests are answered with a failure before the others. */
let failures: number;
let stored: Buffer;

beforeEach(async () => {
  scratch = await tempDir();
  stored = Buffer.from("stored");
  server = createServer(async (request, response) => {
    if (failures > 0) {
      failures -= 1;
      // Of a body no more than this is taken: the client has to leave it at that.
      if (request.method === "PUT") {
        await once(request, "data");
        request.pause();
      }
      return response.writeHead(503).end("<Error><Code>SlowDown</Code></Error>");
    }
    if (request.method === "GET") return response.end(stored);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    stored = Buffer.concat(chunks);
    return response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await scratch[Symbol.asyncDispose]();
});

const environment = () => ({
  AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  AWS_ACCESS_KEY_ID: "KEY",
  AWS_SECRET_ACCESS_KEY: "secret",
});

test("a copy outlasts more failures than the `aws` command would", async () => {
  failures = 6;
  const file = join(scratch.path, "file");
  await download("s3://bucket/key", file, environment());
  expect(await readFile(file, "utf8")).toBe("stored");
});

test("an upload that is refused before its end is sent again whole, and leaves no connection behind", async () => {
  failures = 1;
  const file = join(scratch.path, "file");
  const content = Buffer.alloc(16 * 2 ** 20, "x");
  await writeFile(file, content);
  await upload(file, "s3://bucket/key", environment());
  expect(stored.equals(content)).toBe(true);
  // The one that was sent last may be about to end; an abandoned one would keep the job's process alive.
  expect(Object.values(globalAgent.sockets).flat().length).toBeLessThanOrEqual(1);
});

test("what can't be mended is not tried again", async () => {
  server.removeAllListeners("request");
  let asked = 0;
  server.on("request", (_, response) => {
    asked += 1;
    response.writeHead(403).end("<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
  });
  await expect(download("s3://bucket/key", join(scratch.path, "file"), environment())).rejects.toThrow(
    "AccessDenied",
  );
  expect(asked).toBe(1);
});
