import { spawn } from "node:child_process";
import { accessSync, constants as fsConstants, readFileSync, statSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, resolve } from "node:path";

/** Where commands run. */
export interface Place {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Writes a line to standard error, before anything that is started later writes. */
export function say(line: string): void {
  writeSync(2, `${line}\n`);
}

/** Finds a program as execvp(3) does; undefined where there is none. */
export function findProgram(name: string, { cwd, environment }: Place): string | undefined {
  const candidates = name.includes("/")
    ? [resolve(cwd, name)]
    : (environment.PATH ?? "").split(delimiter).map((directory) => resolve(cwd, directory || ".", name));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, fsConstants.X_OK);
      return statSync(candidate).isFile();
    } catch {
      return false;
    }
  });
}

export interface RunOptions extends Place {
  /** Called with the child's process id once it runs. */
  readonly onStart?: (pid: number) => void;
}

/** Runs a program with our output and no input; resolves to its exit status, 128 + n where signal n ended it. */
export function run(command: readonly string[], options: RunOptions): Promise<number> {
  const [name = "", ...args] = command;
  const program = findProgram(name, options);
  if (program === undefined) {
    say(`${name}: command not found`);
    return Promise.resolve(127);
  }
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...options.environment, PWD: options.cwd },
      argv0: name,
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.once("error", (error) => {
      say(`${name}: ${error.message}`);
      resolve(126);
    });
    child.once("exit", (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
    if (child.pid !== undefined) options.onStart?.(child.pid);
  });
}

/**
 * Whether a process has a handler for SIGTERM (`SigCgt` in proc(5)). As process 1 of a container it would get the signal
 * only then. Where that cannot be known, true.
 */
export function handlesSigterm(pid: number): boolean {
  try {
    const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return mask === undefined || (BigInt(`0x${mask}`) & (1n << BigInt(constants.signals.SIGTERM - 1))) !== 0n;
  } catch {
    return true;
  }
}

/** Sends a signal; a process that is gone already is no error. */
export function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone.
  }
}
