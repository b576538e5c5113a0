// The built program: whether it is there and current, and running it.
import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of the checkout. */
export const projectDirectory = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Runs a program to its end, on this terminal. SIGINT goes to it as well, from the terminal: it decides what that means.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>} its exit status; 128 + n where signal n ended it
 */
export async function run(command, args, options = {}) {
  const ignore = () => {};
  process.on("SIGINT", ignore);
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(command, args, { stdio: "inherit", ...options });
      child.on("error", reject);
      child.on("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}

/**
 * Builds the program unless it is built already from the sources as they are.
 * @returns {Promise<boolean>} whether it is there
 */
export async function ensureBuilt() {
  const built = lastChange(join(projectDirectory, "dist"));
  const sources = [
    "src",
    "package.json",
    "scripts/build.mjs",
    "scripts/bundle-options.mjs",
    "scripts/notice.mjs",
  ].map((name) => lastChange(join(projectDirectory, name)));
  if (built > Math.max(...sources)) return true;
  return (await run(process.execPath, ["scripts/build.mjs"], { cwd: projectDirectory })) === 0;
}

/**
 * When a file, or what is in a directory, was last changed, in milliseconds since 1970; 0 where there is none.
 * @param {string} path
 */
function lastChange(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0;
  const entries = readdirSync(path, { recursive: true, encoding: "utf8" });
  // Directories count as well: theirs is the change when a file is removed.
  return Math.max(stat.mtimeMs, ...entries.map((entry) => statSync(join(path, entry)).mtimeMs));
}
