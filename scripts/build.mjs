// Bundles the program into dist/, and writes NOTICE. With --source-maps it adds what a stack trace is read by:
// `node --enable-source-maps bin/nextstrain.js`.
import { copyFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { bundleOptions, shippedFiles } from "./bundle-options.mjs";
import { bundledPackages, formatNotice } from "./notice.mjs";
import { projectDirectory } from "./program.mjs";

const dist = join(projectDirectory, "dist");

await rm(dist, { recursive: true, force: true });
const { metafile } = await build({
  ...bundleOptions,
  sourcemap: process.argv.includes("--source-maps") && "linked",
  banner: {
    // Bundled CommonJS packages call require() for Node's own modules.
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});
for (const file of shippedFiles) await copyFile(file, join(dist, basename(file)));
const notice = formatNotice(await bundledPackages(projectDirectory, metafile));
await writeFile(join(projectDirectory, "NOTICE"), notice);
