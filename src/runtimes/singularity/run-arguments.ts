import { UsageError } from "../../errors.ts";
import type { Variables } from "../../workflow/envdir.ts";
import type { Mount } from "../local/mounts.ts";
import { type Engine, hasNoEval } from "./engine.ts";

/** A container that is to be run and forgotten. */
export interface ContainerRun {
  /** Absolute path of the image's file. */
  readonly image: string;
  readonly command: readonly string[];
  /** Absolute path in the container. */
  readonly directory: string;
  readonly mounts: readonly Mount[];
}

/**
 * The arguments of `singularity run`: as near to Docker as can be. Nothing of this computer but the mounts is seen, the
 * image can be written to, and what is written is forgotten. Throws UsageError for a directory that can't be named there.
 */
export function runArguments(engine: Engine, { image, command, directory, mounts }: ContainerRun): string[] {
  return [
    ...["run", "--contain", "--cleanenv", "--writable-tmpfs"],
    // HOME is the image's own: no home of this computer, and none mounted over the image's.
    ...["--no-home", "--home", ":"],
    // Else what looks like a variable in the arguments would be taken for one before the program is started.
    ...(hasNoEval(engine) ? ["--no-eval"] : []),
    ...mounts.flatMap(({ source, target }) => ["--bind", bindOf(source, target)]),
    ...["--pwd", directory],
    image,
    ...command,
  ];
}

function bindOf(source: string, target: string): string {
  // --bind is a record of CSV, of which each field is divided at its colons.
  if (/[:,\\"\r\n]/.test(source)) {
    throw new UsageError(
      `Singularity can't take a directory with a colon, comma, quote or backslash in its path: ${source}`,
      {
        hint: "Move it, or name it by a link without those.",
      },
    );
  }
  return `${source}:${target}:rw`;
}

/**
 * The environment in which the engine is run: that of this program, and the container's variables, whose names have a
 * prefix. (It takes no env.d: of the old versions that clusters have, not all can mount it.)
 */
export function engineEnvironment(
  engine: Engine,
  env: Readonly<Record<string, string | undefined>>,
  {
    variables,
    promptCommand = "unset PROMPT_COMMAND",
    cache,
  }: { readonly variables: Variables; readonly promptCommand?: string | undefined; readonly cache: string },
): Record<string, string | undefined> {
  const prefix = engine.kind === "apptainer" ? "APPTAINER" : "SINGULARITY";
  // Of the user's own such variables, the container is to see none: it gets what a job on AWS Batch gets.
  const inherited = Object.entries(env).filter(([name]) => !/^(SINGULARITY|APPTAINER)ENV_/.test(name));
  const given = [...variables].flatMap(([name, value]) =>
    value === null ? [] : [[`${prefix}ENV_${name}`, value] as const],
  );
  return {
    ...Object.fromEntries(inherited),
    [`${prefix}_CACHEDIR`]: cache,
    // Where images are pulled from Docker Hub, its own name would be the prompt: it adds that to what is run first.
    [`${prefix}ENV_PROMPT_COMMAND`]: `${promptCommand}; #`,
    ...Object.fromEntries(given),
  };
}
