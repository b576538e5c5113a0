import { mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { sweepTemporaries } from "../runs/temporaries.ts";
import {
  canUseHandles,
  type FoundDirectory,
  findByHandle,
  findByPath,
  NotWritten,
} from "./held-directory.ts";

/** A directory that was at its place when it was held. To be disposed of when nothing is written in it for now. */
export interface HeldDirectory extends Disposable {
  /** A path of the file of this name in it, wherever the directory's own path leads by now. */
  at(name: string): string;
  /** Throws {@link NotWritten} where the directory is no longer at its place. */
  check(): void;
  /** The same, where paths of {@link at} would then lead elsewhere: for what is not yet in its place. */
  checkPaths(): void;
}

/** The directories that results are written in: absolute paths with links resolved, as the plan has them. */
export interface Directories extends Disposable {
  /**
   * Makes a directory with its parents where they are missing, and sweeps what an ended program left in it. Throws
   * {@link NotWritten} where its path now leads through a link, or where the root is gone.
   */
  hold(directory: string): Promise<HeldDirectory>;
  /** The same without making any: undefined where it isn't there any more. */
  holdExisting(directory: string): Promise<HeldDirectory | undefined>;
}

export interface DirectoriesOptions {
  /** The build root: neither it nor what is above it is made. */
  readonly root: string;
  /** Milliseconds since 1970: tells how old leftovers of other computers are. */
  readonly now: number;
  /** Whether files are reached through open directories. Default: wherever the system can. */
  readonly byHandle?: boolean | undefined;
}

/** Directories that stay open for their next file. */
const MOST_OPEN = 8;

/**
 * Directories that are held by what they are, not by their names: whoever swaps one for a link while results arrive gets
 * nothing written through it.
 */
export function openDirectories({ root, now, byHandle }: DirectoriesOptions): Directories {
  let top: string | undefined;
  /** The one that was used last is the last. */
  const open = new Map<string, FoundDirectory>();
  const users = new Map<FoundDirectory, number>();
  const swept = new Set<string>();

  /** The root is looked at when the first directory is. */
  function look(path: string): FoundDirectory | undefined {
    top ??= realpathSync.native(root);
    byHandle ??= canUseHandles(top);
    return byHandle ? findByHandle(path) : findByPath(path);
  }

  function find(path: string): FoundDirectory | undefined {
    const known = open.get(path);
    open.delete(path);
    if (known?.isInPlace()) return known;
    if (known !== undefined && !users.has(known)) known.close();
    return look(path);
  }

  /** Made in its parent, which is held, and made where it is missing, in the same way. */
  function make(path: string): FoundDirectory | undefined {
    if (join(top ?? root, sep).startsWith(join(path, sep))) {
      throw new NotWritten("the directory was moved away or removed in the meantime");
    }
    using parent = take(dirname(path), true);
    if (parent === undefined) return undefined;
    try {
      mkdirSync(parent.at(basename(path)));
      swept.add(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    return look(path);
  }

  function take(path: string, making: boolean): HeldDirectory | undefined {
    const found = find(path) ?? (making ? make(path) : undefined);
    if (found === undefined) return undefined;
    open.set(path, found);
    users.set(found, (users.get(found) ?? 0) + 1);
    closeIdle();
    const check = () => {
      if (!found.isInPlace()) throw new NotWritten("its directory was replaced in the meantime");
    };
    return {
      at: found.at,
      check,
      checkPaths: () => found.holdsFast || check(),
      [Symbol.dispose]() {
        const others = (users.get(found) ?? 1) - 1;
        if (others > 0) return void users.set(found, others);
        users.delete(found);
        if (open.get(path) !== found) found.close();
      },
    };
  }

  function closeIdle(): void {
    for (const [path, found] of open) {
      if (open.size <= MOST_OPEN) return;
      if (users.has(found)) continue;
      open.delete(path);
      found.close();
    }
  }

  async function sweep(path: string, directory: HeldDirectory): Promise<void> {
    if (swept.has(path)) return;
    swept.add(path);
    await sweepTemporaries([directory.at("")], { now });
  }

  return {
    async hold(path) {
      const directory = take(path, true);
      if (directory === undefined) throw new NotWritten("its directory was removed in the meantime");
      await sweep(path, directory);
      return directory;
    },
    async holdExisting(path) {
      try {
        const directory = take(path, false);
        if (directory !== undefined) await sweep(path, directory);
        return directory;
      } catch (error) {
        if (error instanceof NotWritten) return undefined;
        throw error;
      }
    },
    [Symbol.dispose]() {
      // Those in use are closed by their users.
      for (const found of open.values()) if (!users.has(found)) found.close();
      open.clear();
    },
  };
}
