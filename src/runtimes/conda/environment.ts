import { randomUUID } from "node:crypto";
import { lstat, readdir, rename, rm, stat, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Context } from "../../cli/context.ts";
import { makeDirectory } from "../../cli/make-directory.ts";
import { UserError } from "../../errors.ts";
import { runInForeground } from "../local/foreground.ts";
import { mustSucceed } from "../local/work.ts";
import { isHeld } from "./hold.ts";
import { type CondaPlace, channelUrl, environmentInUse, subdirsOf } from "./place.ts";
import { micromambaRoot, type Solver } from "./solver.ts";

/** Channels of what the base package needs, after its own. */
const CHANNELS = ["conda-forge", "bioconda"];

/** What an environment is to hold. */
export interface Wanted {
  /** A package as conda writes it: `nextstrain-base ==20250101T000000Z`. */
  readonly spec: string;
  readonly subdir: string;
}

/**
 * Makes an environment, and puts it in the place of that in use only once it is whole: whatever interrupts it leaves the
 * old one, or none. (Environments can't be moved: their own path is in their files. So each has a directory of its
 * own, and a link leads to that in use.) To be called under the runtime's lock. Throws UserError, CancelledError.
 */
export async function makeEnvironment(
  context: Context,
  place: CondaPlace,
  solver: Solver,
  wanted: Wanted,
): Promise<void> {
  const environments = environmentsOf(place);
  await makeDirectory(environments);
  await sweepEnvironments(context, place);
  const stamp = new Date(context.now()).toISOString().replace(/[-:]|\..*$/g, "");
  const prefix = join(environments, `${stamp}-${randomUUID().slice(0, 8)}`);
  try {
    const command = createCommand(context, place, solver, wanted, prefix);
    await mustSucceed(
      context,
      command,
      () =>
        new UserError(`The Conda environment could not be made: see above for what ${solver.program} says.`, {
          hint: "Check the network and the disk's space, then try again; what was there before is still in use.",
        }),
    );
    if (!(await stat(join(prefix, "bin", "snakemake")).catch(() => undefined))) {
      throw new UserError(`The package ${wanted.spec} brings no snakemake, which builds run.`, {
        hint: "Check NEXTSTRAIN_CONDA_BASE_PACKAGE and NEXTSTRAIN_CONDA_CHANNEL.",
      });
    }
    await putInPlace(place, environments, prefix);
  } catch (error) {
    await rm(prefix, { recursive: true, force: true });
    throw error;
  }
  await sweepEnvironments(context, place);
  await cleanUp(context, place, solver);
}

function environmentsOf({ directory }: CondaPlace): string {
  return join(directory, "envs");
}

/**
 * Removes environments that nothing leads to, and in which nothing runs any more: those that were replaced, or that a killed
 * program left. To be called under the runtime's lock.
 */
export async function sweepEnvironments({ now }: Pick<Context, "now">, place: CondaPlace): Promise<void> {
  const environments = environmentsOf(place);
  const inUse = await environmentInUse(place);
  for (const name of await readdir(environments).catch(() => [])) {
    const prefix = join(environments, name);
    if (inUse !== undefined && name === basename(inUse)) continue;
    if (!(await isHeld(prefix, now()))) await rm(prefix, { recursive: true, force: true });
  }
}

async function putInPlace({ env }: CondaPlace, environments: string, prefix: string): Promise<void> {
  const link = `${env}.new`;
  await rm(link, { force: true });
  await symlink(join("envs", basename(prefix)), link);
  // The Python program makes a directory here, which no link can take the place of.
  if ((await lstat(env).catch(() => undefined))?.isDirectory()) {
    await rename(env, join(environments, `before-${basename(prefix)}`));
  }
  await rename(link, env);
}

function createCommand(
  context: Context,
  place: CondaPlace,
  solver: Solver,
  { spec, subdir }: Wanted,
  prefix: string,
) {
  const channels = [place.channel, ...CHANNELS.map((name) => channelUrl(name, place.channelAlias))];
  const isForeign = subdir !== subdirsOf(process.platform, process.arch)[0];
  const args = [
    "create",
    "--yes",
    ...["--prefix", prefix],
    ...["--override-channels", "--strict-channel-priority"],
    ...channels.flatMap((channel) => ["--channel", channel]),
    ...(isForeign && solver.kind === "micromamba" ? ["--platform", subdir] : []),
    spec,
  ];
  return {
    program: solver.program,
    args: [...globalArguments(place, solver), ...args],
    env: solverEnvironment(context, place, solver, isForeign ? subdir : undefined),
  };
}

/** Micromamba reads no settings of the user's Conda. */
function globalArguments(place: CondaPlace, { kind }: Solver): string[] {
  return kind === "micromamba" ? ["--root-prefix", micromambaRoot(place), "--no-rc", "--no-env"] : [];
}

/** An environment that is active here, or settings of another Conda, are not to have a say in ours. */
function solverEnvironment(
  context: Context,
  place: CondaPlace,
  { kind }: Solver,
  subdir: string | undefined,
): Record<string, string | undefined> {
  if (kind === "conda") return { ...context.env, ...(subdir ? { CONDA_SUBDIR: subdir } : {}) };
  const kept = Object.entries(context.env).filter(([name]) => !/^(CONDA|MAMBA)_/.test(name));
  return {
    ...Object.fromEntries(kept),
    // For those that micromamba itself starts.
    MAMBA_ROOT_PREFIX: micromambaRoot(place),
    MAMBA_NO_RC: "true",
    // Its caches are in the home directory, whatever the root.
    HOME: place.directory,
  };
}

/** Removes packages that were fetched and are installed now; not worth failing for. */
async function cleanUp(context: Context, place: CondaPlace, solver: Solver): Promise<void> {
  if (!solver.own) return;
  await runInForeground(context, {
    program: solver.program,
    args: [...globalArguments(place, solver), "clean", "--all", "--yes"],
    env: solverEnvironment(context, place, solver, undefined),
  });
}
