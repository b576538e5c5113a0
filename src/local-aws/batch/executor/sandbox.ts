import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Directories of one attempt. */
export interface AttemptDirectories {
  /** The job's `/nextstrain`. */
  readonly home: string;
  /** Mount point of the job's root; stays empty of data. */
  readonly root: string;
}

/** How a job comes to see its directory as `/nextstrain`. */
export interface Sandbox {
  readonly kind: "namespace" | "mapped";
  /** The command that runs `command` in the sandbox, without an intermediate process. */
  wrap(directories: AttemptDirectories, command: readonly string[]): readonly string[];
  /** `/nextstrain` as processes of the job are to call it. */
  homeSeenByJob(directories: AttemptDirectories): string;
  /** Directory for temporary files, with a short name: Python's multiprocessing puts sockets into it. */
  createTemporary(directories: AttemptDirectories): Promise<TemporaryDirectory>;
}

export interface TemporaryDirectory {
  readonly seenByJob: string;
  remove(): Promise<void>;
}

/** No mounts: the entrypoint maps `/nextstrain/…` where the contract names it. */
export const mappedSandbox: Sandbox = {
  kind: "mapped",
  wrap: (_directories, command) => command,
  homeSeenByJob: (directories) => directories.home,
  async createTemporary() {
    const path = await mkdtemp(join(tmpdir(), "nextstrain-job-"));
    return { seenByJob: path, remove: () => rm(path, { recursive: true, force: true }) };
  },
};

/**
 * A private mount namespace (unshare(1)) whose root has every top-level entry of the real one bound into it, and
 * `/nextstrain` besides. Nothing is created outside the attempt's directory, and nothing outside sees the mounts.
 */
function namespaceSandbox(unshareOptions: readonly string[]): Sandbox {
  return {
    kind: "namespace",
    wrap: ({ root, home }, command) => [
      "unshare",
      ...unshareOptions,
      "--",
      "/bin/sh",
      "-c",
      enterRoot,
      "enter-root",
      root,
      home,
      ...command,
    ],
    homeSeenByJob: () => "/nextstrain",
    async createTemporary({ home }) {
      const path = join(home, ".tmp");
      await mkdir(path);
      return { seenByJob: "/nextstrain/.tmp", remove: () => Promise.resolve() };
    },
  };
}

// pivot_root onto itself and the lazy umount after it: pivot_root(2), "pivot_root(".", ".")".
const enterRoot = `
PATH="$PATH:/usr/sbin:/sbin"
root=$1 home=$2
shift 2
set -e
mount --rbind "$root" "$root"
for entry in /* /.[!.]*; do
  name=\${entry#/}
  if [ "$name" = nextstrain ]; then continue
  elif [ -L "$entry" ]; then cp -P "$entry" "$root/$name"
  elif [ -d "$entry" ]; then mkdir "$root/$name"; mount --rbind "$entry" "$root/$name" || :
  elif [ -e "$entry" ]; then : > "$root/$name"; mount --bind "$entry" "$root/$name" || :
  fi
done
mkdir "$root/nextstrain"
mount --rbind "$home" "$root/nextstrain"
cd "$root"
pivot_root . .
umount -l .
cd /nextstrain/build
exec "$@"
`;

/** The best sandbox that works here: tried out in `scratch`, a directory that is made and removed. */
export async function chooseSandbox(options: {
  readonly scratch: string;
  /** Where programs are looked up. */
  readonly path: string;
}): Promise<Sandbox> {
  if (process.platform !== "linux") return mappedSandbox;
  for (const unshareOptions of [["--mount"], ["--user", "--map-root-user", "--mount"]]) {
    const sandbox = namespaceSandbox(unshareOptions);
    if (await works(sandbox, options)) return sandbox;
  }
  return mappedSandbox;
}

async function works(sandbox: Sandbox, options: { scratch: string; path: string }): Promise<boolean> {
  const directories = { home: join(options.scratch, "nextstrain"), root: join(options.scratch, "root") };
  try {
    await mkdir(join(directories.home, "build"), { recursive: true });
    await mkdir(directories.root);
    const [program = "", ...args] = sandbox.wrap(directories, ["touch", "/nextstrain/build/works"]);
    await promisify(execFile)(program, args, { env: { PATH: options.path } });
    await rm(join(directories.home, "build", "works"));
    return true;
  } catch {
    return false;
  } finally {
    await rm(options.scratch, { recursive: true, force: true });
  }
}
