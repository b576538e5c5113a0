import { type GivenOption, readOptions } from "./snakemake-options.ts";

/** What this program has to tell Snakemake. */
export interface OurArguments {
  /** From `--cpus`. */
  readonly cpus?: number | undefined;
  /** From `--memory`. */
  readonly memoryBytes?: number | undefined;
  /** Whether the job's Snakemake is known to have `--benchmark-extended` (8.11 and later). */
  readonly benchmarkExtended: boolean;
  /** Whether to ask for all cores where neither `cpus` nor the user says how many: Snakemake refuses to run without. */
  readonly defaultCores: boolean;
}

export interface SnakemakeArguments {
  readonly args: string[];
  /** A sentence for each of our options that the user's own arguments overrule. */
  readonly warnings: string[];
}

/**
 * The arguments for Snakemake: the user's, as they are, and ours where the user didn't say the same thing themself.
 *
 * Ours come first, and each is one argument: so they end before any target or bare `--`, and no option of the user's
 * that takes any number of values swallows them, nor the reverse. Only resources are merged into the
 * user's, in place, since Snakemake takes only the last `--resources`.
 *
 * Settings in a Snakemake profile are overruled by ours, as by anything on its command line: warned of where the
 * user asked for ours (`--cpus`, `--memory`), not where all cores are only the default.
 */
export function snakemakeArguments(user: readonly string[], ours: OurArguments): SnakemakeArguments {
  const given = readOptions(user);
  const find = (name: GivenOption["name"]) => given.findLast((option) => option.name === name);
  const cores = find("cores");
  const resources = find("resources");
  const memory =
    ours.memoryBytes === undefined ? undefined : `mem_mb=${Math.floor(ours.memoryBytes / 1024 ** 2)}`;
  const theirMemory = resources?.values.findLast((value) => /^mem(?:_mi?b)?=/.test(value));

  const flags = ["--printshellcmds", "--rerun-incomplete"];
  if (ours.benchmarkExtended) flags.push("--benchmark-extended");
  const addedCores = cores === undefined && ours.cpus !== undefined ? `--cores=${ours.cpus}` : undefined;
  if (addedCores) flags.push(addedCores);
  else if (!cores && ours.defaultCores) flags.push("--cores=all");
  const addedResources =
    resources === undefined && memory !== undefined ? `--resources=${memory}` : undefined;
  if (addedResources) flags.push(addedResources);

  const warnings: string[] = [];
  if (cores && ours.cpus !== undefined && cores.values.join() !== String(ours.cpus)) {
    warnings.push(theirsWin(written(cores), "--cpus", String(ours.cpus)));
  }
  if (resources && memory !== undefined && theirMemory !== undefined && theirMemory !== memory) {
    warnings.push(theirsWin(`${resources.spelling} ${theirMemory}`, "--memory", memory));
  }
  const profile = find("profile")?.values[0];
  if (profile !== undefined && profile !== "none") {
    if (addedCores)
      warnings.push(`${addedCores} (from --cpus) overrules the cores of the profile ${profile}.`);
    if (addedResources) {
      warnings.push(`${addedResources} (from --memory) replaces the resources of the profile ${profile}.`);
    }
  }

  const merging = resources !== undefined && memory !== undefined && theirMemory === undefined;
  return { args: merging ? mergeResource(user, resources, memory, flags) : [...flags, ...user], warnings };
}

function theirsWin(theirs: string, option: string, value: string): string {
  return `Snakemake gets your own ${theirs}, not the ${value} of ${option}, which only sizes the job.`;
}

/** Adds a resource to the user's, which then are arguments of their own; our flags follow, to end the list. */
function mergeResource(
  user: readonly string[],
  { start, end, spelling, values }: GivenOption,
  resource: string,
  flags: readonly string[],
): string[] {
  return [...user.slice(0, start), spelling, ...values, resource, ...flags, ...user.slice(end)];
}

function written({ spelling, values }: GivenOption): string {
  return values.length > 0 ? `${spelling} ${values.join(" ")}` : `${spelling} (all cores)`;
}
