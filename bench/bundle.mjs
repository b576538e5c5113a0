// Bundles what works on the program's modules, rather than on the built program, in a process of its own.
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * @param {string} entry path in the checkout
 * @param {string} directory where the bundle goes
 * @returns {Promise<string>} the bundle's path
 */
export async function bundle(entry, directory = join(root, "dist/bench")) {
  const outfile = join(directory, `${basename(entry, ".ts")}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    define: { NEXTSTRAIN_VERSION: '"bench"' },
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    logLevel: "error",
  });
  return outfile;
}
