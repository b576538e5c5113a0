import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Finding } from "../../checks/finding.ts";
import { formatBytes } from "../../workflow/quantity.ts";

/** Whether there is space on the disk that a directory is on, or will be once it is made. */
export async function checkSpace({
  id,
  directory,
  needs,
  what,
}: {
  readonly id: string;
  readonly directory: string;
  /** Bytes. */
  readonly needs: number;
  /** What it is for, in the plural. */
  readonly what: string;
}): Promise<Finding> {
  const free = await freeBytes(directory);
  if (free === undefined) {
    return {
      id,
      mark: "unknown",
      says: `How much space there is for ${what} can't be told (${directory}).`,
      mend: `df ${directory}`,
    };
  }
  const little = free < needs;
  return {
    id,
    mark: little ? "caution" : "ok",
    says: `There are ${formatBytes(free)} free for ${what} (${directory}).`,
    ...(little ? { mend: `Make room: ${formatBytes(needs)} or more are needed to fetch new ${what}.` } : {}),
  };
}

async function freeBytes(directory: string): Promise<number | undefined> {
  for (let path = directory; ; path = dirname(path)) {
    try {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || path === dirname(path)) return undefined;
    }
  }
}
