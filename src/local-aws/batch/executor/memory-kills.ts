import { readFile } from "node:fs/promises";

/** Short beside what a job does after the kernel has killed a part of it. */
const lookAgainMs = 200;

/** Looks after a container's memory group, as long as it is not disposed of. */
export interface MemoryKills extends Disposable {
  /** Whether the kernel has killed any of the container's processes for want of memory. */
  readonly seen: boolean;
}

/**
 * Watches the control group of a container by its main process, on Linux: not every engine tells of a process that was killed
 * for want of memory, least of all where it is not the main one. What happens within a fraction of a second before the
 * container's end may be missed.
 */
export function watchMemoryKills(pid: number): MemoryKills {
  let seen = false;
  let file: string | undefined;
  const look = async () => {
    file ??= await counterOf(pid);
    // cgroup-v2.rst, memory.events; cgroup-v1/memory.rst, memory.oom_control: both have a line `oom_kill N`.
    const kills = file && /^oom_kill (\d+)$/m.exec(await readFile(file, "utf8").catch(() => ""))?.[1];
    if (Number(kills ?? 0) > 0) seen = true;
  };
  const timer = setInterval(() => void look(), lookAgainMs);
  return {
    get seen() {
      return seen;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** proc(5), `/proc/<pid>/cgroup`: `0::/path` for version 2, `4:memory:/path` for version 1. */
async function counterOf(pid: number): Promise<string | undefined> {
  const groups = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  if (first !== undefined) return `/sys/fs/cgroup/memory${first}/memory.oom_control`;
  const second = /^0::(.*)$/m.exec(groups)?.[1];
  return second === undefined ? undefined : `/sys/fs/cgroup${second}/memory.events`;
}
