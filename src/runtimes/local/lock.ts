import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { isAlive } from "../../runs/temporaries.ts";

/**
 * Takes the lock of a runtime's directory, which keeps two set-ups of it apart; given back by disposing. One whose
 * process has ended counts for nothing. Throws UserError where another process holds it.
 */
export async function lockRuntime(directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, "lock");
  const own = `${path}.${process.pid}`;
  await writeFile(own, String(process.pid));
  try {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      // A link is made whole or not at all, and never over another.
      if (await attemptTo(link(own, path), "EEXIST"))
        return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
      const holder = Number(await readFile(path, "utf8").catch(() => "0"));
      if (holder > 0 && isAlive(holder)) throw heldBy(holder, path);
      await removeStale(path, holder);
    }
  } finally {
    await rm(own, { force: true });
  }
  throw heldBy(0, path);
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

function heldBy(pid: number, path: string): UserError {
  return new UserError(
    `Another nextstrain is setting up or updating this runtime${pid ? ` (process ${pid})` : ""}.`,
    { hint: `Wait until it has ended. If there is none, remove ${path}.` },
  );
}
