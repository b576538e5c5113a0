import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DescribeJobsCommand, SubmitJobCommand } from "@aws-sdk/client-batch";
import { GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import { type Aws, openAws } from "./clients.ts";

let home: Awaited<ReturnType<typeof tempDir>>;
/** Keys in the order of the requests that they signed. */
let seen: string[];
/** What the server still takes. */
let accepted: string;
let server: ReturnType<typeof createServer>;

const store = (key: string) =>
  writeFile(
    join(home.path, "credentials"),
    `[default]\naws_access_key_id = ${key}\naws_secret_access_key = secret\n`,
  );

beforeEach(async () => {
  home = await tempDir();
  [seen, accepted] = [[], "FIRST"];
  server = createServer((request, response) => {
    // Whatever listens on this computer is first asked whether it is a local AWS.
    if (request.url?.startsWith("/_local-aws/")) return response.writeHead(404).end();
    return request.resume().on("end", () => {
      const key = /Credential=(\w+)/.exec(request.headers.authorization ?? "")?.[1] ?? "";
      seen.push(key);
      if (key === accepted) return response.end(request.method === "PUT" ? "" : "{}");
      const code = request.method === "PUT" ? "ExpiredToken" : "ExpiredTokenException";
      const body = request.method === "PUT" ? `<Error><Code>${code}</Code></Error>` : `{"__type":"${code}"}`;
      return response.writeHead(400, { "x-amzn-errortype": code }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // The SDK's reader of these files looks into the process's environment.
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(home.path, "credentials"));
  vi.stubEnv("AWS_CONFIG_FILE", join(home.path, "config"));
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await store("FIRST");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  await home[Symbol.asyncDispose]();
});

const open = () => {
  const { AWS_ENDPOINT_URL = "" } = process.env;
  return openAws(testContext({ home: home.path, env: { AWS_ENDPOINT_URL } }), undefined);
};

const job = { jobName: "job", jobQueue: "queue", jobDefinition: "definition" };
const requests: readonly (readonly [string, (aws: Aws) => Promise<unknown>])[] = [
  ["Batch", ({ batch }) => batch.send(new DescribeJobsCommand({ jobs: ["id"] }))],
  ["a submission", ({ batchOnce }) => batchOnce.send(new SubmitJobCommand(job))],
  ["the log", ({ logs }) => logs.send(new GetLogEventsCommand({ logStreamName: "stream" }))],
  ["S3", ({ s3 }) => s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "key", Body: "body" }))],
];

describe("keys that AWS takes no longer", () => {
  test.each(requests)("are read anew, and the request sent again: %s", async (_, send) => {
    using aws = await open();
    await send(aws);
    await store("SECOND");
    await send(aws);
    accepted = "SECOND";
    await send(aws);
    expect(seen).toEqual(["FIRST", "FIRST", "FIRST", "SECOND"]);
  });

  test("are not tried again where there are no others", async () => {
    using aws = await open();
    accepted = "SECOND";
    await expect(aws.batch.send(new DescribeJobsCommand({ jobs: ["id"] }))).rejects.toThrow(
      expect.objectContaining({ name: "ExpiredTokenException" }),
    );
    expect(seen).toEqual(["FIRST"]);
  });

  test("many requests at once are each sent again", async () => {
    using aws = await open();
    await aws.s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "key", Body: "body" }));
    await store("SECOND");
    accepted = "SECOND";
    const put = (Key: string) => aws.s3.send(new PutObjectCommand({ Bucket: "bucket", Key, Body: "body" }));
    await Promise.all(["a", "b", "c", "d"].map(put));
    expect(seen.filter((key) => key === "SECOND")).toHaveLength(4);
  });
});
