import type { Context } from "../../cli/context.ts";
import { requiredSetting, type SettingsReader, type Sourced } from "../../settings.ts";
import { containerDirectory } from "../../workflow/build-root.ts";
import { supportsBenchmarkExtended } from "../../workflow/image.ts";
import type { LocalBuildRequest } from "../build-request.ts";
import { commandLine } from "../command-line.ts";
import { describeAge } from "../local/age.ts";
import { writeEnvd } from "../local/envd-directory.ts";
import { buildVariables } from "../local/environment.ts";
import { runInForeground } from "../local/foreground.ts";
import { requireEnvd } from "../local/images.ts";
import { warnOfLimits } from "../local/limits.ts";
import { buildMounts } from "../local/mounts.ts";
import { newestBuild, noteImage } from "../local/newest-build.ts";
import { makeScratch, type Scratch } from "../local/scratch.ts";
import { promptCommand } from "../local/shell.ts";
import { callingUser } from "../local/user.ts";
import type { LocalRuntime, SetupOptions } from "../local-runtime.ts";
import { checkDocker } from "./checks.ts";
import { type Engine, findEngine, lookForEngines, sayBroken } from "./engine.ts";
import { findImage, nameFor, pullImage, removeReplaced, removeSuperseded } from "./images.ts";
import { programVersions } from "./programs.ts";
import { runArguments } from "./run-arguments.ts";

/** The docker runtime: a container of Docker or Podman, whichever works here. */
export const docker: LocalRuntime = {
  build: (context, _settings, request) => run(context, request),
  shell: (context, _settings, request) => run(context, request, promptCommand("docker")),
  setUp,
  update,
  check: (context, settings) => checkDocker(context, imageOf(settings)),
  versions,
};

function imageOf(settings: SettingsReader): Sourced<string> {
  return requiredSetting(settings, "dockerImage", undefined);
}

async function run(context: Context, request: LocalBuildRequest, atPrompt?: string): Promise<number> {
  const { io } = context;
  if (request.image === undefined) throw new Error("a build in a container has no image");
  const image = request.image;
  const [{ variables, warnings }, mounts] = await Promise.all([
    buildVariables(context, request),
    buildMounts(request),
  ]);
  for (const warning of warnings) io.warn(warning);
  requireEnvd(image, variables);
  const engine = await findEngine(context);
  warnOfLimits(io, engine, request);
  await using envd = await writeEnvd(context, variables);
  const args = runArguments(engine, {
    image: await nameFor(context, engine, image.value),
    command: commandLine(context, request, { benchmarkExtended: supportsBenchmarkExtended(image.value) }),
    directory: containerDirectory(request.place),
    mounts,
    envd: envd.path,
    promptCommand: atPrompt,
    cpus: request.cpus,
    memoryBytes: request.memoryBytes,
    // A terminal in the container has one stream for output and errors: not where the user keeps them apart.
    tty: io.inIsTerminal && io.outIsTerminal && io.errIsTerminal,
    user: callingUser(),
    extra: request.dockerArgs,
  });
  await using scratch = await scratchFor(context, engine, request);
  const cwd = scratch?.path;
  const status = await runInForeground(context, { program: engine.program, args, env: context.env, cwd });
  const explained = explainStatus(status, engine, request);
  if (explained) io.err(explained);
  return status;
}

/**
 * Where the engine's program is to run, if not where this one does: where memory runs out, Podman's monitor (conmon 2.1)
 * leaves an empty file `oom` in its working directory. What the user gives it themself may have paths that begin here.
 */
async function scratchFor(
  context: Context,
  { kind }: Engine,
  { dockerArgs }: LocalBuildRequest,
): Promise<Scratch | undefined> {
  if (kind !== "podman" || dockerArgs.length > 0) return undefined;
  // Where there is no place for it, such as on a full disk, the build is worth more than a tidy directory.
  return await makeScratch(context, "podman").catch(() => undefined);
}

/**
 * What exit statuses say that are not the program's own (`docker run --help`: 125 is the engine's failure, 127 a missing program;
 * 137 is 128 and SIGKILL).
 */
function explainStatus(
  status: number,
  { kind }: Engine,
  { program, image }: LocalBuildRequest,
): string | undefined {
  if (status === 125) {
    return `Exit status 125 says that ${kind} could not run the container: see above. \`nextstrain check-setup docker\` shows what works here.`;
  }
  if (status === 137) {
    return "Exit status 137 says that the program was killed, as it is when memory runs out. Try more of it (--memory; where containers have no more, more for all of them), or fewer rules at a time (--cpus).";
  }
  if (status !== 127) return undefined;
  return `Exit status 127 says that a program was not found in the container: see above for which; ${program}, or one that it runs. The image was ${image?.value} (from ${image?.source}).`;
}

async function setUp(
  context: Context,
  settings: SettingsReader,
  { dryRun, force }: SetupOptions,
): Promise<void> {
  const { io } = context;
  const engine = await findEngine(context);
  io.out(`Using ${engine.kind} ${engine.version} (${engine.program})`);
  const image = await nameFor(context, engine, imageOf(settings).value);
  const found = await findImage(context, engine, image);
  if (found && !force) {
    io.out(`The image ${image} is here already; \`nextstrain update docker\` fetches a newer one.`);
    return;
  }
  if (dryRun) io.out(`Would fetch the image ${image}.`);
  else {
    io.out(`Fetching the image ${image}`);
    await pullImage(context, engine, image);
  }
}

async function update(context: Context, settings: SettingsReader): Promise<void> {
  const { io } = context;
  const engine = await findEngine(context);
  const configured = imageOf(settings);
  const newest = await newestBuild(context, configured.value);
  const image = await nameFor(context, engine, newest);
  const before = await findImage(context, engine, image);
  io.out(`Fetching the image ${image}`);
  await pullImage(context, engine, image);
  if (await noteImage(context, "docker", configured, newest)) {
    await removeReplaced(context, engine, await nameFor(context, engine, configured.value));
  }
  const after = await findImage(context, engine, image);
  if (before && after && before.id !== after.id) await removeSuperseded(context, engine, before.id);
  const made = after?.createdAt === undefined ? "" : ` (${describeAge(after.createdAt, context.now()).text})`;
  io.out(before?.id === after?.id ? `It is the newest already${made}.` : `Updated${made}.`);
}

async function versions(
  context: Context,
  settings: SettingsReader,
): Promise<readonly (readonly [string, string])[]> {
  const seen = await lookForEngines(context);
  const engines = seen.map((one): readonly [string, string] =>
    one.kind === "works"
      ? [one.engine.kind, `${one.engine.version}, ${one.engine.program}`]
      : [one.name, one.kind === "absent" ? "not installed" : sayBroken(one)],
  );
  const engine = seen.flatMap((one) => (one.kind === "works" ? [one.engine] : []))[0];
  if (engine === undefined) return engines;
  const { value, source } = imageOf(settings);
  const image = await nameFor(context, engine, value);
  const found = await findImage(context, engine, image);
  if (found === undefined) return [...engines, ["image", `${image} (${source}): not fetched yet`]];
  const made = found.createdAt === undefined ? "" : `, ${describeAge(found.createdAt, context.now()).text}`;
  const programs = await programVersions(context, engine, image);
  return [...engines, ["image", `${image} (${source})${made}`], ...programs];
}
