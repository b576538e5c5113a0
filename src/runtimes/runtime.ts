import type { Finding } from "../checks/finding.ts";
import type { Context } from "../cli/context.ts";
import type { SettingName, SettingsReader, Sourced } from "../settings.ts";
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
  /** The setting of its image, where it runs programs in containers. */
  readonly imageSetting?: SettingName;
  /** What else can be set of it. */
  readonly settings?: readonly SettingName[];
  /** The runtime itself, where it is one of this computer's. AWS Batch has options and a life of its own. */
  readonly load?: () => Promise<LocalRuntime>;
}

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

/** The registry of runtimes, in the order of `--help`. */
export const runtimes: readonly RuntimeEntry[] = [
  { name: "aws-batch", help: "on AWS Batch", imageSetting: "dockerImage" },
  {
    name: "docker",
    help: "in a Docker or Podman container",
    imageSetting: "dockerImage",
    load: async () => (await import("./docker/index.ts")).docker,
  },
  {
    name: "conda",
    help: "in a dedicated Conda environment",
    settings: [
      "runtimes",
      "condaProgram",
      "condaChannelAlias",
      "condaChannel",
      "condaBasePackage",
      "condaMicromambaUrl",
      "condaSubdir",
    ],
    load: async () => (await import("./conda/index.ts")).conda,
  },
  {
    name: "singularity",
    help: "in a Singularity or Apptainer container",
    imageSetting: "singularityImage",
    settings: ["runtimes"],
    load: async () => (await import("./singularity/index.ts")).singularity,
  },
  {
    name: "ambient",
    help: "with the programs installed on this computer",
    oldName: "native",
    load: async () => (await import("./ambient/index.ts")).ambient,
  },
];

/** The runtime that people mean by a name: old names count, and so do capitals and `_`; undefined where there is none. */
export function findRuntime(given: string): RuntimeEntry | undefined {
  const name = given.toLowerCase().replaceAll("_", "-");
  return runtimes.find((one) => one.name === name || one.oldName === name);
}

/** The runtime of a name, one of this computer's. What only it needs is loaded then. */
export async function loadLocalRuntime(
  name: RuntimeName,
): Promise<{ readonly entry: RuntimeEntry; readonly local: LocalRuntime }> {
  const entry = runtimes.find((one) => one.name === name);
  if (entry?.load === undefined) throw new Error(`${name} is no runtime of this computer`);
  return { entry, local: await entry.load() };
}
