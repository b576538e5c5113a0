import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Builds the program that jobs begin as into a directory; with what it needs; resolves to its path. */
export async function buildEntrypoint(directory: string): Promise<string> {
  const executor = fileURLToPath(new URL("../executor", import.meta.url));
  await build({
    entryPoints: {
      "job-entrypoint": join(executor, "entrypoint.ts"),
      "job-aws": join(executor, "aws-command.ts"),
    },
    outdir: directory,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
  });
  await writeFile(join(directory, "package.json"), '{"type":"module"}');
  const script = "entrypoint-aws-batch.sh";
  await copyFile(join(executor, script), join(directory, script));
  return join(directory, "job-entrypoint.js");
}
