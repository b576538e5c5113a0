import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeBytes } from "./auth/canonical.ts";
import { authErrorFor } from "./auth/errors.ts";
import { parseTarget } from "./auth/target.ts";
import type { AccessKeys } from "./auth/verify.ts";
import { limitConnections } from "./connections.ts";
import { AwsError, notImplemented, type Service, type ServiceRequest, type ServiceResponse } from "./http.ts";
import { MAX_BUFFERED_BODY } from "./read-all.ts";
import { authenticate, guessService, identify } from "./request.ts";
import { type CutAnswer, sendResponse } from "./response.ts";
import { type UnverifiedBodies, unverifiedBodies } from "./unverified-bodies.ts";
import { bucketOfHost } from "./virtual-host.ts";

/** Paths of the daemon's own endpoints; no bucket can have this name. */
const CONTROL_PREFIX = "/_local-aws/";

/** Called for each verified request before it is dispatched. */
export type RequestHook = (call: {
  /** As in the signature's credential scope. */
  readonly service: string;
  readonly request: ServiceRequest;
  /** Ends the connection without an answer. */
  cut(): void;
  /** Has the request carried out, and ends the connection before the answer or half-way through its body. */
  cutAnswer(place: CutAnswer): void;
}) => Promise<ServiceResponse | undefined> | ServiceResponse | undefined;

/** What became of asking for permission. */
export interface Authorized {
  /** The request, its body still to be read. */
  readonly request: ServiceRequest;
  /** What an error of the service is told as: some would give away what the caller may not know. */
  reword(error: AwsError): AwsError;
}

type Authorize = (service: string, request: ServiceRequest) => Promise<Authorized | undefined>;

export interface ServerOptions {
  /** 0: any free one. */
  readonly port: number;
  /** By the service name of the signature's credential scope (`s3`, `batch`, `logs`, `sts`, …). */
  readonly services: ReadonlyMap<string, Service>;
  readonly keys: AccessKeys;
  /** Milliseconds since 1970. */
  now(): number;
  /** Told of bugs: one call each, with a stack. */
  log(message: string): void;
  /** Answers what is under `/_local-aws/`, signed like anything else, for any service. */
  readonly control?: (request: ServiceRequest) => Promise<ServiceResponse>;
  /** Answers what jobs ask of the instance that they run on, without a signature, as on EC2; undefined: it is none of that. */
  readonly metadata?: (
    request: Pick<ServiceRequest, "method" | "path" | "headers">,
  ) => ServiceResponse | undefined;
  /** A response from it is sent in place of the service's; an AwsError is rendered as the service would. */
  readonly onRequest?: RequestHook;
  /** Says whether the request may be carried out; throws an AwsError where not. Without it, all may. */
  readonly authorize?: Authorize;
  readonly limits?: Partial<Limits>;
}

/** What all who have not shown a key may take of this computer. */
interface Limits {
  readonly connections: number;
  /** Bytes of all bodies that are kept to verify signatures with, together. */
  readonly unverifiedBytes: number;
  /** Milliseconds that the body of a request may take of which the signature is not verified, or does not hold. */
  readonly unverifiedMs: number;
}

const LIMITS: Limits = {
  connections: 512,
  unverifiedBytes: 4 * MAX_BUFFERED_BODY,
  unverifiedMs: 30_000,
};

export interface RunningServer {
  readonly port: number;
  /**
   * Takes no more connections, waits up to `graceMs` (default 5,000) for requests under way, then cuts them.
   * Services are left open.
   */
  close(options?: { graceMs?: number }): Promise<void>;
  activeRequests(): number;
  /** Milliseconds since 1970: when a verified request last began or ended; at first, the start. */
  lastRequestAt(): number;
}

