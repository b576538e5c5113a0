import { stat, statfs } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { UserError } from "../errors.ts";

/** File systems whose files are the kernel's: reading them may never end. `f_type` of statfs(2). */
const KERNEL_FILES: ReadonlySet<number> = new Set([
  0x9f_a0, // proc
  0x62_65_65_72, // sysfs
  0x63_67_72_70, // cgroup2
  0x27_e0_eb, // cgroup
  0x64_62_67_20, // debugfs
  0x74_72_61_63, // tracefs
]);

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
  await refuseKernelFiles(start);
  for (let root = start; ; root = dirname(root)) {
    if (await isFile(join(root, PATHOGEN_FILE))) {
      return { root, directory: start, subdirectory: relative(root, start).split(sep).join("/") };
    }
    if (root === dirname(root)) return { root: start, directory: start, subdirectory: "" };
  }
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

async function refuseKernelFiles(path: string): Promise<void> {
  const type = await statfs(path).then(
    (found) => found.type,
    () => undefined, // not everywhere
  );
  if (process.platform !== "linux" || type === undefined || !KERNEL_FILES.has(type)) return;
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
