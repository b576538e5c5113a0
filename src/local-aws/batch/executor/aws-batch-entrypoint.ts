import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { inside } from "./container-paths.ts";
import { CopyError, download, upload } from "./s3-copy.ts";
import { findProgram, type Place, run, say, trace } from "./shell.ts";

/** Info-ZIP's zip(1) and unzip(1): nothing matched. */
const nothingToDo = 12;
const noMatch = 11;

/**
 * What `/sbin/entrypoint-aws-batch` of the image does: fetches the working directory as a ZIP, runs the command in it, and
 * puts the directory back into the same ZIP. Resolves to the exit status.
 */
export async function runAwsBatchEntrypoint(
  command: readonly string[],
  { cwd, environment, home }: Place & { readonly home: string },
): Promise<number> {
  const place = { cwd, environment };
  for (const tool of ["unzip", "zip"]) {
    if (findProgram(tool, place) !== undefined) continue;
    say(
      `entrypoint-aws-batch: ${tool} is not installed on this computer; install the packages zip and unzip.`,
    );
    return 127;
  }
  const url = environment.NEXTSTRAIN_AWS_BATCH_WORKDIR_URL ?? "";
  if (!/^s3:\/\/[^/]+\/.+\.zip$/s.test(url)) {
    say(`entrypoint-aws-batch: NEXTSTRAIN_AWS_BATCH_WORKDIR_URL must be s3://….zip, not ${url || "empty"}`);
    return 1;
  }
  const archive = `${cwd}.zip`;
  const transfer = async (from: string, to: string, copy: () => Promise<void>) => {
    const endpoint = environment.AWS_ENDPOINT_URL ? [`--endpoint-url=${environment.AWS_ENDPOINT_URL}`] : [];
    trace(["aws", "s3", "cp", "--no-progress", ...endpoint, from, to]);
    try {
      await copy();
      return true;
    } catch (error) {
      if (!(error instanceof CopyError)) throw error;
      say(`fatal error: ${error.message}`);
      return false;
    }
  };
  /** Runs as under `set -ex`: the status is 0, or one that ends it all. */
  const traced = async (words: readonly string[], alsoFine?: number) => {
    trace(words);
    const status = await run(words, place);
    return status === alsoFine ? 0 : status;
  };

  if (!(await transfer(url, archive, () => download(url, archive, environment)))) return 1;
  say(`download: ${url} to ${relative(cwd, archive)}`);
  for (const overlay of ["augur", "auspice", "fauna"]) {
    const listed = await run(["unzip", "-Z1", archive, `../${overlay}/`], { ...place, quiet: true });
    if (listed === noMatch) continue;
    if (listed !== 0) return listed;
    trace(["rm", "-rf", `/nextstrain/${overlay}`]);
    await rm(join(home, overlay), { recursive: true, force: true });
  }
  const unzipped = await traced(["unzip", "-:", "-o", archive]);
  if (unzipped !== 0) return unzipped;

  trace(command);
  const mapped = inside(command, home);
  const status = await run(mapped.command, { ...place, cwd: mapped.cwd ?? cwd });

  const zip = ["zip", "-u", archive, "-r", "."];
  const snakemake = ["log", "metadata", "storage"].map((name) => `.snakemake/${name}/*`);
  for (const which of [
    ["--exclude", ".snakemake/*"],
    ["--include", ...snakemake],
  ]) {
    const zipped = await traced([...zip, ...which], nothingToDo);
    if (zipped !== 0) return zipped;
  }
  if (!(await transfer(archive, url, () => upload(archive, url, environment)))) return 1;
  say(`upload: ${relative(cwd, archive)} to ${url}`);
  trace(["exit", String(status)]);
  return status;
}
