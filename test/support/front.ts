import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { exportsOf } from "./control.ts";
import type { Workplace } from "./workplace.ts";

/** A server before local AWS that passes everything on as it came, so that signatures stay good. */
export interface Front extends AsyncDisposable {
  readonly url: string;
  /** `PUT /bucket/key?query`, in the order they came. */
  readonly requests: readonly string[];
  /** Holds the requests back that match `METHOD /path`, until they are released. */
  hold(pattern: RegExp): { readonly arrived: Promise<void>; release(): void };
  /**
   * Changes the answers to an operation of Batch's or of CloudWatch Logs' (`DescribeJobs`), as other accounts and bad days
   * have them; undefined leaves one as it came.
   */
  change(operation: string, change: (answer: Answer) => Answer | undefined): void;
}

/** What a service answers. */
export interface Answer {
  readonly status: number;
  readonly contentType?: string | undefined;
  readonly body: string;
}

export interface FrontOptions {
  /** Speaks TLS with these, as `localhost`. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Answers a request itself; true where it did. */
  readonly answer?: (request: http.IncomingMessage, response: http.ServerResponse) => boolean;
}

export async function startFront(target: string, { tls, answer }: FrontOptions = {}): Promise<Front> {
  const requests: string[] = [];
  const holds: { readonly pattern: RegExp; readonly hold: () => Promise<void> }[] = [];
  const changes: { readonly operation: string; readonly change: (answer: Answer) => Answer | undefined }[] =
    [];
  const handle = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const line = `${request.method} ${request.url}`;
    requests.push(line);
    if (answer?.(request, response)) {
      request.resume();
      return;
    }
    await Promise.all(holds.filter(({ pattern }) => pattern.test(line)).map(({ hold }) => hold()));
    if (response.destroyed) return;
    const { hostname, port } = new URL(target);
    const { method, url, rawHeaders: headers } = request;
    const passed = http.request({ hostname, port, method, path: url, headers, agent: false }, (answered) => {
      const wanted = changes.filter(({ operation }) => operation.toLowerCase() === operationOf(request));
      if (wanted.length > 0) {
        return void answerOf(answered).then((answer) => {
          const changed = wanted.reduce((now, { change }) => change(now) ?? now, answer);
          response.writeHead(changed.status, { "content-type": changed.contentType ?? "" }).end(changed.body);
        });
      }
      response.writeHead(answered.statusCode ?? 502, answered.rawHeaders);
      answered.pipe(response);
    });
    passed.on("continue", () => response.writeContinue());
    passed.on("error", () => response.destroy());
    response.on("close", () => passed.destroy());
    request.pipe(passed);
  };
  const server = tls ? https.createServer(tls) : http.createServer();
  server.on("request", handle);
  server.on("checkContinue", handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    requests,
    hold(pattern) {
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const arrived = new Promise<void>((resolve) => {
        holds.push({
          pattern,
          hold: () => {
            resolve();
            return released;
          },
        });
      });
      return { arrived, release };
    },
    change: (operation, change) => void changes.push({ operation, change }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** In lower case: the path of Batch's operations has it so, and CloudWatch Logs has them in a header. */
function operationOf({ url = "", headers }: http.IncomingMessage): string | undefined {
  const target = headers["x-amz-target"]?.toString().split(".")[1];
  return (target ?? /^\/v1\/(\w+)$/.exec(url)?.[1])?.toLowerCase();
}

async function answerOf(answered: http.IncomingMessage): Promise<Answer> {
  let body = "";
  for await (const chunk of answered.setEncoding("utf8")) body += chunk;
  return { status: answered.statusCode ?? 502, contentType: answered.headers["content-type"], body };
}

/** Where a workplace's local AWS is, and the variables with which any client uses it. */
export async function localEnvironment(
  place: Workplace,
): Promise<{ readonly endpoint: string; readonly variables: Record<string, string> }> {
  const lines = await exportsOf(place.env);
  const pairs = [...lines.matchAll(/^export (AWS_\w+)='?([^'\n]*)'?;?$/gm)].map(
    ([, name = "", value = ""]) => [name, value],
  );
  const variables: Record<string, string> = Object.fromEntries(pairs);
  return { endpoint: variables.AWS_ENDPOINT_URL ?? "", variables };
}

/** A front before a workplace's local AWS, and the environment of an account that is reached through it. */
export async function startFrontOf(place: Workplace): Promise<{ front: Front; env: Record<string, string> }> {
  const { endpoint, variables } = await localEnvironment(place);
  const front = await startFront(endpoint);
  return { front, env: { ...place.env, ...variables, AWS_ENDPOINT_URL: front.url } };
}
