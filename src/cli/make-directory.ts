import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a directory, and those above it that are missing; one that is there already stays as it is. Node's own recursive mkdir never ends
 * where a directory is that takes no others, such as `/proc`, or a link that leads nowhere. Throws the system's error; EPERM for the former.
 *
 * @param mode permission bits of what is made
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (await isDirectory(path)) return;
    const above = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || above === path) throw error;
    await makeDirectory(above, mode);
    await makeIn(above, path, mode);
  }
}

async function makeIn(above: string, path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    // Another process may have been faster.
    if (await isDirectory(path)) return;
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw Object.assign(
      new Error(`EPERM: ${above} takes no directories, mkdir '${path}'`, { cause: error }),
      {
        code: "EPERM",
      },
    );
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
