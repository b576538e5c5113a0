import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";

/** What a request says of whom it is from. */
export interface SeenRequest {
  readonly line: string;
  readonly keyId: string | undefined;
  readonly region: string | undefined;
  readonly service: string | undefined;
  readonly token: string | undefined;
  readonly body: string;
}

/** An AWS whose Batch knows no job, whose STS gives any role, and whose SSO portal gives any account's. */
export interface StubAws extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
}

const soon = () => Date.now() + 3_600_000;

const answers: readonly (readonly [RegExp, (body: string) => string | undefined])[] = [
  [/^POST \/v1\/describejobs/, () => `{"jobs":[]}`],
  [
    /^POST \/$/,
    (body) =>
      new URLSearchParams(body).get("Action") === "GetCallerIdentity"
        ? `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
             <Arn>arn:aws:iam::123456789012:user/ada</Arn><Account>123456789012</Account>
           </GetCallerIdentityResult></GetCallerIdentityResponse>`
        : new URLSearchParams(body).get("Action") === "AssumeRole"
          ? `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
             <AccessKeyId>AKIAOFTHEROLE</AccessKeyId><SecretAccessKey>secretOfTheRole</SecretAccessKey>
             <SessionToken>tokenOfTheRole</SessionToken><Expiration>${new Date(soon()).toISOString()}</Expiration>
           </Credentials></AssumeRoleResult></AssumeRoleResponse>`
          : undefined,
  ],
  [
    /^GET \/federation\/credentials/,
    () =>
      JSON.stringify({
        roleCredentials: {
          accessKeyId: "AKIAOFSSO",
          secretAccessKey: "secretOfSso",
          sessionToken: "tokenOfSso",
          expiration: soon(),
        },
      }),
  ],
];

export async function startStubAws(): Promise<StubAws> {
  const requests: SeenRequest[] = [];
  const server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const line = `${request.method} ${request.url}`;
    // Whatever listens on this computer is first asked whether it is a local AWS.
    if (request.url?.startsWith("/_local-aws/")) return response.writeHead(404).end();
    const { authorization = "", ...headers } = request.headers;
    const [, keyId, region, service] =
      /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(authorization) ?? [];
    const token = headers["x-amz-security-token"] ?? headers["x-amz-sso_bearer_token"];
    requests.push({ line, keyId, region, service, token: token?.toString(), body });
    const found = answers.find(([pattern]) => pattern.test(line))?.[1](body);
    return response.writeHead(found === undefined ? 404 : 200).end(found ?? "{}");
  });
  return { requests, ...(await listening(server)) };
}

/** A proxy as hospitals have them: tunnels (CONNECT), and whole URLs for plain HTTP. */
export interface StubProxy extends AsyncDisposable {
  readonly url: string;
  /** `CONNECT host:port`, or `METHOD http://…`, with the user's name and password where they were given. */
  readonly requests: readonly string[];
}

/** @param password `name:password` to be let through; undefined: anybody */
export async function startStubProxy(password?: string): Promise<StubProxy> {
  const requests: string[] = [];
  const isKnown = ({ headers }: http.IncomingMessage) =>
    password === undefined ||
    headers["proxy-authorization"] === `Basic ${Buffer.from(password).toString("base64")}`;
  const server = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const { hostname, port, pathname, search } = new URL(request.url ?? "");
    const { method, rawHeaders: headers } = request;
    const passed = http.request(
      { hostname, port, method, path: pathname + search, headers, agent: false },
      (answered) => {
        response.writeHead(answered.statusCode ?? 502, answered.rawHeaders);
        answered.pipe(response);
      },
    );
    request.pipe(passed);
  });
  const tunnels = new Set<Socket>();
  server.on("connect", (request, socket: Socket, head) => {
    requests.push(`CONNECT ${request.url}`);
    tunnels.add(socket);
    socket.on("error", () => {});
    if (!isKnown(request)) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const [host, port] = (request.url ?? "").split(":");
    const target = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    target.on("error", () => socket.destroy());
    tunnels.add(target);
  });
  const { url, ...rest } = await listening(server);
  return {
    url,
    requests,
    async [Symbol.asyncDispose]() {
      for (const tunnel of tunnels) tunnel.destroy();
      await rest[Symbol.asyncDispose]();
    },
  };
}

async function listening(server: http.Server): Promise<AsyncDisposable & { readonly url: string }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
