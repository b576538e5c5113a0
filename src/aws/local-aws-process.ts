import { spawn } from "node:child_process";
import { existsSync, fstatSync, readdirSync } from "node:fs";
import { type FileHandle, open, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { isSea } from "node:sea";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Context } from "../cli/context.ts";
import { makeDirectory } from "../cli/make-directory.ts";
import { UserError } from "../errors.ts";
import { daemonEnvironment } from "./daemon-environment.ts";

/** What the daemon says about its start, or about a reset: one line of JSON on a pipe. */
export type Report =
  | { readonly ready: { readonly pid: number; readonly port: number } }
  | { readonly done: true }
  | { readonly busy: { readonly pid: number } }
  | { readonly error: { readonly message: string; readonly hint?: string } };

/** Far longer than a start takes even on a busy computer. */
const startLimitMs = 60_000;
const maxLogBytes = 1024 * 1024;

/**
 * Runs the daemon, in a session of its own so that it outlives this program and its terminal, and waits for its report.
 * It inherits of the environment only what docker, podman and the programs of its jobs are found and used by.
 *
 * @throws UserError where its log cannot be written to, or it ends without a word.
 */
export async function runLocalAwsProcess(
  context: Context,
  directory: string,
  args: readonly string[],
): Promise<Report> {
  // By its name in the executable (src/executable/main.ts), where this is that.
  const script = isSea() ? "__local-aws" : findScript();
  await using log = await openLog(directory);
  await using nothing = await open("/dev/null", "r+");
  const child = spawn(process.execPath, [script, "--state", directory, "--report-fd", "3", ...args], {
    cwd: "/",
    detached: true,
    env: daemonEnvironment(context.env),
    stdio: [
      "ignore",
      log.fd,
      log.fd,
      "pipe",
      ...openDescriptors().map((isOpen) => (isOpen ? nothing.fd : "ignore")),
    ],
  });
  child.unref();
  const pipe = child.stdio[3] as Readable;
  try {
    return await readReport(pipe, context.signal, child);
  } finally {
    pipe.destroy();
  }

  async function readReport(from: Readable, signal: AbortSignal, process: typeof child): Promise<Report> {
    const failed = new Promise<never>((_, reject) => {
      process.once("error", reject);
    });
    const limit = AbortSignal.any([signal, AbortSignal.timeout(startLimitMs)]);
    const lines = createInterface({ input: from, signal: limit });
    const first = (async () => {
      for await (const line of lines) return JSON.parse(line) as Report;
      signal.throwIfAborted();
      throw new UserError("Local AWS ended, or hangs, before it was ready.", {
        hint: `${join(directory, "daemon.log")} says why.`,
      });
    })();
    return await Promise.race([first, failed]);
  }
}

/**
 * Which descriptors from 4 on are open here. The daemon would inherit those that the shell gave to this program, and whoever reads
 * from such a pipe, as in `2> >(filter)`, would wait for its end as long as the daemon lives; `"ignore"` alone does not close them.
 */
function openDescriptors(): boolean[] {
  // It is not there where /proc is not mounted.
  const listed = existsSync("/dev/fd") ? readdirSync("/dev/fd") : [];
  const open = listed.map(Number).filter(isStillOpen);
  return Array.from({ length: Math.max(3, ...open) - 3 }, (_, index) => open.includes(index + 4));
}

/** The list has the descriptor that it was itself read by. */
function isStillOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

/** The daemon's program: beside this file once both are built; in the checkout, in `dist/`. */
function findScript(): string {
  const candidates = ["./local-aws.js", "../../dist/local-aws.js"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = candidates.find((path) => existsSync(path));
  if (found) return found;
  throw new UserError(`Local AWS is missing: there is no ${candidates[0]}.`, {
    hint: "Install nextstrain again, or run `npm run build` in its checkout.",
  });
}

async function openLog(directory: string): Promise<FileHandle> {
  const path = join(directory, "daemon.log");
  try {
    await makeDirectory(directory, 0o700);
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    if (size > maxLogBytes) await rename(path, `${path}.1`);
    return await open(path, "a", 0o600);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`Local AWS cannot keep its state in ${directory}: ${reason}`, {
      hint: `Make it a directory that you may write to, or set NEXTSTRAIN_HOME to another one than ${dirname(directory)}.`,
      cause: error,
    });
  }
}
