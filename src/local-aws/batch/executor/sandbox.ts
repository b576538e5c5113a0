import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type View, wholeView } from "./view.ts";

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
  /** Jobs have processes of their own only, and see nothing of what is hidden from them. */
  readonly isApart: boolean;
  /** The command that runs `command` in the sandbox: where jobs are apart as the only child of its process, else in its place. */
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
  isApart: false,
  wrap: (_directories, command) => command,
  homeSeenByJob: (directories) => directories.home,
  async createTemporary() {
    const path = await mkdtemp(join(tmpdir(), "nextstrain-job-"));
    return { seenByJob: path, remove: () => rm(path, { recursive: true, force: true }) };
  },
};

/** Processes of their own: what runs the job is process 1 of them, and its end is that of all. */
const APART = ["--pid", "--fork", "--kill-child"];

/**
 * A private mount namespace (unshare(1)) whose root has every top-level entry of the real one bound into it, and
 * `/nextstrain` besides. Nothing is created outside the attempt's directory, and nothing outside sees the mounts.
 */
function namespaceSandbox(unshareOptions: readonly string[], view: View): Sandbox {
  const isApart = unshareOptions.includes("--pid");
  return {
    kind: "namespace",
    isApart,
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
      isApart ? "apart" : "",
      ...[view.hidden, view.shown, view.hiddenAgain].map((paths) => paths.join("\n")),
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
root=$1 home=$2 apart=$3 hidden=$4 shown=$5 hidden_again=$6
shift 6
set -e
hide() { if [ -d "$root$1" ]; then mount -t tmpfs -o mode=755,size=1m tmpfs "$root$1"; fi; }
close() { if [ -d "$root$1" ]; then mount -o remount,ro "$root$1"; fi; }
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
if [ -n "$apart" ]; then mount -t proc proc "$root/proc"; fi
set -f
IFS='
'
for path in $hidden; do hide "$path"; done
for path in $shown; do
  if [ -d "$path" ]; then mkdir -p "$root$path"; mount --rbind "$path" "$root$path"
  else mkdir -p "$root\${path%/*}"; : > "$root$path"; mount --bind "$path" "$root$path"
  fi
  mount -o remount,bind,ro "$root$path" 2>/dev/null || :
done
for path in $hidden_again; do hide "$path"; done
for path in $hidden $hidden_again; do close "$path"; done
unset IFS
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
  /** What jobs see of this computer's files, where that can be had. */
  readonly view?: View;
}): Promise<Sandbox> {
  if (process.platform !== "linux") return mappedSandbox;
  const asRoot = ["--mount"];
  const asUser = ["--user", "--map-root-user", "--mount"];
  const { view = wholeView } = options;
  for (const unshareOptions of [[...asRoot, ...APART], [...asUser, ...APART], asRoot, asUser]) {
    const sandbox = namespaceSandbox(unshareOptions, view);
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
