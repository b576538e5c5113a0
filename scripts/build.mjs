// Bundles the program into dist/: split into chunks, so that each command loads only what it needs.
import { copyFile, readFile, rm } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(await readFile(`${root}/package.json`, "utf8"));

await rm(`${root}/dist`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    main: "src/main.ts",
    "local-aws": "src/local-aws/main.ts",
    "job-entrypoint": "src/local-aws/batch/executor/entrypoint.ts",
    "job-aws": "src/local-aws/batch/executor/aws-command.ts",
  },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  define: {
    NEXTSTRAIN_VERSION: JSON.stringify(version),
    // The SDK in this bundle runs on Node 20; that its later versions won't is nothing for users to read.
    "process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": '"true"',
  },
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  sourcemap: "linked",
  logLevel: "warning",
  banner: {
    // Bundled CommonJS packages call require() for Node's own modules.
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});
// Shipped as they are, for people to read, too.
for (const file of [
  "src/aws-setup/template.yaml",
  "src/local-aws/batch/executor/entrypoint-aws-batch.sh",
  "src/runtimes/aws-batch/wrapper/job-wrapper.sh",
]) {
  await copyFile(`${root}/${file}`, `${root}/dist/${basename(file)}`);
}
