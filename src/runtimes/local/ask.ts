import { execFile } from "node:child_process";
import type { Context } from "../../cli/context.ts";
import type { Command } from "./command.ts";

/** What a program answered. */
export type Answer =
  | { readonly ok: true; readonly out: string }
  /** Why not, in a line without a full stop: what it said on standard error, or that it did not answer. */
  | { readonly ok: false; readonly reason: string };

/** Milliseconds within which a program answers that is only asked something. */
export const ASK_LIMIT = 20_000;

/** Runs a program that answers on standard output and needs nothing; what can go wrong is an answer, too. */
export function ask(
  { signal }: Pick<Context, "signal">,
  { program, args, env, cwd }: Command,
  limit: number = ASK_LIMIT,
): Promise<Answer> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      {
        env: { ...env },
        cwd,
        signal,
        timeout: limit,
        killSignal: "SIGKILL",
        encoding: "utf8",
        maxBuffer: 16 << 20,
      },
      (error, stdout, stderr) => {
        if (signal.aborted) reject(signal.reason);
        else if (error === null) resolve({ ok: true, out: stdout });
        else resolve({ ok: false, reason: reasonOf(error, stderr, limit) });
      },
    );
    child.stdin?.end();
  });
}

function reasonOf(error: Error, stderr: string, limit: number): string {
  if ((error as { readonly killed?: boolean }).killed) return `no answer within ${limit / 1000} s`;
  // Docker ends what it says with where to read more.
  const lines = stderr
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^(Run|See) '.*--help'/.test(line));
  return (lines.at(-1) ?? error.message).trim().replace(/^(Error|docker): |\.$/g, "");
}
