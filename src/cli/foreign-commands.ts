import { UsageError } from "../errors.ts";

/** Commands of the Python program, Nextstrain CLI, that this one does not have. */
const FOREIGN: ReadonlySet<string> = new Set([
  "run",
  "remote",
  "deploy",
  "login",
  "logout",
  "whoami",
  "authorization",
  "init-shell",
  "debugger",
]);

/** Throws UsageError where the command is one that people know from Nextstrain CLI: it is not misspelt, but elsewhere. */
export function refuseForeign(args: readonly string[]): void {
  const name = args[0] === "help" ? args[1] : args[0];
  if (name === undefined || !FOREIGN.has(name)) return;
  throw new UsageError(
    `\`nextstrain ${name}\` is a command of the Python program only; this one does not have it.`,
    {
      hint: `For ${name}, use Nextstrain CLI: https://docs.nextstrain.org/projects/cli/. \`nextstrain --help\` shows what there is here.`,
    },
  );
}
