import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../errors.ts";
import { makeDirectory } from "./make-directory.ts";

/**
 * Takes a lock, which is a file at a path and keeps two processes from doing the same at once; given back by disposing. One whose
 * process has ended counts for nothing.
 *
 * @param doing what holders do, for the message to who comes second: `installing Auspice`
 * @throws UserError where another process holds it, or where it can't be written
 */
export async function lock(path: string, doing: string): Promise<AsyncDisposable> {
  const own = `${path}.${process.pid}`;
  await writeOwn(own);
  try {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      // A link is made whole or not at all, and never over another.
      if (await attemptTo(link(own, path), "EEXIST"))
        return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
      const holder = Number(await readFile(path, "utf8").catch(() => "0"));
      if (holder > 0 && isAlive(holder)) throw heldBy(holder, path, doing);
      await removeStale(path, holder);
    }
  } finally {
    await rm(own, { force: true });
  }
  throw heldBy(0, path, doing);
}

/** Takes away the lock of a process that has ended; puts it back where it was another's by the time it was taken. */
async function removeStale(path: string, holder: number): Promise<void> {
  const aside = `${path}.stale-${process.pid}`;
  if (!(await attemptTo(rename(path, aside), "ENOENT"))) return;
  if (Number(await readFile(aside, "utf8")) !== holder) await attemptTo(link(aside, path), "EEXIST");
  await rm(aside, { force: true });
}

/** Whether it worked; an error of any other code is thrown. */
async function attemptTo(work: Promise<void>, code: string): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return false;
    throw error;
  }
}

function heldBy(pid: number, path: string, doing: string): UserError {
  return new UserError(`Another nextstrain is ${doing}${pid ? ` (process ${pid})` : ""}.`, {
    hint: `Wait until it has ended. If there is none, remove ${path}.`,
  });
}

async function writeOwn(path: string): Promise<void> {
  try {
    await makeDirectory(dirname(path));
    await writeFile(path, String(process.pid));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(`Nothing can be written in ${dirname(path)} (${code}).`, {
      hint: "See that the directory is yours, and that its disk has room.",
      cause: error,
    });
  }
}

/** Whether a process of this computer lives, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
