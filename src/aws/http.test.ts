import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { UserError } from "../errors.ts";
import { isTransient, wasNotCarriedOut } from "./errors.ts";
import { createAgents } from "./http.ts";
import { readProxies } from "./proxy.ts";

/** What becomes of a request through a proxy that opens no tunnel. */
async function askThroughProxy(status: number): Promise<unknown> {
  const proxy = http.createServer();
  proxy.on("connect", (_, socket) => {
    socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  const proxies = readProxies({ env: { HTTPS_PROXY: `http://127.0.0.1:${port}` } });
  const { httpsAgent } = createAgents({ proxies, authorities: undefined });
  try {
    return await new Promise((resolve, reject) => {
      https.get("https://batch.example.org/", { agent: httpsAgent }, reject).on("error", resolve);
    });
  } finally {
    httpsAgent.destroy();
    await new Promise((resolve) => proxy.close(resolve));
  }
}

test.each([502, 503, 504])(
  "a proxy that can't reach AWS (status %i) is trouble that may pass",
  async (status) => {
    const error = await askThroughProxy(status);
    expect(String(error)).toContain(`(status ${status})`);
    expect(isTransient(error)).toBe(true);
    // A job that was not submitted for it may be submitted again.
    expect(wasNotCarriedOut(error)).toBe(true);
  },
);

test.each([403, 407])("a proxy that refuses (status %i) is the user's to mend", async (status) => {
  const error = await askThroughProxy(status);
  expect(error).toBeInstanceOf(UserError);
  expect(isTransient(error)).toBe(false);
});
