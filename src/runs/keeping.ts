import { randomFillSync } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "../cli/make-directory.ts";
import { ownTemporaryName } from "./temporaries.ts";

/** Bytes that a file takes in a run's record, compressed, and in what it was before: more than most do. */
const BYTES_A_FILE = 200;
const LEAST_BYTES = 64 * 1024;

/**
 * Why the record of a run of so many files could not be kept in a directory (`EROFS`, `ENOSPC`, …); undefined where it can. Found out by
 * writing as much: what the permissions say isn't all.
 */
export async function whyNotKept(directory: string, fileCount: number): Promise<string | undefined> {
  const path = join(directory, ownTemporaryName());
  try {
    await makeDirectory(directory, 0o700);
    const file = await open(path, "wx", 0o600);
    try {
      // Random: some file systems compress.
      await file.writeFile(randomFillSync(Buffer.alloc(LEAST_BYTES + fileCount * BYTES_A_FILE)));
      await file.sync();
    } finally {
      await file.close();
    }
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}
