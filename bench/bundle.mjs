// Bundles a benchmark that works on the program's modules rather than on the built program.
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * @param {string} entry path in the checkout
 * @returns {Promise<string>} the bundle's path: in dist/, where its packages' own files can be found from
 */
export async function bundle(entry) {
  const outfile = join(root, "dist/bench", `${basename(entry, ".ts")}.mjs`);
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
