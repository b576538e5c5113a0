import { execFile } from "node:child_process";
import { closeSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { isatty } from "node:tty";
import { promisify } from "node:util";

/**
 * To be called last of all. Node puts a terminal's settings back when it exits, and aborts where that fails: where the terminal
 * is gone (a closed window), it must not try. `before` are the descriptors that were terminals when the program began.
 */
export function letGoOfLostTerminals(before: readonly number[]): void {
  for (const descriptor of before) if (!isatty(descriptor)) closeSync(descriptor);
}

/** Which of standard input, output and error are terminals. */
export function standardTerminals(): readonly number[] {
  return [0, 1, 2].filter((descriptor) => isatty(descriptor));
}

/** Whether this process has a terminal that controls it, be its streams redirected or not. */
export async function hasTerminal(): Promise<boolean> {
  try {
    await (await open("/dev/tty", "r")).close();
    return true;
  } catch {
    return false;
  }
}

/** Whether this process is in the foreground of its terminal: in the background, reading from it would suspend the process. */
export async function hasForeground(): Promise<boolean> {
  try {
    // proc(5): after the name in parentheses come state, ppid, pgrp, session, tty_nr and tpgid.
    const text = await readFile("/proc/self/stat", "utf8");
    const [, , group, , , foreground] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return group === foreground;
  } catch {
    const args = ["-o", "pgid=", "-o", "tpgid=", "-p", String(process.pid)];
    const { stdout } = await promisify(execFile)("ps", args).catch(() => ({ stdout: "" }));
    const [group, foreground] = stdout.trim().split(/\s+/);
    return group === foreground;
  }
}
