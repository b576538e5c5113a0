import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { findLocalAwsInUse } from "./local-aws-in-use.ts";

let server: Server | undefined;
afterEach(() => void server?.close());

async function listen(name: string): Promise<number> {
  server = createServer((_, response) => response.writeHead(403, { server: name }).end());
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return (listening.address() as AddressInfo).port;
}

const find = (endpoint: string | undefined) =>
  findLocalAwsInUse(testContext(), {
    endpoint,
    region: "us-east-1",
    credentials: async () => ({ accessKeyId: "KEY", secretAccessKey: "secret" }),
  });

test("a server on this computer that says it is one, is one, though not this home's", async () => {
  const port = await listen("nextstrain-local-aws");
  for (const host of ["127.0.0.1", "localhost"]) {
    const found = await find(`http://${host}:${port}`);
    expect(found?.isOfThisHome).toBe(false);
    expect(await found?.howJobsRun("image")).toBeUndefined();
  }
});

test("others are not, and are asked nothing more", async () => {
  const port = await listen("moto");
  for (const endpoint of [undefined, "junk", `http://127.0.0.1:${port}`, "https://batch.amazonaws.com"]) {
    expect(await find(endpoint)).toBeUndefined();
  }
});

test("nor is a port where nothing listens, unless it is this home's", async () => {
  const port = await listen("nextstrain-local-aws");
  await new Promise((resolve) => server?.close(resolve));
  expect(await find(`http://127.0.0.1:${port}`)).toBeUndefined();
});
