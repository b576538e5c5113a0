import type { Finding } from "../checks/finding.ts";
import type { Context } from "../cli/context.ts";
import type { SettingsReader } from "../settings.ts";
import type { LocalBuildRequest } from "./build-request.ts";

/** Options of `nextstrain setup RUNTIME`. */
export interface SetupOptions {
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean;
  /** Do it again, where it was done before. */
  readonly force: boolean;
}

/**
 * A runtime of this computer. What it needs and can't have is a UserError with the command that gets it; what it says
 * goes through the context.
 */
export interface LocalRuntime {
  /** Runs the program in the build directory, with this terminal as its own; returns its exit status. */
  build(context: Context, settings: SettingsReader, request: LocalBuildRequest): Promise<number>;
  /** An interactive shell in the build directory, the request's program; returns its exit status. */
  shell(context: Context, settings: SettingsReader, request: LocalBuildRequest): Promise<number>;
  /** Makes it ready for builds: fetches an image, makes an environment. */
  setUp(context: Context, settings: SettingsReader, options: SetupOptions): Promise<void>;
  /** Fetches what is newer. */
  update(context: Context, settings: SettingsReader): Promise<void>;
  /** What works and what doesn't. */
  check(context: Context, settings: SettingsReader): Promise<Finding[]>;
  /** What it runs and in which version, by name, for `version --verbose`. */
  versions(
    context: Context,
    settings: SettingsReader,
  ): Promise<readonly (readonly [name: string, version: string])[]>;
}
