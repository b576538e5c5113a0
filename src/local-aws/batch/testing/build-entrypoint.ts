import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Builds the program that jobs begin as into a directory; resolves to its path. */
export async function buildEntrypoint(directory: string): Promise<string> {
  const outfile = join(directory, "job-entrypoint.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("../executor/entrypoint.ts", import.meta.url))],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
  });
  return outfile;
}
