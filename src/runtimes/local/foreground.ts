import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Context } from "../../cli/context.ts";
import { hasTerminal } from "../../cli/terminal.ts";
import type { Command } from "./command.ts";

/** What a shell says of a program that is not there, or that it may not run (POSIX 2.8.2). */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/**
 * Runs a program with this one's terminal, or whatever its streams are, as its own, and waits for it. Returns its exit
 * status: 128 and the signal's number where a signal ended it, 127 or 126 where it can't be run, which is said then.
 *
 * Signals are the program's while it runs. Control-C comes to it from the terminal, which sends it to both, so it is
 * passed on only where there is no terminal: nobody is to be interrupted twice.
 */
export async function runInForeground(context: Context, command: Command): Promise<number> {
  const { signal, signals, io } = context;
  const interruptsReachBoth = await hasTerminal();
  await io.drained(signal);
  signal.throwIfAborted();
  const child = spawn(command.program, [...command.args], {
    cwd: command.cwd,
    env: { ...command.env },
    stdio: "inherit",
  });
  using _ = signals.handle({
    SIGINT: () => {
      if (!interruptsReachBoth) child.kill("SIGINT");
    },
    SIGTERM: () => void child.kill("SIGTERM"),
    SIGHUP: () => void child.kill("SIGHUP"),
  });
  const stop = () => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("exit", (code, name) => resolve(code ?? 128 + (name ? constants.signals[name] : 0)));
      child.once("error", (error: NodeJS.ErrnoException) => {
        // Such as a signal that could not be sent: it goes on.
        if (child.pid !== undefined) return;
        const status = error.code === "ENOENT" ? NOT_FOUND : error.code === "EACCES" ? NOT_EXECUTABLE : 0;
        if (status === 0) return reject(error);
        io.err(
          `Error: ${command.program} can't be run: ${status === NOT_FOUND ? "there is no such program" : "it is not executable"}.`,
        );
        resolve(status);
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
