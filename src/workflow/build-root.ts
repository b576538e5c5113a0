import { stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { UserError } from "../errors.ts";
import { isKernelFile } from "./kernel-files.ts";

/** The file whose presence makes a directory the root of a pathogen repository. */
const PATHOGEN_FILE = "nextstrain-pathogen.yaml";

/** Where the image has its programs and, in `build/`, the build root. */
export const CONTAINER_ROOT = "/nextstrain";

/** Where the image has, or unpacks, the build root. */
export const CONTAINER_BUILD = `${CONTAINER_ROOT}/build`;

/** What is shipped (or mounted), and where in it the workflow runs. Paths are absolute. */
export interface BuildRoot {
  readonly root: string;
  /** The directory that the user named. */
  readonly directory: string;
  /** Where `directory` is within `root`, `/`-separated; "" where they are the same. */
  readonly subdirectory: string;
}

/**
 * Finds the build root of a directory: its nearest parent, or itself, that holds `nextstrain-pathogen.yaml`; else
 * the directory itself. A relative path is taken from `cwd`.
 *
 * Links in the path are left as the user wrote them, so that messages show what they typed.
 *
 * @throws UserError where the directory is missing, not a directory, or out of reach.
 */
export async function findBuildRoot(directory: string, cwd: string): Promise<BuildRoot> {
  const start = resolve(cwd, directory);
  await requireDirectory(start);
  refuseKernelFiles(start);
  for (let root = start; ; root = dirname(root)) {
    if (await isFile(join(root, PATHOGEN_FILE))) {
      return placeIn(root, start);
    }
    if (root === dirname(root)) return { root: start, directory: start, subdirectory: "" };
  }
}

/** A directory in a build root that was found before. Both are absolute. */
export function placeIn(root: string, directory: string): BuildRoot {
  return { root, directory, subdirectory: relative(root, directory).split(sep).join("/") };
}

/** Where in a container the build's program starts. */
export function containerDirectory({ subdirectory }: Pick<BuildRoot, "subdirectory">): string {
  return subdirectory ? `${CONTAINER_BUILD}/${subdirectory}` : CONTAINER_BUILD;
}

async function requireDirectory(path: string): Promise<void> {
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new UserError(`There is no directory ${path}.`, {
        hint: "Name the directory that holds the workflow (its Snakefile).",
        cause: error,
      });
    }
    throw new UserError(`Cannot look into the directory ${path} (${code ?? String(error)}).`, {
      hint: "Check that you may read it, and each directory above it.",
      cause: error,
    });
  }
  if (!found.isDirectory()) {
    throw new UserError(`${path} is not a directory.`, {
      hint: `Name the directory that holds the workflow, such as ${dirname(path)}.`,
    });
  }
}

function refuseKernelFiles(path: string): void {
  if (!isKernelFile(path)) return;
  throw new UserError(`${path} holds no files but what the kernel tells.`, {
    hint: "Name the directory that holds the workflow (its Snakefile).",
  });
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false; // a parent that we may not look into is no build root of ours
  }
}
