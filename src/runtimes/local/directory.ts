import { join, resolve } from "node:path";
import { type Context, nextstrainHome } from "../../cli/context.ts";
import { lock } from "../../cli/lock.ts";
import type { SettingsReader } from "../../settings.ts";
import type { RuntimeName } from "../runtime-name.ts";

/** Where a runtime keeps what it fetches: `~/.nextstrain/runtimes/<name>`, moved by `NEXTSTRAIN_RUNTIMES`. */
export function runtimeDirectory(context: Context, settings: SettingsReader, name: RuntimeName): string {
  const moved = settings.get("runtimes", undefined)?.value;
  return join(moved ? resolve(context.cwd, moved) : join(nextstrainHome(context), "runtimes"), name);
}

/** Keeps two set-ups of a runtime apart. Throws UserError where another process is at it. */
export function lockRuntime(directory: string): Promise<AsyncDisposable> {
  return lock(join(directory, "lock"), "setting up or updating this runtime");
}
