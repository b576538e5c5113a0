import { lstatSync, type Stats } from "node:fs";
import { access, constants, lstat, realpath, stat } from "node:fs/promises";
import { join, posix, relative, sep } from "node:path";
import { createQuickly } from "../archive/quickly.ts";
import type { FileStamp } from "../runs/stamp.ts";
import { ruleOnName } from "./names.ts";

/** What is kept of a file's `stat`: the whole of it takes three times the memory, and there may be tens of thousands. */
export interface Stamp extends FileStamp {
  readonly mode: number;
}

/** What stands at a path of the build root now. */
export type Located =
  | { readonly kind: "absent"; readonly target: string; readonly directory: string }
  | {
      readonly kind: "file";
      /** With links resolved. */
      readonly target: string;
      /** The real directory of the name itself. */
      readonly directory: string;
      readonly stat: Stamp;
      readonly throughLink: boolean;
    }
  | { readonly kind: "directory"; readonly target: string; readonly directory: string }
  /** Nothing can be written there, because of what is at `at`: the path itself or a parent of it. */
  | { readonly kind: "blocked"; readonly at: string; readonly why: string };

type Directory =
  | { readonly kind: "there" | "absent"; readonly real: string }
  | { readonly kind: "blocked"; readonly at: string; readonly why: string };

/** Finds out what is at paths relative to a build root. Each directory is looked at once. */
export type Locator = (path: string) => Promise<Located>;

/**
 * A locator for `root`. A link that leads out of the root is followed only where `linkAllowed` says so of the
 * link's own path. Throws what the file system says where something cannot be looked at.
 */
export function createLocator(root: string, linkAllowed: (path: string) => boolean): Locator {
  const directories = new Map<string, Promise<Directory>>();

  const directoryAt = (path: string): Promise<Directory> => {
    const known = directories.get(path);
    if (known !== undefined) return known;
    const found = path === "." ? rootDirectory() : findDirectory(path);
    directories.set(path, found);
    return found;
  };

  const rootDirectory = async (): Promise<Directory> => ({ kind: "there", real: await realpath(root) });

  const findDirectory = async (path: string): Promise<Directory> => {
    const parent = await directoryAt(posix.dirname(path));
    if (parent.kind === "blocked") return parent;
    const own = join(parent.real, posix.basename(path));
    const found = parent.kind === "there" ? await lookAt(own) : undefined;
    if (found === undefined) return { kind: "absent", real: own };
    if (found.isDirectory()) return { kind: "there", real: own };
    if (!found.isSymbolicLink()) return { kind: "blocked", at: path, why: "here it is a file" };
    const end = await followLink(path, own);
    if ("why" in end) return { kind: "blocked", at: path, why: end.why };
    if (end.stat.isDirectory()) return { kind: "there", real: end.real };
    return { kind: "blocked", at: path, why: "here it is a link to a file" };
  };

  const followLink = async (
    path: string,
    own: string,
  ): Promise<{ readonly real: string; readonly stat: Stats } | { readonly why: string }> => {
    const real = await realpath(own).catch(unlessGone);
    if (real === undefined) return { why: "here it is a link that leads nowhere" };
    const top = await realpath(root);
    if (real === top || real.startsWith(top + sep)) {
      const inside = relative(top, real).split(sep).join("/");
      if (inside !== "" && ruleOnName(inside) !== "take") {
        return { why: `here it is a link into ${inside}, which results never touch` };
      }
    } else if (!linkAllowed(path)) {
      return {
        why: "here it is a link that leads out of the directory, and isn't known to have been there before the run",
      };
    }
    return { real, stat: await stat(real) };
  };

  return async (path) => {
    const parent = await directoryAt(posix.dirname(path));
    if (parent.kind === "blocked") return parent;
    const directory = parent.real;
    const own = join(directory, posix.basename(path));
    const found = parent.kind === "there" ? await lookAt(own) : undefined;
    if (found === undefined) return { kind: "absent", target: own, directory };
    const end = found.isSymbolicLink() ? await followLink(path, own) : { real: own, stat: found };
    if ("why" in end) return { kind: "blocked", at: path, why: end.why };
    if (end.stat.isDirectory()) return { kind: "directory", target: end.real, directory };
    if (!end.stat.isFile()) return { kind: "blocked", at: path, why: "here it is no ordinary file" };
    return {
      kind: "file",
      target: end.real,
      directory,
      stat: stampOf(end.stat),
      throughLink: found.isSymbolicLink(),
    };
  };
}

function stampOf({ size, mtimeMs, ctimeMs, ino, mode }: Stats): Stamp {
  return { size, mtimeMs, ctimeMs, ino, mode };
}

const quickly = createQuickly();

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await quickly<Stats | undefined>(
      () => lstatSync(path, { throwIfNoEntry: false }),
      () => lstat(path),
    );
  } catch (error) {
    return unlessGone(error as NodeJS.ErrnoException);
  }
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ELOOP" && error.code !== "ENOTDIR") throw error;
  return undefined;
}

/** Whether a file may be replaced by another content. */
export async function isWritable({ target, stat }: Extract<Located, { kind: "file" }>): Promise<boolean> {
  if ((stat.mode & 0o222) === 0) return false;
  return access(target, constants.W_OK).then(
    () => true,
    () => false,
  );
}
