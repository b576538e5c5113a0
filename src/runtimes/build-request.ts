import type { Sourced } from "../settings.ts";
import type { BuildRoot } from "../workflow/build-root.ts";
import type { Overlay } from "../workflow/selection.ts";

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
  /** Local copies that replace the image's programs. */
  readonly overlays: readonly Overlay[];
}

/** What the user chose about containers; runtimes without containers have no use for it. */
interface ContainerOptions {
  /** The image of the runtime at hand, and where its name came from; undefined in runtimes without images. */
  readonly image: Sourced<string> | undefined;
  /** --docker-arg, as given. */
  readonly dockerArgs: readonly string[];
}

/** A build for a runtime of this computer: there is always a directory. */
export type LocalBuildRequest = BuildRequest & { readonly place: BuildRoot } & ContainerOptions;
