import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import * as batch from "@aws-sdk/client-batch";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { UserError } from "../errors.ts";
import { explainAwsError, isTransient, wasNotCarriedOut } from "./errors.ts";
import { createAgents } from "./http.ts";
import { readProxies } from "./proxy.ts";

/** What becomes of a request through a proxy that opens no tunnel. */
async function askThroughProxy(
  status: number,
  { login = "", headers = [] as string[] } = {},
): Promise<unknown> {
  const proxy = http.createServer();
  const lines = headers.map((header) => `${header}\r\n`).join("");
  proxy.on("connect", (_, socket) => {
    socket.end(`HTTP/1.1 ${status} No\r\n${lines}content-length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  const proxies = readProxies({ env: { HTTPS_PROXY: `http://${login}127.0.0.1:${port}` } });
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

/** A server that answers all requests with the page of a firewall. */
async function startFirewall(): Promise<AsyncDisposable & { readonly endpoint: string }> {
  const server = http.createServer((request, response) => {
    request.resume();
    response
      .writeHead(403, { "content-type": "text/html" })
      .end("<!DOCTYPE html><html><p>Blocked<br></html>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Configuration {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
}

const OBJECT = { Bucket: "bucket", Key: "key" };
const { BatchClient, DescribeJobsCommand } = batch;
const { CloudWatchLogsClient, GetLogEventsCommand } = logs;

test.each<[string, (configuration: Configuration) => Promise<unknown>]>([
  ["Batch", (using) => new BatchClient(using).send(new DescribeJobsCommand({ jobs: ["id"] }))],
  [
    "CloudWatch Logs",
    (using) =>
      new CloudWatchLogsClient(using).send(
        new GetLogEventsCommand({ logGroupName: "group", logStreamName: "stream" }),
      ),
  ],
  ["S3", (using) => new S3Client({ ...using, forcePathStyle: true }).send(new GetObjectCommand(OBJECT))],
  ["STS", (using) => new STSClient(using).send(new GetCallerIdentityCommand({}))],
])("a firewall's page in place of %s is told in a sentence, without a parser's words", async (_, ask) => {
  await using firewall = await startFirewall();
  const configuration = {
    endpoint: firewall.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    maxAttempts: 1,
  };
  const error = await ask(configuration).catch((thrown: unknown) => thrown);
  expect(explainAwsError(error, "look")).toMatchObject({
    message:
      "Could not look: the answer (HTTP status 403) can't be read, so something else than AWS gave it, or it was cut off.",
  });
  expect(isTransient(error)).toBe(true);
});

test.each([403, 407])("a proxy that refuses (status %i) is the user's to mend", async (status) => {
  const error = await askThroughProxy(status);
  expect(error).toBeInstanceOf(UserError);
  expect(isTransient(error)).toBe(false);
});

test.each([
  [["Proxy-Authenticate: NTLM"], "by NTLM"],
  [["Proxy-Authenticate: Negotiate", "Proxy-Authenticate: NTLM TlRMTVNTUAACAAAA=="], "by Negotiate or NTLM"],
  [['Proxy-Authenticate: Digest realm="a, b", nonce="c"'], "by Digest"],
])("a proxy that wants another login than by name and password is told as that: %j", async (headers, how) => {
  const error = await askThroughProxy(407, { headers, login: "name:passwordOfProxy@" });
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toContain(`wants a login ${how}, which this program cannot do`);
  expect((error as UserError).hint).toMatch(/Cntlm or Px.*HTTPS_PROXY=/);
  expect(`${error} ${(error as UserError).hint}`).not.toContain("passwordOf");
});

test.each([
  ["name:passwordOfProxy@", /does not accept the name and password in HTTPS_PROXY/],
  ["", /lets nothing through .*status 407/],
])("a proxy that takes those says whether they are missing or wrong (%s)", async (login, expected) => {
  const headers = ["Proxy-Authenticate: Negotiate", 'Proxy-Authenticate: Basic realm="lab"'];
  expect(String(await askThroughProxy(407, { headers, login }))).toMatch(expected);
});

test.each([
  ["name:100%", "name:100%"],
  ["na%6De:a%ZZ%25%C3%9F", "name:a%ZZ%ß"],
  ["name:a%40b", "name:a@b"],
])("the login %s is %s", async (given, sent) => {
  let seen: string | undefined;
  const proxy = http.createServer();
  proxy.on("connect", ({ headers }, socket) => {
    seen = headers["proxy-authorization"];
    socket.end("HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  const proxies = readProxies({ env: { HTTPS_PROXY: `http://${given}@127.0.0.1:${port}` } });
  const { httpsAgent } = createAgents({ proxies, authorities: undefined });
  await new Promise((resolve, reject) => {
    https.get("https://batch.example.org/", { agent: httpsAgent }, reject).on("error", resolve);
  });
  httpsAgent.destroy();
  await new Promise((resolve) => proxy.close(resolve));
  expect(seen).toBe(`Basic ${Buffer.from(sent).toString("base64")}`);
});
