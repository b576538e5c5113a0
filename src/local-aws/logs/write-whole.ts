import { rename, rm, writeFile } from "node:fs/promises";

/** Writes a file so that it appears whole or not at all, also where the disk is full. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
