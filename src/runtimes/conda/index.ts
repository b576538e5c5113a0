import type { Finding } from "../../checks/finding.ts";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import type { SettingsReader } from "../../settings.ts";
import type { Variables } from "../../workflow/envdir.ts";
import type { LocalBuildRequest } from "../build-request.ts";
import { commandLine } from "../command-line.ts";
import { describeAge } from "../local/age.ts";
import { ask } from "../local/ask.ts";
import { buildVariables, hostEnvironment } from "../local/environment.ts";
import { runInForeground } from "../local/foreground.ts";
import { promptOf } from "../local/shell.ts";
import { hasBenchmarkExtended } from "../local/snakemake.ts";
import { checkSpace } from "../local/space.ts";
import type { LocalRuntime } from "../local-runtime.ts";
import { type HeldEnvironment, holdEnvironment } from "./hold.ts";
import { type CondaPlace, condaPlace, environmentInUse, installedPackage } from "./place.ts";
import { setUpConda, updateConda } from "./set-up.ts";

/** What an environment takes on disk while it is made, in bytes, about. */
const ENVIRONMENT_SPACE = 3 * 1024 ** 3;

/** The conda runtime: an environment of its own, apart from any Conda of the user's. */
export const conda: LocalRuntime = {
  build: run,
  shell,
  setUp: (context, settings, options) => setUpConda(context, condaPlace(context, settings), options),
  update: (context, settings) => updateConda(context, condaPlace(context, settings)),
  check,
  versions,
};

async function run(context: Context, settings: SettingsReader, request: LocalBuildRequest): Promise<number> {
  await using prepared = await prepare(context, settings, request);
  const { prefix, env } = prepared;
  const version = await snakemakeIn(prefix);
  const [program, ...args] = commandLine(context, request, {
    benchmarkExtended: version !== undefined && hasBenchmarkExtended(version),
  });
  return await runInForeground(context, { program, args, env, cwd: request.place.directory });
}

/** The user's own start-up files are left out: those of people who have Conda put its programs first on the PATH. */
async function shell(
  context: Context,
  settings: SettingsReader,
  request: LocalBuildRequest,
): Promise<number> {
  await using prepared = await prepare(context, settings, request);
  return await runInForeground(context, {
    program: request.program,
    args: ["--norc", "--noprofile", ...request.programArguments],
    env: { ...prepared.env, PS1: promptOf("conda") },
    cwd: request.place.directory,
  });
}

async function prepare(
  context: Context,
  settings: SettingsReader,
  request: LocalBuildRequest,
): Promise<HeldEnvironment & { readonly env: Record<string, string | undefined> }> {
  const place = condaPlace(context, settings);
  const { variables } = await buildVariables(context, request);
  const held = await holdEnvironment(place);
  if (held === undefined) {
    throw new UserError(`The conda runtime is not set up: there is no environment ${place.env}.`, {
      hint: "Run `nextstrain setup conda`. `nextstrain check-setup` shows what else works here.",
    });
  }
  const { directory } = request.place;
  return { ...held, env: environmentOf(context, place, { prefix: held.prefix, variables, directory }) };
}

/** The environment's programs, then the system's, and nothing of what else the user has on the PATH or in Python. */
function environmentOf(
  context: Context,
  place: CondaPlace,
  what: { readonly prefix: string; readonly variables: Variables; readonly directory: string },
): Record<string, string | undefined> {
  const { prefix, variables, directory } = what;
  const host = Object.entries(hostEnvironment(context, variables, directory)).filter(
    ([name]) => !/^(CONDA|MAMBA)_/.test(name) && name !== "PYTHONHOME" && name !== "PYTHONPATH",
  );
  return {
    ...Object.fromEntries(host),
    PATH: `${prefix}/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    CONDA_PREFIX: prefix,
    PYTHONNOUSERSITE: "1",
    PYTHONUSERBASE: `${place.directory}/python-user-base`,
  };
}

async function snakemakeIn(prefix: string): Promise<string | undefined> {
  const found =
    (await installedPackage(prefix, "snakemake-minimal")) ?? (await installedPackage(prefix, "snakemake"));
  return found?.version;
}

async function check(context: Context, settings: SettingsReader): Promise<Finding[]> {
  let place: CondaPlace;
  try {
    place = condaPlace(context, settings);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [{ id: "conda.platform", mark: "wrong", says: error.message, mend: error.hint ?? "" }];
  }
  const { directory } = place;
  if (directory.includes(" ")) {
    return [
      {
        id: "conda.directory",
        mark: "wrong",
        says: `There is a blank in ${directory}, which Conda packages can't do with.`,
        mend: "Set NEXTSTRAIN_RUNTIMES to a directory without one.",
      },
    ];
  }
  return [
    ...(await checkEnvironment(context, place)),
    await checkSpace({ id: "conda.disk", directory, needs: ENVIRONMENT_SPACE, what: "environments" }),
  ];
}

async function checkEnvironment(context: Context, place: CondaPlace): Promise<Finding[]> {
  const prefix = await environmentInUse(place);
  if (prefix === undefined) {
    return [
      {
        id: "conda.environment",
        mark: "wrong",
        says: `The environment is not there yet (${place.env}).`,
        mend: "nextstrain setup conda",
      },
    ];
  }
  const [name = ""] = place.basePackage.split(" ");
  const base = await installedPackage(prefix, name);
  const age = base && describeAge(base.installedAt, context.now());
  const env = environmentOf(context, place, { prefix, variables: new Map(), directory: prefix });
  const snakemake = await ask(context, { program: `${prefix}/bin/snakemake`, args: ["--version"], env });
  return [
    {
      id: "conda.environment",
      mark: age?.old ? "caution" : "ok",
      says: `The environment is here${base && age ? `, with ${name} ${base.version} (${age.text})` : ""}: ${prefix}.`,
      ...(age?.old ? { mend: "nextstrain update conda" } : {}),
    },
    snakemake.ok
      ? { id: "conda.snakemake", mark: "ok", says: `Its Snakemake ${snakemake.out.trim()} works.` }
      : {
          id: "conda.snakemake",
          mark: "wrong",
          says: `Its Snakemake does not work: ${snakemake.reason}.`,
          mend: "nextstrain setup --force conda",
        },
  ];
}

async function versions(
  context: Context,
  settings: SettingsReader,
): Promise<readonly (readonly [string, string])[]> {
  const place = condaPlace(context, settings);
  const prefix = await environmentInUse(place);
  if (prefix === undefined) return [["environment", `${place.env}: not set up`]];
  const names = [place.basePackage.split(" ")[0] ?? "", "snakemake-minimal", "snakemake", "augur", "auspice"];
  const packages = await Promise.all(
    names.map(async (name) => [name, await installedPackage(prefix, name)] as const),
  );
  return [
    ["environment", prefix],
    ...packages.flatMap(([name, found]) =>
      found ? [[name, `${found.version} (${found.build}, ${found.channel})`] as const] : [],
    ),
  ];
}
