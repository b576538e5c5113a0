import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits, for a second at most, until the clock shows a later second than any file under a directory.
 *
 * `zip -u` takes a changed file only where it is newer, to the second, than its entry. On AWS a job starts seconds
 * after its upload at the earliest; here it can start, and change a file, within the second in which the user saved it.
 */
export async function untilLaterSecond(directory: string): Promise<void> {
  const now = Date.now();
  const second = Math.floor(now / 1000) * 1000;
  if (hasFileSince(directory, second, now)) await sleep(second + 1000 - now);
}

/** Whether a file was modified in [since, until]; one from further in the future can't be waited for. */
function hasFileSince(directory: string, since: number, until: number): boolean {
  return readdirSync(directory, { withFileTypes: true }).some((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return hasFileSince(path, since, until);
    const { mtimeMs } = lstatSync(path);
    return mtimeMs >= since && mtimeMs <= until;
  });
}
