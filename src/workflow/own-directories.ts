import { statSync } from "node:fs";
import { posix } from "node:path";
import type { Found } from "./walk.ts";

/** All directories that some paths are in. */
export function directoriesOf(paths: Iterable<string>): Set<string> {
  const directories = new Set<string>();
  for (const path of paths) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const directory = path.slice(0, end);
      if (directories.has(directory)) break;
      directories.add(directory);
    }
  }
  return directories;
}

/**
 * The directories of the user's own among some: those that hold no output. A rule may have one as its input, and Snakemake goes by
 * its time then; in a job it would have that of its making, later than all outputs. Directories of outputs
 * change with every output anyway, and a `directory()` goes by the time stamp in it.
 *
 * @param root the build root: absolute path
 */
export function ownDirectories(
  root: string,
  directories: ReadonlySet<string>,
  outputs: ReadonlySet<string>,
): Found[] {
  const ofOutputs = new Set([...outputs].map((output) => posix.dirname(output)));
  const own: Found[] = [];
  for (const path of directories) {
    if (ofOutputs.has(path) || isIn(path, outputs)) continue;
    const source = `${root}/${path}`;
    const stats = statSync(source, { throwIfNoEntry: false });
    if (stats?.isDirectory()) own.push({ path, source, kind: "directory", stats });
  }
  return own;
}

/** Whether a path is one of some, or below one. */
function isIn(path: string, some: ReadonlySet<string>): boolean {
  if (some.has(path)) return true;
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    if (some.has(path.slice(0, end))) return true;
  }
  return false;
}
