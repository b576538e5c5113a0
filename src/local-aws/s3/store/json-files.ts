import { randomUUID } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Writes small JSON files so that a reader sees the old one or the new one, whenever the process dies. */
export type WriteJson = (path: string, value: unknown) => Promise<void>;

/** @param temporary a directory on the same file system */
export function jsonWriter(temporary: string): WriteJson {
  return async (path, value) => {
    const name = join(temporary, randomUUID());
    try {
      await writeFile(name, JSON.stringify(value), { mode: 0o600 });
      await rename(name, path);
    } catch (error) {
      await rm(name, { force: true });
      throw error;
    }
  };
}

/** The parsed file. Its type is the caller's word: only this program writes there. */
export async function readJson<Value>(path: string): Promise<Value> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    throw new Error(`${path} holds no JSON.`, { cause: error });
  }
}

/** Names in a directory; none where it does not exist. */
export async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}
