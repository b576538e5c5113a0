import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A bucket store that lets anybody in: objects by `/bucket/key`, and what was asked of it. */
export interface S3Stub extends AsyncDisposable {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  readonly requests: string[];
  /** Status codes to answer next, in place of what was asked for. */
  readonly failures: number[];
}

export async function startS3Stub(): Promise<S3Stub> {
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];
  const failures: number[] = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    requests.push(`${request.method} ${path}`);
    const body = await buffer(request);
    const failure = failures.shift();
    const object = objects.get(path);
    if (failure !== undefined) {
      response.writeHead(failure).end("<Error><Code>Broken</Code><Message>as asked</Message></Error>");
    } else if (request.method === "PUT") {
      objects.set(path, body);
      response.end();
    } else if (request.method === "DELETE") {
      objects.delete(path);
      response.writeHead(204).end();
    } else if (object === undefined) {
      response.writeHead(404).end("<Error><Code>NoSuchKey</Code><Message>There is none.</Message></Error>");
    } else {
      response.end(object);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    requests,
    failures,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
