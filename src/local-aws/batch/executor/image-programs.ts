import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
  await copyFile(fileURLToPath(new URL("entrypoint-aws-batch.sh", import.meta.url)), entrypoint);
  await chmod(entrypoint, 0o755);
  await writeFile(join(directory, "aws"), awsScript(), { mode: 0o755 });
  return (command) => command.map((word) => (word === ENTRYPOINT ? entrypoint : word));
}

function awsScript(): string {
  const program = fileURLToPath(new URL("job-aws.js", import.meta.url));
  return `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(program)} "$@"\n`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
