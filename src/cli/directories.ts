import { homedir, userInfo } from "node:os";
import { UserError } from "../errors.ts";

/** The working directory. Throws UserError where it is gone, or above it a directory that may not be looked into. */
export function findWorkingDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new UserError(
      `The working directory can't be found (${(error as NodeJS.ErrnoException).code ?? error}): it was removed or moved.`,
      {
        hint: "Change to a directory that exists (such as `cd ~`), then run the command again.",
        cause: error,
      },
    );
  }
}

/** The user's home directory: HOME, else the one that the system knows. Throws UserError where it knows none. */
export function findHome(): string {
  try {
    const home = homedir() || userInfo().homedir;
    if (home) return home;
  } catch {
    // A user id without a name, as in containers.
  }
  throw new UserError("Your home directory can't be found.", {
    hint: "Set HOME to a directory that you may write to, then run the command again.",
  });
}
