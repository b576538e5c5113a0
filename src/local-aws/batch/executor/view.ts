import { readdir, readlink, realpath, stat } from "node:fs/promises";
import { basename, delimiter, dirname, isAbsolute, join, resolve } from "node:path";

/** What jobs see of this computer's files: all, but for directories that are hidden from them, and of these again some parts. */
export interface View {
  /** Directories that jobs find empty. */
  readonly hidden: readonly string[];
  /** Directories and files in these that they see, and can't change: where programs are. None lies in another. */
  readonly shown: readonly string[];
  /** Of the hidden directories, those that lie in one that is shown. */
  readonly hiddenAgain: readonly string[];
}

export const wholeView: View = { hidden: [], shown: [], hiddenAgain: [] };

/** Without these no program runs, or jobs have nothing to share; a user's home may be one of them in a container. */
const NEEDED = [
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/etc",
  "/dev",
  "/proc",
  "/sys",
  "/tmp",
  "/var/tmp",
  "/opt",
  "/nix",
];

/** Programs lie in such a directory, and what belongs to them beside it. */
const PROGRAMS = new Set(["bin", "sbin", "shims", "condabin", "libexec"]);

/** Directories in which programs lie beside what their user keeps, keys among it. */
const SHARED = new Set([".local", ".cargo", ".docker", ".config", ".aws", ".kube", ".npm", ".gem"]);

/**
 * Hides directories from jobs, without the programs of this computer that they need: what is on the PATH, what its links lead to, and
 * what is named besides.
 */
export async function chooseView({
  hidden,
  path,
  needed,
}: {
  readonly hidden: readonly string[];
  /** Of the jobs. */
  readonly path: string;
  /** Files and directories. */
  readonly needed: readonly string[];
}): Promise<View> {
  const real = await Promise.all(hidden.map((directory) => realpath(directory).catch(() => undefined)));
  const secret = [...new Set([...hidden, ...real])].filter(canBeHidden);
  const isHidden = (one: string) => secret.some((directory) => isIn(one, directory));
  const shown = new Set<string>(needed.filter(isHidden));
  const seen = new Set<string>();

  /** A directory of programs, with what belongs to them; and those that its links lead to. */
  async function show(programs: string): Promise<void> {
    if (seen.has(programs)) return;
    seen.add(programs);
    if (isHidden(programs)) for (const one of installationOf(programs)) shown.add(one);
    for (const entry of await readdir(programs, { withFileTypes: true }).catch(() => [])) {
      if (!entry.isSymbolicLink()) continue;
      const link = join(programs, entry.name);
      // Each link on the way there is needed, and so is what they all lead to.
      const next = await readlink(link).then((target) => resolve(programs, target));
      const last = await realpath(link).catch(() => next);
      for (const target of new Set([next, last])) if (isHidden(target)) await show(dirname(target));
    }
  }

  /** What lies beside a directory of programs, unless that is the whole of what is to be hidden. */
  function installationOf(programs: string): readonly string[] {
    if (secret.includes(programs)) return [];
    const parent = dirname(programs);
    if (!PROGRAMS.has(basename(programs)) || secret.includes(parent)) return [programs];
    return SHARED.has(basename(parent)) ? [programs, join(parent, "lib")] : [parent];
  }

  for (const directory of path.split(delimiter).filter(isAbsolute)) {
    await show(directory);
    const target = await realpath(directory).catch(() => undefined);
    if (target !== undefined) await show(target);
  }
  const there = await Promise.all([...shown].map(async (one) => ((await exists(one)) ? [one] : [])));
  const all = there.flat();
  const outermost = all.filter((one) => !all.some((other) => other !== one && isIn(one, other)));
  return {
    hidden: secret,
    shown: outermost,
    hiddenAgain: secret.filter((one) => outermost.some((directory) => isIn(one, directory))),
  };
}

function canBeHidden(directory: string | undefined): directory is string {
  // Lists of paths go to a shell one a line.
  if (directory === undefined || !isAbsolute(directory) || directory.includes("\n")) return false;
  return !NEEDED.some((one) => isIn(one, directory));
}

const isIn = (path: string, directory: string) =>
  path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);

const exists = (path: string) =>
  stat(path).then(
    () => !path.includes("\n"),
    () => false,
  );
