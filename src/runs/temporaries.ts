import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { isAlive } from "../cli/lock.ts";
import { isTemporaryName, temporaryName } from "../workflow/temporary.ts";

/** A temporary file of another computer (on a shared disk) may be in use for as long as this, in milliseconds. */
const FOREIGN_AGE = 24 * 60 * 60 * 1000;
const OWNER = /-h([0-9a-f]{8})-p(\d+)(?:-|$)/;

let hostTag: string | undefined;

/** A name for a temporary file that says whose it is: computer and process, so that a later run can tell it from a live one. */
export function ownTemporaryName(): string {
  return temporaryName(`h${thisHost()}-p${process.pid}`);
}

/**
 * Whether a temporary file was left by a program that has ended: its process is gone, or, where another computer
 * or nobody known made it, it was last touched a day before `now`.
 */
async function isStaleTemporary(path: string, now: number): Promise<boolean> {
  const [, host, pid] = OWNER.exec(path.slice(path.lastIndexOf("/") + 1)) ?? [];
  if (host === thisHost()) return !isAlive(Number(pid));
  const stat = await lstat(path).catch(() => undefined);
  // Not the mtime: that is set to the result's own shortly before the file gets its name.
  return stat !== undefined && now - stat.ctimeMs > FOREIGN_AGE;
}

/**
 * Removes temporary files that ended programs left in these directories (not below them); says which. `now` is in
 * milliseconds since 1970.
 */
export async function sweepTemporaries(
  directories: Iterable<string>,
  { now }: { readonly now: number },
): Promise<string[]> {
  const removed: string[] = [];
  for (const directory of directories) {
    const names = await readdir(directory).catch(() => []);
    const paths = names.filter(isTemporaryName).map((name) => join(directory, name));
    for (const path of await removeStaleTemporaries(paths, { now })) removed.push(path);
  }
  return removed;
}

/** As {@link sweepTemporaries}, where the files are known already. What cannot be removed is left: it does no harm. */
export async function removeStaleTemporaries(
  paths: readonly string[],
  { now }: { readonly now: number },
): Promise<string[]> {
  const removed: string[] = [];
  for (const path of paths) {
    if (!(await isStaleTemporary(path, now))) continue;
    const done = await rm(path, { force: true }).then(
      () => true,
      () => false,
    );
    if (done) removed.push(path);
  }
  return removed;
}

/**
 * Whether the process that a name from {@link ownTemporaryName} is of has ended. Of one on another computer, or on this one when it
 * had another name, that is taken for granted where `isOld`.
 */
export function isOwnerGone(name: string, isOld: boolean): boolean {
  const [, host, pid] = OWNER.exec(name) ?? [];
  return host === thisHost() ? !isAlive(Number(pid)) : isOld;
}

/** Within what a process id means something: this computer, and in it the container, which has process ids of its own. */
function thisHost(): string {
  hostTag ??= createHash("sha256").update(`${hostname()} ${processNamespace()}`).digest("hex").slice(0, 8);
  return hostTag;
}

/** `pid:[4026531836]`; nothing on systems without them. See namespaces(7). */
function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
