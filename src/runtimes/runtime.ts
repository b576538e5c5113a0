import type { BuildRoot } from "../workflow/build-root.ts";
import type { Overlay } from "../workflow/selection.ts";

/** Where builds can run: a flag each, and a value of the config file's core.runner. */
export type RuntimeName = "aws-batch" | "docker" | "conda" | "singularity" | "ambient";

/** A runtime as the command line knows it. */
export interface RuntimeEntry {
  readonly name: RuntimeName;
  /** For `--help`. */
  readonly help: string;
  /** The name that older versions of the existing program had for it; still taken. */
  readonly oldName?: string;
  /** Whether this version can run builds in it. */
  readonly available: boolean;
}

/** The registry of runtimes, in the order of `--help`. */
export const runtimes: readonly RuntimeEntry[] = [
  { name: "aws-batch", help: "on AWS Batch", available: true },
  { name: "docker", help: "in a container on this computer", available: false },
  { name: "conda", help: "in a Conda environment of its own", available: false },
  { name: "singularity", help: "in a Singularity or Apptainer container", available: false },
  { name: "ambient", help: "with the programs installed here", oldName: "native", available: false },
];

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
