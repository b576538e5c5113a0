import type { BuildRoot } from "../workflow/build-root.ts";

/** A build as the user asked for it, whatever runs it. */
export interface BuildRequest {
  /** Absent only where a job is attached to and nothing is to be brought back. */
  readonly place: BuildRoot | undefined;
  /** Snakemake, or the program given by --exec. */
  readonly program: string;
  /** What followed the directory on the command line. */
  readonly programArguments: readonly string[];
  readonly cpus: number | undefined;
  readonly memoryBytes: number | undefined;
  /** --env and --envdir, as given. */
  readonly env: readonly string[];
  readonly envdirs: readonly string[];
}
