import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getAsset, isSea } from "node:sea";
import { fileURLToPath } from "node:url";

/** Where the image has the program by which a build's command begins. */
const ENTRYPOINT = "/sbin/entrypoint-aws-batch";
const DIRECTORY = ".programs";

/**
 * Makes the programs of the image that a job's command may name and this computer lacks, in a directory of the job's home; resolves
 * to a function that puts their paths into a command.
 */
export async function imagePrograms(
  home: string,
): Promise<(command: readonly string[]) => readonly string[]> {
  const directory = join(home, DIRECTORY);
  const entrypoint = join(directory, "entrypoint-aws-batch");
  await mkdir(directory, { recursive: true });
  await writeFile(entrypoint, await readEntrypoint());
  await chmod(entrypoint, 0o755);
  await writeFile(join(directory, "aws"), awsScript(), { mode: 0o755 });
  return (command) => command.map((word) => (word === ENTRYPOINT ? entrypoint : word));
}

/** The script is shipped as it is: beside this program, or in the executable. */
async function readEntrypoint(): Promise<string> {
  const name = "entrypoint-aws-batch.sh";
  return isSea() ? getAsset(name, "utf8") : readFile(new URL(name, import.meta.url), "utf8");
}

function awsScript(): string {
  // By its name in the executable (src/executable/main.ts), where this is that.
  const program = isSea() ? "__job-aws" : fileURLToPath(new URL("job-aws.js", import.meta.url));
  return `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(program)} "$@"\n`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