/** Starts the HTTP server on the loopback interface. Rejects with Node's error where the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  let active = 0;
  let lastRequestAt = options.now();
  const touch = () => {
    lastRequestAt = options.now();
  };

  const limits = { ...LIMITS, ...options.limits };
  const unverified = unverifiedBodies({
    bodyBytes: MAX_BUFFERED_BODY,
    totalBytes: limits.unverifiedBytes,
    ms: limits.unverifiedMs,
  });

  const admission = (message: IncomingMessage, response: ServerResponse): Admission => {
    let isLetIn = false;
    // What follows a refusal is read and dropped, but not for ever.
    response.once("finish", () => {
      if (isLetIn || message.complete) return;
      const cut = setTimeout(() => message.socket.destroy(), limits.unverifiedMs).unref();
      message.once("close", () => clearTimeout(cut));
    });
    return {
      unverified,
      letIn() {
        isLetIn = true;
        connections.letIn(message.socket);
        touch();
      },
    };
  };

  const handle = (message: IncomingMessage, response: ServerResponse) => {
    active += 1;
    answer(message, response, options, admission(message, response))
      .catch((error: unknown) => {
        options.log(`local AWS could not answer ${message.method} ${message.url}: ${describe(error)}`);
        response.destroy();
      })
      .finally(() => {
        active -= 1;
        touch();
      });
  };

  const server = createServer({ maxHeaderSize: 64 * 1024, keepAliveTimeout: 75_000 }, handle);
  // No limit to how long a body may take; one on headers is left (60 s).
  server.requestTimeout = 0;
  server.on("checkContinue", handle);
  const connections = limitConnections(server, limits.connections);
  await listen(server, options.port);

  return {
    port: (server.address() as AddressInfo).port,
    activeRequests: () => active,
    lastRequestAt: () => lastRequestAt,
    async close({ graceMs = 5_000 } = {}) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const giveUp = new AbortController();
      const timer = sleep(graceMs, undefined, { signal: giveUp.signal, ref: false }).catch(() => undefined);
      await Promise.race([closed, timer]);
      giveUp.abort();
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Of one request. */
interface Admission {
  readonly unverified: UnverifiedBodies;
  /** Its signature has been verified. */
  letIn(): void;
}

async function answer(
  message: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
  { unverified, letIn }: Admission,
): Promise<void> {
  const requestId = randomBytes(8).toString("hex").toUpperCase();
  const path = message.url?.split("?")[0] ?? "/";
  let service = guessService(message);
  let cutAnswer: CutAnswer | undefined;
  const result = await dispatch().catch((error: unknown) => {
    const known = error instanceof AwsError ? error : noSpaceLeft(error);
    // Whoever left in the middle of a request needs no answer, and that is no bug.
    if (known === undefined && message.socket.destroyed) return undefined;
    if (known === undefined) {
      options.log(`Internal error in ${service} ${message.method} ${path}: ${describe(error)}`);
    }
    return renderError(options.services.get(service), known ?? internalError(), { path, requestId });
  });
  if (result === undefined || response.destroyed) {
    response.destroy();
    return;
  }
  await sendResponse(message, response, result, { requestId, cut: cutAnswer });

  async function dispatch(): Promise<ServiceResponse | undefined> {
    const target = parseTarget(decodeBytes(message.url ?? "/"));
    const { method = "GET", headers } = message;
    const metadata = options.metadata?.({ method, path: target.path, headers });
    if (metadata !== undefined) return metadata;
    const identity = identify(message, target);
    service = identity.service;
    const request = await authenticate(message, target, identity, {
      keys: options.keys,
      now: options.now(),
      requestId,
      unverified,
      sendContinue: once(() => {
        if (message.headers.expect !== undefined) response.writeContinue();
      }),
    }).catch((error: unknown) => {
      throw error instanceof AwsError ? authErrorFor(service, error) : error;
    });
    letIn();
    const isControl =
      target.path.startsWith(CONTROL_PREFIX) && bucketOfHost(message.headers.host) === undefined;
    if (isControl && options.control !== undefined) return options.control(request);
    const injected = await options.onRequest?.({
      service,
      request,
      cut: () => message.socket.destroy(),
      cutAnswer: (place) => {
        cutAnswer = place;
      },
    });
    if (message.socket.destroyed) return undefined;
    if (injected !== undefined) return injected;
    const handler = options.services.get(service);
    if (handler === undefined) throw notImplemented(`the service "${service}"`);
    const authorized = await options.authorize?.(service, request);
    return handler.handle(authorized?.request ?? request).catch((error: unknown) => {
      throw error instanceof AwsError && authorized !== undefined ? authorized.reword(error) : error;
    });
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

/** A full disk is no fault that passes: the status is one that clients don't try again on. */
function noSpaceLeft(error: unknown): AwsError | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOSPC" && code !== "EDQUOT") return undefined;
  return new AwsError("NoSpaceLeft", "There is no space left on the disk where local AWS keeps its state.");
}

function internalError(): AwsError {
  return new AwsError("InternalError", "We encountered an internal error. Please try again.", 500);
}

/** Where no service is there to word it, plain JSON, which every client prints. */
function renderError(
  service: Service | undefined,
  error: AwsError,
  request: { path: string; requestId: string },
): ServiceResponse {
  return (
    service?.renderError(error, request) ?? {
      status: error.status,
      headers: { "content-type": "application/json", "x-amzn-errortype": error.code },
      body: JSON.stringify({ __type: error.code, message: error.message }),
    }
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
