import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { ProcessIdentity } from "../types.ts";

/** Names the process so that a later one with the same id is not taken for it; undefined where none is alive. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = await startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether the process is still running. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await startTimeOf(identity.pid)) === identity.startTime;
}

/** proc(5): the 22nd field of `/proc/<pid>/stat`, in ticks since the boot that `boot_id` names. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    if (process.platform !== "linux") {
      const { stdout } = await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)]);
      return stdout.trim() || undefined;
    }
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, and may hold both blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended, and only waits for its parent to take notice.
    if (fields[0] === "Z") return undefined;
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return fields[19] === undefined ? undefined : `${boot.trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** The only child of a process, by proc(5); undefined where there is none yet, or that can't be seen. */
export function onlyChildOf(pid: number): number | undefined {
  try {
    return Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1"), 10) || undefined;
  } catch {
    return undefined;
  }
}

/** Sends a signal; a process (or, negative, a group) that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone, or nobody's but the kernel's to end.
  }
}

/**
 * Kills the process group, and, on Linux, whatever else carries the job's id in its environment: processes that made
 * themselves a session of their own would end with their container too.
 */
export async function killAll(group: number | undefined, jobId: string): Promise<void> {
  if (group !== undefined) signal(-group, "SIGKILL");
  // A few rounds, since a process may start another while we look.
  for (let round = 0; round < 5; round++) {
    const pids = await processesOf(jobId);
    if (pids.length === 0) return;
    for (const pid of pids) signal(pid, "SIGKILL");
  }
}

async function processesOf(jobId: string): Promise<readonly number[]> {
  if (process.platform !== "linux") return [];
  const marker = `AWS_BATCH_JOB_ID=${jobId}\0`;
  const found: number[] = [];
  for (const name of await readdir("/proc").catch(() => [])) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environment = await readFile(`/proc/${name}/environ`, "latin1").catch(() => "");
    if (`\0${environment}`.includes(`\0${marker}`)) found.push(pid);
  }
  return found;
}
