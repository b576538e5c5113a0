import { text } from "node:stream/consumers";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { lockRuntime } from "../local/directory.ts";
import { readUrl } from "../local/download.ts";
import type { SetupOptions } from "../local-runtime.ts";
import { makeEnvironment, sweepEnvironments, type Wanted } from "./environment.ts";
import { type CondaPlace, environmentInUse, installedPackage } from "./place.ts";
import { newestVersion } from "./repodata.ts";
import { fetchMicromamba, givenSolver, micromambaUrl, ownSolver } from "./solver.ts";

/** Makes the environment where there is none, or where it is to be made anew. Throws UserError, CancelledError. */
export async function setUpConda(
  context: Context,
  place: CondaPlace,
  { dryRun, force }: SetupOptions,
): Promise<void> {
  const { io } = context;
  refusePasswords(place);
  const before = await environmentInUse(place);
  if (before !== undefined && !force) {
    io.out(`The environment is here already: ${before}`);
    io.out("`nextstrain update conda` fetches newer packages; --force makes it anew.");
    return;
  }
  if (place.directory.includes(" ")) {
    throw new UserError(`Conda packages can't be installed in a directory with a blank: ${place.directory}`, {
      hint: "Set NEXTSTRAIN_RUNTIMES to a directory without one.",
    });
  }
  if (dryRun) {
    const given = await givenSolver(context, place);
    const [subdir] = place.subdirs;
    if (given) io.out(`Would use ${given.program}.`);
    else if (force || !(await ownSolver(place)))
      io.out(`Would fetch micromamba from ${micromambaUrl(place, subdir)}`);
    io.out(`Would install ${place.basePackage} from ${place.channel} in ${place.env}`);
    return;
  }
  await install(context, place, await findNewest(context, place), { freshSolver: force });
}

/** A solver is told of channels on its command line, which everybody on the computer can read, and messages name them. */
function refusePasswords({ channel, channelAlias, micromambaUrl }: CondaPlace): void {
  for (const url of [channel, channelAlias, micromambaUrl.value]) {
    if (!URL.canParse(url) || new URL(url).password === "") continue;
    throw new UserError(
      `The address of ${new URL(url).host} in the conda runtime's settings has a password in it.`,
      {
        hint: "Others could read it while the environment is made. Use a channel, or a mirror of one, that needs none.",
      },
    );
  }
}

/** Makes an environment of the newest packages, where that in use isn't. Throws UserError, CancelledError. */
export async function updateConda(context: Context, place: CondaPlace): Promise<void> {
  refusePasswords(place);
  const prefix = await environmentInUse(place);
  if (prefix === undefined) {
    throw new UserError("The conda runtime is not set up, so there is nothing to update.", {
      hint: "Run `nextstrain setup conda`.",
    });
  }
  const wanted = await findNewest(context, place);
  const [name = ""] = place.basePackage.split(" ");
  const before = await installedPackage(prefix, name);
  if (wanted.version !== undefined && before?.version === wanted.version) {
    context.io.out(`${name} ${before.version} is the newest already.`);
    // A build may have kept an older one from being taken away.
    await using _ = await lockRuntime(place.directory);
    await sweepEnvironments(context, place);
    return;
  }
  await install(context, place, wanted, { freshSolver: false });
}

type Newest = Wanted & {
  /** Undefined where the user said which. */
  readonly version: string | undefined;
};

/** What the base package is to be: its newest version, for the best platform that has one. */
async function findNewest(context: Context, place: CondaPlace): Promise<Newest> {
  const { basePackage, channel, subdirs } = place;
  // With a version of the user's own there is nothing to look up.
  if (basePackage.includes(" ")) return { spec: basePackage, subdir: subdirs[0], version: undefined };
  for (const subdir of subdirs) {
    const repodata = await readUrl(context, `${channel}/${subdir}/repodata.json`, (body) => text(body));
    const version = newestVersion(repodata, basePackage);
    if (version !== undefined) return { spec: `${basePackage} ==${version}`, subdir, version };
  }
  throw new UserError(`The channel ${channel} has no package ${basePackage} for ${subdirs.join(" or ")}.`, {
    hint: "Use another runtime: `nextstrain check-setup` shows what works here.",
  });
}

async function install(
  context: Context,
  place: CondaPlace,
  wanted: Wanted,
  { freshSolver }: { readonly freshSolver: boolean },
): Promise<void> {
  const { io } = context;
  await using _ = await lockRuntime(place.directory);
  const found = (await givenSolver(context, place)) ?? (freshSolver ? undefined : await ownSolver(place));
  if (found) io.out(`Using ${found.program}`);
  else io.out(`Fetching micromamba from ${micromambaUrl(place, wanted.subdir)}`);
  const solver = found ?? (await fetchMicromamba(context, place, wanted.subdir));
  io.out(`Installing ${wanted.spec} from ${place.channel}`);
  await makeEnvironment(context, place, solver, wanted);
  io.out(`The environment is in ${await environmentInUse(place)}`);
}
