import { lstat, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { ownTemporaryName } from "../runs/temporaries.ts";

/**
 * Whether the file system of a directory takes names that differ only in case, or only in Unicode form, for one.
 * Makes an empty temporary file to find out, and removes it.
 */
export async function probeFolding(directory: string): Promise<boolean> {
  const name = `${ownTemporaryName()}-caf\u00e9`;
  const path = join(directory, name);
  await (await open(path, "wx")).close();
  try {
    const others = [name.toUpperCase(), name.normalize("NFD")];
    return (await Promise.all(others.map((other) => isThere(join(directory, other))))).some(Boolean);
  } finally {
    await rm(path, { force: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
