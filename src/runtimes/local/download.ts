import type { IncomingMessage } from "node:http";
import * as http from "node:http";
import * as https from "node:https";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { readGeneralAuthorities } from "../../aws/authorities.ts";
import { isUntrusted } from "../../aws/errors.ts";
import { createAgents } from "../../aws/http.ts";
import { readProxies } from "../../aws/proxy.ts";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";

/** Milliseconds to wait before each try after the first. */
const DELAYS = [1000, 2000, 4000];
const MAX_REDIRECTS = 10;
/** Milliseconds of silence after which a connection counts as dead. */
const SILENCE = 60_000;

/** Something that may go better the next time. */
export class PassingError extends Error {
  override readonly name = "PassingError";
}

/**
 * Reads what is at a URL: hands its body, with any compression of the transport undone, to `read`, and returns what
 * that returns. Tries again, from the start, where the network or the server fails, or where `read` throws a
 * PassingError. Goes through the proxies that the environment names, and trusts the authorities that it names.
 *
 * @throws UserError where there is no such thing, or where it can't be had after several tries
 */
export async function readUrl<T>(
  context: Context,
  url: string,
  read: (body: Readable) => Promise<T>,
): Promise<T> {
  const { signal } = context;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await readOnce(context, url, read);
    } catch (error) {
      signal.throwIfAborted();
      if (isUntrusted(codeOf(error))) throw untrusted(url, error);
      if (!isPassing(error)) throw error;
      const delay = DELAYS[attempt];
      const reason = error instanceof Error ? error.message : String(error);
      if (delay === undefined) {
        throw new UserError(`${url} could not be fetched: ${reason}.`, {
          hint: "Check the network (and HTTPS_PROXY, where you need a proxy), then try again.",
          cause: error,
        });
      }
      context.io.warn(`${url}: ${reason}; trying again.`);
      await sleep(delay, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** Errors of the network have a code; a UserError is for good. */
function isPassing(error: unknown): boolean {
  if (error instanceof UserError) return false;
  return error instanceof PassingError || codeOf(error) !== undefined;
}

function codeOf(error: unknown): string | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}

function untrusted(url: string, cause: unknown): UserError {
  return new UserError(
    `${url} can't be fetched: the server's certificate is not trusted (${codeOf(cause)}).`,
    {
      hint: "Where a proxy of your network opens encrypted connections, set REQUESTS_CA_BUNDLE to the file of its certificates (PEM).",
      cause,
    },
  );
}

async function readOnce<T>(context: Context, url: string, read: (body: Readable) => Promise<T>): Promise<T> {
  const agents = createAgents({
    proxies: readProxies(context),
    authorities: await readGeneralAuthorities(context),
  });
  try {
    const response = await follow(context, url, agents);
    const compressed = response.headers["content-encoding"] === "gzip";
    const body = compressed ? createGunzip() : response;
    if (compressed) {
      response.on("error", (error) => body.destroy(error));
      response.pipe(body as NodeJS.WritableStream & Readable);
    }
    try {
      return await read(body);
    } finally {
      response.destroy();
      body.destroy();
    }
  } finally {
    agents.httpAgent.destroy();
    agents.httpsAgent.destroy();
  }
}

type Agents = ReturnType<typeof createAgents>;

async function follow(context: Context, from: string, agents: Agents): Promise<IncomingMessage> {
  let url = parseUrl(from);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await request(context, url, agents);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return response;
    response.resume();
    if (statusCode >= 300 && statusCode < 400 && headers.location) {
      const next = new URL(headers.location, url);
      if (url.protocol === "https:" && next.protocol !== "https:") {
        throw new UserError(`${url} leads to a place without encryption: ${next}.`, {
          hint: "Something between here and the server may be broken, or hostile: try another network.",
        });
      }
      url = next;
    } else if (statusCode === 429 || statusCode >= 500) {
      throw new PassingError(`the server answers ${statusCode}`);
    } else {
      throw new UserError(`${url} could not be fetched: the server answers ${statusCode}.`, {
        hint: "Check the settings that name it (`nextstrain setup conda --help`).",
      });
    }
  }
  throw new UserError(`${from} leads from one place to the next without end.`, {
    hint: "Check the settings that name it (`nextstrain setup conda --help`).",
  });
}

function request({ signal }: Context, url: URL, agents: Agents): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const isHttps = url.protocol === "https:";
    const sent = (isHttps ? https : http).get(
      url,
      {
        agent: isHttps ? agents.httpsAgent : agents.httpAgent,
        headers: { "accept-encoding": "gzip", "user-agent": "nextstrain" },
        signal,
        timeout: SILENCE,
      },
      resolve,
    );
    sent.on("timeout", () => sent.destroy(new PassingError("no answer")));
    sent.on("error", reject);
  });
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new UserError(`${text} is not a URL that can be fetched.`, {
    hint: "It should begin with https://.",
  });
}
