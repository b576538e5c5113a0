import { readdir, readlink, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { processStart } from "./process-start.ts";

export interface Lock {
  /** Also done by the end of the process, however it ends. */
  release(): Promise<void>;
}

const prefix = "lock.";
const released = "released";
/** Two processes that take the lock at the same moment may each make way for the other: so they try again. */
const attempts = 5;

/**
 * Takes the lock of a directory, or says which process holds it.
 *
 * A holder makes a symbolic link `lock.<number>` whose target names its process and when that started: a link is made
 * whole or not at all, and never over another. The highest number whose process lives has the lock. A stale link is not
 * removed but outnumbered, since whoever removes a link may remove one that was made after it looked.
 */
export async function takeLock(directory: string): Promise<{ lock: Lock } | { heldBy: number }> {
  const self = `${process.pid}:${await processStart(process.pid)}`;
  let holder = 0;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const before = await readLinks(directory);
    holder = (await livingHolder(before)) ?? 0;
    if (holder) return { heldBy: holder };
    const number = Math.max(0, ...before.map((link) => link.number)) + 1;
    if (!(await makeLink(directory, number, self))) continue;
    const others = (await readLinks(directory)).filter((link) => link.number !== number);
    const other = await livingHolder(others);
    if (other === undefined && others.every((link) => link.number < number)) {
      await removeLinks(directory, others);
      return { lock: { release: () => releaseLink(directory, number) } };
    }
    holder = other ?? 0;
    await releaseLink(directory, number);
  }
  return { heldBy: holder };
}

interface Link {
  readonly number: number;
  readonly target: string;
}

async function readLinks(directory: string): Promise<Link[]> {
  const links: Link[] = [];
  for (const name of await readdir(directory)) {
    const number = /^lock\.(\d+)$/.exec(name)?.[1];
    if (number === undefined) continue;
    const target = await readlink(join(directory, name)).catch(() => undefined);
    if (target !== undefined) links.push({ number: Number(number), target });
  }
  return links;
}

async function livingHolder(links: readonly Link[]): Promise<number | undefined> {
  for (const { target } of links) {
    const [pid = "", start] = target.split(/:(.*)/s);
    if (target !== released && (await processStart(Number(pid))) === start) return Number(pid);
  }
  return undefined;
}

async function makeLink(directory: string, number: number, target: string): Promise<boolean> {
  try {
    await symlink(target, join(directory, `${prefix}${number}`));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** The numbers must go on rising: a link that says so takes the place of ours. */
async function releaseLink(directory: string, number: number): Promise<void> {
  await makeLink(directory, number + 1, released);
  await removeLinks(directory, [{ number, target: "" }]);
}

async function removeLinks(directory: string, links: readonly Link[]): Promise<void> {
  for (const { number } of links) await rm(join(directory, `${prefix}${number}`), { force: true });
}
