import { UsageError } from "../../errors.ts";
import { findRuntime, runtimes } from "../../runtimes/runtime.ts";
import type { RuntimeName } from "../../runtimes/runtime-name.ts";
import type { Sourced } from "../../settings.ts";
import { awsBatchOnly, type BuildOptions } from "./options.ts";

/**
 * The runtime to use: the flag's, else the configured one. Throws UsageError for several flags, and for a configured
 * name that means nothing.
 */
export function chooseRuntime(
  flags: readonly RuntimeName[],
  configured: Sourced<string>,
): Sourced<RuntimeName> {
  const [flag, ...others] = [...new Set(flags)];
  if (others.length > 0) {
    throw new UsageError(
      `--${flag} and --${others[0]} can't be used together: a build runs in one runtime.`,
      {
        hint: "Leave one of them out.",
      },
    );
  }
  if (flag !== undefined) return { value: flag, source: `--${flag}` };
  const found = findRuntime(configured.value);
  if (found) return { value: found.name, source: configured.source };
  throw new UsageError(`There is no runtime "${configured.value}" (from ${configured.source}).`, {
    hint: `There are ${runtimes.map((runtime) => runtime.name).join(", ")}.`,
  });
}

/** Throws UsageError where an option has no meaning in the runtime. */
export function checkRuntime({ value: runtime, source }: Sourced<RuntimeName>, options: BuildOptions): void {
  if (runtime === "aws-batch") {
    if (options.dockerArg.length > 0) {
      throw new UsageError(`--docker-arg has no meaning with ${source}: AWS starts the container.`, {
        hint: "Leave it out; what containers are given there is in the job definition.",
      });
    }
    return;
  }
  const given = givenOnlyForAwsBatch(options);
  if (given !== undefined) {
    throw new UsageError(
      `${given} works on AWS Batch only, and this build would run with ${runtime} (${from(source)}).`,
      {
        hint: "Did you forget --aws-batch?",
      },
    );
  }
  checkContainerOptions({ value: runtime, source }, options);
}

/** What only runtimes with an image, or docker alone, know. */
type ContainerFlags = Pick<BuildOptions, "image" | "augur" | "auspice" | "fauna" | "dockerArg">;

/** Throws UsageError where an option is about containers, and the runtime, one of this computer's, has none of that kind. */
export function checkContainerOptions(
  { value: runtime, source }: Sourced<RuntimeName>,
  options: ContainerFlags,
): void {
  if (options.dockerArg.length > 0 && runtime !== "docker") {
    throw new UsageError(`--docker-arg has no meaning with ${runtime} (${from(source)}).`, {
      hint: "Leave it out, or use --docker.",
    });
  }
  if (runtimes.find(({ name }) => name === runtime)?.imageSetting) return;
  const [option] = (["image", "augur", "auspice", "fauna"] as const).filter(
    (name) => options[name] !== undefined,
  );
  if (option === undefined) return;
  const replaces =
    option === "image" ? "it has no image" : `it has no image whose ${option} could be replaced`;
  throw new UsageError(`--${option} has no meaning with ${runtime} (${from(source)}): ${replaces}.`, {
    hint:
      option === "image"
        ? "Leave it out, or use --docker, --singularity or --aws-batch."
        : `Leave it out and install your ${option} where ${runtime} finds it, or use --docker, --singularity or --aws-batch.`,
  });
}

function from(source: string): string {
  return source === "the default" ? source : `from ${source}`;
}

/** The first option given that only AWS Batch knows. */
function givenOnlyForAwsBatch(options: BuildOptions): string | undefined {
  for (const [name, flag] of Object.entries(awsBatchOnly) as [keyof typeof awsBatchOnly, string][]) {
    const value = options[name];
    if (name === "logs" ? value === false : Array.isArray(value) ? value.length > 0 : value !== undefined) {
      return name === "download" && value === false ? "--no-download" : flag;
    }
  }
  return undefined;
}

/** Throws UsageError for options that contradict each other, and for a missing directory. */
export function checkOptions(directory: string | undefined, options: BuildOptions): void {
  const { attach, detach, cancel, download } = options;
  if (attach !== undefined && detach) {
    throw new UsageError("--attach and --detach can't be used together.", {
      hint: "To leave a job that you have attached to, press Control-Z.",
    });
  }
  if (detach && (options.notify || options.notifyCommand !== undefined)) {
    throw new UsageError(
      "--notify and --detach can't be used together: the program is gone when the job ends.",
      {
        hint: "Leave --notify out, and run `nextstrain jobs watch --notify` later.",
      },
    );
  }
  if (cancel && attach === undefined) {
    throw new UsageError("--cancel needs --attach, to say which job.", {
      hint: "nextstrain build --aws-batch --attach <job id> --cancel",
    });
  }
  if (download === false && options.excludeFromDownload.length > 0) {
    throw new UsageError("--exclude-from-download and --no-download can't be used together.", {
      hint: "Leave one of them out.",
    });
  }
  if (directory === undefined && (attach === undefined || (download !== false && !cancel))) {
    throw new UsageError("The directory to build is missing.", {
      hint:
        attach === undefined
          ? "Usage: nextstrain build [options] <directory> [snakemake arguments...]"
          : "Name the directory that the results belong in, or add --no-download or --cancel.",
    });
  }
}
