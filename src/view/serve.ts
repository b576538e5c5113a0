import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../cli/context.ts";
import { UserError } from "../errors.ts";
import type { Auspice } from "./auspice.ts";
import type { Showable } from "./showable.ts";

/** Auspice's own port, taken where it is free. */
const USUAL_PORT = 4000;
/** Far longer than Auspice takes to start, in milliseconds. */
const START_LIMIT = 60_000;
const LOOK_EVERY = 100;
/** How much of what Auspice says is kept, to explain its end, in characters. */
const KEPT = 4000;

export interface ServeOptions {
  readonly host: string;
  /** Undefined: the usual one, or any that is free. */
  readonly port: number | undefined;
}

/** A running Auspice. */
export interface AuspiceServer extends AsyncDisposable {
  /** `http://localhost:4000`, without a slash at its end. */
  readonly url: string;
  /** Pages of the datasets and narratives that it has found: `/zika/tutorial`. */
  readonly pages: readonly string[];
  /** Rejects, with a UserError, where it ends by itself. */
  readonly ended: Promise<never>;
}

/** Starts Auspice, and waits until it answers. Throws UserError where the port is taken, or where it does not start. */
export async function serve(
  context: Context,
  auspice: Auspice,
  showable: Showable,
  options: ServeOptions,
): Promise<AuspiceServer> {
  const port = await choosePort(options);
  const [program = "", ...begin] = auspice.command;
  const child = spawn(
    program,
    [...begin, "view", "--datasetDir", showable.datasets, "--narrativeDir", showable.narratives],
    {
      // A page of its own in the working directory would be shown in place of Auspice's.
      cwd: "/",
      // Hundreds of packages: they get to know nothing that they need not.
      env: { PATH: context.env.PATH, HOME: context.env.HOME, HOST: options.host, PORT: String(port) },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-KEPT);
    });
  }
  const ended = new Promise<never>((_, reject) => {
    const end = (how: string) =>
      reject(
        new UserError(`Auspice ended (${how}).${said.trim() && `\n${said.trim()}`}`, {
          hint: "Where it is broken, set it up again: nextstrain setup auspice --force",
        }),
      );
    child.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    child.once("close", (code, signal) => end(signal ?? `exit status ${code}`));
  });
  // Whether anyone waits for its end is the caller's choice.
  ended.catch(() => undefined);
  try {
    const url = `http://${hostInUrl(options.host)}:${port}`;
    const pages = await Promise.race([whenReady(url, context.signal), ended]);
    return { url, pages, ended, [Symbol.asyncDispose]: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** An address to reach the server at: `0.0.0.0` is none for a browser. IPv6 stands in brackets (RFC 3986). */
function hostInUrl(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

async function whenReady(url: string, signal: AbortSignal): Promise<string[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(START_LIMIT)]);
  while (true) {
    const answer = await fetch(`${url}/charon/getAvailable?prefix=/`, { signal: limit }).catch(
      () => undefined,
    );
    if (answer?.ok) return pagesIn(await answer.json());
    await sleep(LOOK_EVERY, undefined, { signal: limit }).catch(() => {
      signal.throwIfAborted();
      throw new UserError("Auspice was started, but does not answer.", {
        hint: "Try again, or set it up again: nextstrain setup auspice --force",
      });
    });
  }
}

/** Auspice's server API: GET /charon/getAvailable. */
function pagesIn(available: unknown): string[] {
  const { datasets = [], narratives = [] } = available as Partial<
    Record<"datasets" | "narratives", readonly { readonly request: string }[]>
  >;
  return [...datasets, ...narratives].map(({ request }) => `/${request.replace(/^\//, "")}`);
}

async function choosePort({ host, port }: ServeOptions): Promise<number> {
  if (port === undefined) return (await tryPort(host, USUAL_PORT)) ?? (await tryPort(host, 0)) ?? USUAL_PORT;
  const free = await tryPort(host, port);
  if (free !== undefined) return free;
  throw new UserError(
    `Port ${port} of ${host} can't be had: another program uses it, or it is not ours to use.`,
    {
      hint: "Name another with --port, or none: then a free one is found.",
    },
  );
}

/** The port, where one can listen on it; 0 stands for any. */
function tryPort(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), 5000);
  await closed;
  clearTimeout(force);
}
