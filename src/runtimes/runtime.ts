import type { SettingName } from "../settings.ts";
import type { LocalRuntime } from "./local-runtime.ts";
import type { RuntimeName } from "./runtime-name.ts";

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
