import { join, resolve } from "node:path";
import type { Io } from "./io.ts";
import type { Signals } from "./signals.ts";

/** Everything from outside that the program depends on, so that tests can hand in their own. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the working directory. */
  readonly cwd: string;
  /** The user's home directory. */
  readonly home: string;
  readonly io: Io;
  readonly signals: Signals;
  /** Milliseconds since 1970. */
  now(): number;
  /** Aborted when the program is to end early; its reason says why. Reaches every request, sleep and child. */
  readonly signal: AbortSignal;
}

/** `~/.nextstrain`, moved by `NEXTSTRAIN_HOME`: the config file, records of runs and local AWS live there. */
export function nextstrainHome(context: Pick<Context, "env" | "cwd" | "home">): string {
  const moved = context.env.NEXTSTRAIN_HOME;
  return moved ? resolve(context.cwd, moved) : join(context.home, ".nextstrain");
}
