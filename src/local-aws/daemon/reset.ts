import { takeLock } from "./lock.ts";
import { emptyStateDirectory, makeStateDirectory } from "./state-directory.ts";

/** Deletes all buckets, jobs and logs, unless a daemon has them in use: then says which process that is. */
export async function resetState(directory: string): Promise<{ heldBy: number } | undefined> {
  await makeStateDirectory(directory);
  const taken = await takeLock(directory);
  if ("heldBy" in taken) return taken;
  try {
    await emptyStateDirectory(directory);
  } finally {
    await taken.lock.release();
  }
  return undefined;
}
