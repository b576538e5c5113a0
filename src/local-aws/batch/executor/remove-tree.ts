import { chmod, lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Removes a directory with all that is in it, also where a job took the right to write from parts of it. Never fails. */
export async function removeTree(path: string, log: (message: string) => void): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    await makeWritable(path).catch(() => undefined);
    await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) => {
      log(`${path} could not be removed: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
}

async function makeWritable(directory: string): Promise<void> {
  if (!(await lstat(directory)).isDirectory()) return;
  await chmod(directory, 0o700);
  for (const name of await readdir(directory)) await makeWritable(join(directory, name));
}
