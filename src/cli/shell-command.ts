import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Context } from "./context.ts";
import { withoutControls } from "./control-characters.ts";
import { spellTime } from "./time-text.ts";

/** Milliseconds that a command may take, and that what it leaves running may hold its output open. */
const LIMIT = 60_000;
const GRACE = 1_000;

/**
 * Runs a command of the user's in a shell, and gives it `input` on standard input. What it writes is shown on standard error. Resolves
 * with what went wrong, as the end of a sentence; undefined where it succeeded. Never fails; the context's signal ends it.
 *
 * @param limit milliseconds after which it is killed
 */
export function runShellCommand(
  { cwd, env, io, signal }: Context,
  command: string,
  { input, limit = LIMIT }: { readonly input: string; readonly limit?: number },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    // A group of its own ends as a whole.
    const child = spawn(command, { shell: true, detached: true, cwd, env: { ...env }, stdio: "pipe" });
    let problem: string | undefined;
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    };
    const letGo = () => {
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const stop = (why: string) => {
      problem ??= why;
      kill();
      letGo();
    };
    const interrupt = () => stop("was interrupted");
    const timer = setTimeout(() => stop(`did not end within ${spellTime(limit / 1000)}`), limit);
    signal.addEventListener("abort", interrupt, { once: true });
    process.once("exit", kill);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) =>
        io.err(withoutControls(line, { keepColours: false })),
      );
    }
    // Not every command reads it.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const end = (why: string | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", interrupt);
      process.off("exit", kill);
      resolve(problem ?? why);
    };
    child.once("error", ({ message }) => end(`can't be run (${message})`));
    child.once("exit", () => {
      clearTimeout(timer);
      setTimeout(letGo, GRACE).unref();
    });
    child.once("close", (status, name) => {
      const failure = status === null ? `was ended by ${name}` : `failed (exit status ${status})`;
      end(status === 0 ? undefined : failure);
    });
    if (signal.aborted) interrupt();
  });
}
