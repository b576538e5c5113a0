import * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import * as tls from "node:tls";
import { UserError } from "../errors.ts";
import type { Sourced } from "../settings.ts";
import { PERCENT, type ProxyChoice } from "./proxy.ts";

/** How requests reach AWS from here. */
export interface Route {
  readonly proxies: ProxyChoice;
  /** Certificates in PEM, in place of the usual authorities'; undefined: those. */
  readonly authorities: string | undefined;
}

/** Milliseconds for a proxy to open a tunnel. */
const TUNNEL_LIMIT = 10_000;
/** Sockets to one host at most, as the SDK has it. */
const POOL = { keepAlive: true, maxSockets: 50 };

/** The agents for the SDK's request handler. */
export function createAgents({ proxies, authorities }: Route): {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
} {
  return {
    httpAgent: new ForwardingAgent(proxies),
    httpsAgent: new TunnellingAgent(proxies, authorities === undefined ? {} : { ca: authorities }),
  };
}

interface Target {
  readonly host?: string | undefined;
  readonly port?: number | string | undefined;
  readonly servername?: string | undefined;
}
/** Node leaves the stream out where it hands over an error. */
type Opened = (error: Error | null, stream: Duplex) => void;

/** HTTPS, through a tunnel where there is a proxy for the target (RFC 9110 9.3.6, CONNECT). */
class TunnellingAgent extends https.Agent {
  readonly #proxies: ProxyChoice;
  readonly #trust: { readonly ca?: string };

  constructor(proxies: ProxyChoice, trust: { readonly ca?: string }) {
    super({ ...POOL, ...trust });
    this.#proxies = proxies;
    this.#trust = trust;
  }

  override createConnection(
    options: https.RequestOptions & Target,
    opened?: Opened,
  ): Duplex | null | undefined {
    const host = options.host ?? "localhost";
    const port = Number(options.port ?? 443);
    const proxy = this.#proxies.find("https:", host, port);
    if (proxy === undefined) return super.createConnection(options, opened);
    openTunnel(proxy, authority(host, port), this.#trust).then(
      (socket) => {
        const servername = options.servername || undefined;
        opened?.(null, tls.connect({ ...(options as tls.ConnectionOptions), socket, servername }));
      },
      (error: Error) => (opened as ((error: Error) => void) | undefined)?.(error),
    );
    return undefined;
  }
}

function openTunnel(proxy: Sourced<URL>, target: string, trust: { readonly ca?: string }): Promise<Duplex> {
  const { value: url, source } = proxy;
  const request = (url.protocol === "https:" ? https : http).request({
    ...addressOf(url),
    ...trust,
    method: "CONNECT",
    path: target,
    headers: { host: target, ...credentialsFor(url) },
    agent: false,
    timeout: TUNNEL_LIMIT,
  });
  return new Promise((resolve, reject) => {
    request.on("connect", (response, socket) => {
      if (response.statusCode === 200) {
        socket.setTimeout(0);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(refusedBy(proxy, target, response));
    });
    request.on("timeout", () =>
      request.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })),
    );
    request.on("error", (error: NodeJS.ErrnoException) => {
      const explained = new Error(`the proxy ${url.host} of ${source}: ${error.message}`);
      // The code stays: it tells whether to try again.
      reject(Object.assign(explained, { code: error.code }));
    });
    request.end();
  });
}

function refusedBy(
  { value, source }: Sourced<URL>,
  target: string,
  { statusCode: status = 0, headers }: http.IncomingMessage,
): Error {
  const message = `The proxy ${value.host} (from ${source}) lets nothing through to ${target} (status ${status}).`;
  // It is willing, and can't: what is the matter with the network behind it may pass.
  if (status >= 500) return Object.assign(new Error(message.slice(0, -1)), { code: "ECONNREFUSED" });
  if (status !== 407) {
    return new UserError(message, { hint: `Check ${source}, or name the host in NO_PROXY.` });
  }
  const schemes = loginSchemes(headers["proxy-authenticate"]);
  if (schemes.length > 0 && !schemes.some((scheme) => /^basic$/i.test(scheme))) {
    return new UserError(
      `The proxy ${value.host} (from ${source}) wants a login by ${schemes.join(" or ")}, which this program cannot do (status 407).`,
      {
        hint: `Run a proxy on this computer that logs in to that one, such as Cntlm or Px, and name it: ${source}=http://127.0.0.1:3128`,
      },
    );
  }
  return value.username === "" && value.password === ""
    ? new UserError(message, {
        hint: `It wants a name and a password: ${source}=http://name:password@${value.host}`,
      })
    : new UserError(
        `The proxy ${value.host} does not accept the name and password in ${source} (status 407).`,
        { hint: `Check them. ${PERCENT}` },
      );
}

/** The schemes of `Proxy-Authenticate` (RFC 9110 11.7.1): each challenge begins with a name; its parameters have a "=" or are base64. */
function loginSchemes(header: string | undefined): string[] {
  const challenges = (header ?? "").split(",").map((part) => part.trim().split(/\s+/));
  const names = challenges.flatMap(([name = ""]) => (/^[A-Za-z][\w-]*$/.test(name) ? [name] : []));
  return [...new Set(names)];
}

/** Plain HTTP: a proxy is asked for the whole URL (RFC 9112 3.2.2). */
class ForwardingAgent extends http.Agent {
  readonly #proxies: ProxyChoice;

  constructor(proxies: ProxyChoice) {
    super(POOL);
    this.#proxies = proxies;
  }

  /** Node calls it for each request, before its head is sent. */
  addRequest(request: http.ClientRequest, options: http.RequestOptions & Target): void {
    const proxy = this.#find(options);
    if (proxy) {
      request.path = `http://${authority(options.host ?? "localhost", Number(options.port ?? 80))}${request.path}`;
      for (const [name, value] of Object.entries(credentialsFor(proxy.value))) request.setHeader(name, value);
    }
    const { addRequest } = http.Agent.prototype as unknown as {
      readonly addRequest: (request: http.ClientRequest, options: http.RequestOptions) => void;
    };
    addRequest.call(this, request, options);
  }

  override createConnection(options: http.ClientRequestArgs, opened?: Opened): Duplex | null | undefined {
    const proxy = this.#find(options as Target);
    return super.createConnection(proxy ? { ...options, ...addressOf(proxy.value) } : options, opened);
  }

  #find({ host, port }: Target): Sourced<URL> | undefined {
    return this.#proxies.find("http:", host ?? "localhost", Number(port ?? 80));
  }
}

function addressOf(url: URL): { readonly host: string; readonly port: number } {
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port };
}

function authority(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function credentialsFor(url: URL): Record<string, string> {
  if (!url.username && !url.password) return {};
  const pair = `${unquote(url.username)}:${unquote(url.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** As Python's urllib has it: a "%" that begins no code stands for itself. */
function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) =>
    Buffer.from(codes.replaceAll("%", ""), "hex").toString("utf8"),
  );
}
