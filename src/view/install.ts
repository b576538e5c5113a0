import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import type { Context } from "../cli/context.ts";
import { lock } from "../cli/lock.ts";
import { UserError } from "../errors.ts";
import { type Auspice, auspiceDirectory, installedAuspice, majorFor } from "./auspice.ts";

/** What to install, and how it went so far. */
export interface InstallPlan {
  /** As npm takes it: `auspice@2`. */
  readonly package: string;
  readonly directory: string;
  /** What is there already. */
  readonly installed: Auspice | undefined;
}

export async function planInstall(context: Context): Promise<InstallPlan> {
  const directory = auspiceDirectory(context);
  return {
    package: `auspice@${majorFor(process.version)}`,
    directory,
    installed: await installedAuspice(directory),
  };
}

/**
 * Fetches Auspice from npm. It is made beside the one that is there, and takes its place once it is whole, so that
 * stopping at any moment leaves the old one or none. Throws UserError where npm fails, with what it said, or where another
 * process is at it.
 */
export async function install(context: Context, { directory, package: name }: InstallPlan): Promise<Auspice> {
  await using _ = await lock(`${directory}.lock`, "installing Auspice");
  const [fresh, replaced] = [`${directory}.new`, `${directory}.old`];
  const sweep = () =>
    Promise.all([fresh, replaced].map((path) => rm(path, { recursive: true, force: true })));
  // A program that was killed may have left some.
  await sweep();
  try {
    await mkdir(fresh);
    await npmInstall(context, fresh, name);
    if ((await installedAuspice(fresh)) === undefined) {
      throw new UserError(`npm has not brought ${name}.`, {
        hint: "Try again; NEXTSTRAIN_DEBUG=1 shows the details.",
      });
    }
    // To remove hundreds of megabytes takes its time: not between the one and the other.
    if (existsSync(directory)) await rename(directory, replaced);
    await rename(fresh, directory);
  } finally {
    await sweep();
  }
  const installed = await installedAuspice(directory);
  if (installed === undefined) throw new Error(`Auspice vanished from ${directory}`);
  return installed;
}

/** No package's own scripts are run: Auspice comes built, and strangers' code has no business here before it is asked for. */
async function npmInstall({ env, signal }: Context, prefix: string, name: string): Promise<void> {
  const child = spawn(
    findNpm(),
    ["install", "--prefix", prefix, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", name],
    { cwd: prefix, env: { ...env }, stdio: ["ignore", "ignore", "pipe"], signal },
  );
  const said = text(child.stderr);
  const status = await new Promise<number | string>((resolve, reject) => {
    // One that was called off has an end yet to come, and writes until then.
    child.once("error", (error) => child.pid === undefined && reject(error));
    child.once("close", (code, byWhat) => resolve(code ?? byWhat ?? "?"));
  }).catch((error: NodeJS.ErrnoException) => {
    signal.throwIfAborted();
    throw new UserError(`npm can't be run (${error.code}).`, {
      hint: "It comes with Node.js; on Debian: apt-get install npm",
      cause: error,
    });
  });
  signal.throwIfAborted();
  if (status === 0) return;
  throw new UserError(`npm could not install ${name} (exit status ${status}):\n${firstErrors(await said)}`, {
    hint: "Check the network connection, and npm's settings for it (npm config list).",
  });
}

/** npm names the cause first, and then itself at length. */
function firstErrors(said: string): string {
  const lines = said.split("\n").filter((line) => /^npm (error|ERR!)/.test(line));
  return lines
    .slice(0, 5)
    .map((line) => line.replace(/^npm (error|ERR!) ?/, ""))
    .join("\n");
}

/** The npm that came with this Node.js, else whatever the PATH has. */
function findNpm(): string {
  const beside = join(dirname(process.execPath), "npm");
  return existsSync(beside) ? beside : "npm";
}
