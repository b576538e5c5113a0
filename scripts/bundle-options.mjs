// How the program is bundled, for npm's package and for the executable.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "./program.mjs";

const { version } = JSON.parse(readFileSync(join(projectDirectory, "package.json"), "utf8"));

/** Split into chunks, so that each command loads only what it needs. */
export const bundleOptions = /** @satisfies {import("esbuild").BuildOptions} */ ({
  absWorkingDir: projectDirectory,
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
  logLevel: "warning",
});

/** Shipped beside the program as they are, for people to read, too. */
export const shippedFiles = [
  "src/aws-setup/template.yaml",
  "src/local-aws/batch/executor/entrypoint-aws-batch.sh",
  "src/runtimes/aws-batch/wrapper/job-wrapper.sh",
].map((path) => join(projectDirectory, path));
