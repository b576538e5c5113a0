import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { Principal, Service } from "../http.ts";
import { type RunningServer, type ServerOptions, startServer } from "../server.ts";
import { openS3, type S3 } from "./index.ts";

export const TEST_KEY = { accessKeyId: "AKIDTEST", secretAccessKey: "secret" };
const principal: Principal = {
  kind: "user",
  accessKeyId: TEST_KEY.accessKeyId,
  arn: "arn:aws:iam::1:user/test",
};

export interface TestS3 extends AsyncDisposable {
  readonly directory: string;
  readonly server: RunningServer;
  readonly s3: S3;
  /** What the server logged: bugs. */
  readonly logged: readonly string[];
  client(config?: Partial<S3ClientConfig>): S3Client;
  /** Stops it and starts it again on the same directory. */
  restart(): Promise<TestS3>;
  /** Data files there are now. */
  dataFiles(): Promise<readonly string[]>;
}

/** S3 behind the real server, in a temporary directory, with the bucket `bucket`. */
export async function startTestS3(
  options: Partial<ServerOptions> & { readonly directory?: string } = {},
): Promise<TestS3> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "local-aws-s3-")));
  const logged: string[] = [];
  const s3 = await openS3({ directory, region: "us-east-1", accountId: "123456789012", now: Date.now });
  await s3.createBucketIfMissing("bucket");
  const server = await startServer({
    port: 0,
    services: new Map<string, Service>([["s3", s3]]),
    keys: (id) =>
      id === TEST_KEY.accessKeyId ? { secretAccessKey: TEST_KEY.secretAccessKey, principal } : undefined,
    now: Date.now,
    log: (message) => void logged.push(message),
    ...options,
  });
  const clients: S3Client[] = [];
  const stop = async () => {
    for (const client of clients) client.destroy();
    await server.close({ graceMs: 1000 });
    await s3.close();
  };
  return {
    directory,
    server,
    s3,
    logged,
    client(config = {}) {
      const client = new S3Client({
        endpoint: `http://127.0.0.1:${server.port}`,
        region: "us-east-1",
        credentials: TEST_KEY,
        forcePathStyle: true,
        maxAttempts: 1,
        ...config,
      });
      clients.push(client);
      return client;
    },
    async restart() {
      await stop();
      return startTestS3({ ...options, directory });
    },
    async dataFiles() {
      const names = await readdir(join(directory, "data"), { recursive: true });
      return names.filter((name) => name.includes("/"));
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The code of the error that a call ends with; "none" where it succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "none";
  } catch (error) {
    const { name, Code } = error as { name: string; Code?: string };
    return Code ?? name;
  }
}
