// Bundles the program into dist/: split into chunks, so that each command loads only what it needs. Writes NOTICE, too.
// With --source-maps it adds what a stack trace is read by: `node --enable-source-maps bin/nextstrain.js`.
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundledPackages, formatNotice } from "./notice.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(await readFile(`${root}/package.json`, "utf8"));

await rm(`${root}/dist`, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    main: "src/main.ts",
    "local-aws": "src/local-aws/main.ts",
    "job-entrypoint": "src/local-aws/batch/executor/entrypoint.ts",
  },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  // ES modules first: of CommonJS, all of each AWS client would be in the bundle, whatever is used of it.
  mainFields: ["module", "main"],
  target: "node20.19",
  define: {
    NEXTSTRAIN_VERSION: JSON.stringify(version),
    // The SDK in this bundle runs on Node 20; that its later versions won't is nothing for users to read.
    "process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": '"true"',
  },
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  metafile: true,
  sourcemap: process.argv.includes("--source-maps") && "linked",
  logLevel: "warning",
  banner: {
    // Bundled CommonJS packages call require() for Node's own modules.
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});
// Shipped as it is, for people to read, too.
await copyFile(`${root}/src/aws-setup/template.yaml`, `${root}/dist/template.yaml`);
await writeFile(`${root}/NOTICE`, formatNotice(await bundledPackages(root, metafile)));
