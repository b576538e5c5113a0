import { join } from "node:path";
import type { Finding } from "../../checks/finding.ts";
import type { Context } from "../../cli/context.ts";
import { requiredSetting, type SettingsReader } from "../../settings.ts";
import { containerDirectory } from "../../workflow/build-root.ts";
import { isDated, parseImage, supportsBenchmarkExtended } from "../../workflow/image.ts";
import type { LocalBuildRequest } from "../build-request.ts";
import { commandLine } from "../command-line.ts";
import { describeAge } from "../local/age.ts";
import { ask } from "../local/ask.ts";
import { runtimeDirectory } from "../local/directory.ts";
import { buildVariables } from "../local/environment.ts";
import { runInForeground } from "../local/foreground.ts";
import { warnOfLimits } from "../local/limits.ts";
import { buildMounts } from "../local/mounts.ts";
import { newestBuild, noteImage } from "../local/newest-build.ts";
import { promptCommand } from "../local/shell.ts";
import { checkSpace } from "../local/space.ts";
import type { LocalRuntime, SetupOptions } from "../local-runtime.ts";
import { type Engine, findEngine, INSTALL, lookForEngine } from "./engine.ts";
import { type Image, imageOf, madeAt, makeImage, removeImage } from "./images.ts";
import { engineEnvironment, runArguments } from "./run-arguments.ts";

/** What an image takes while it is fetched and converted, in bytes, about. */
const IMAGE_SPACE = 2 * 1024 ** 3;
const RUN_LIMIT = 60_000;
/** Its own limits take control groups that most clusters don't hand out, and where they don't, nothing runs. */
const NO_LIMITS = { cpus: false, memory: false };

/** The singularity runtime: the images of the docker runtime, converted, in Singularity or Apptainer. */
export const singularity: LocalRuntime = {
  build: (context, settings, request) => run(context, settings, request),
  shell: (context, settings, request) => run(context, settings, request, promptCommand("singularity")),
  setUp,
  update,
  check,
  versions,
};

const directoryOf = (context: Context, settings: SettingsReader) =>
  runtimeDirectory(context, settings, "singularity");

function ownImage(context: Context, settings: SettingsReader): Image {
  const image = requiredSetting(settings, "singularityImage", undefined);
  return imageOf(context, directoryOf(context, settings), image);
}

async function run(
  context: Context,
  settings: SettingsReader,
  request: LocalBuildRequest,
  atPrompt?: string,
): Promise<number> {
  if (request.image === undefined) throw new Error("a build in a container has no image");
  const directory = directoryOf(context, settings);
  const image = imageOf(context, directory, request.image);
  const [{ variables }, mounts] = await Promise.all([buildVariables(context, request), buildMounts(request)]);
  const engine = await findEngine(context);
  warnOfLimits(context.io, { kind: engine.kind, limits: NO_LIMITS }, request);
  if ((await madeAt(image)) === undefined) {
    context.io.out(`Fetching the image ${image.name}`);
    await makeImage(context, engine, directory, image);
  }
  const args = runArguments(engine, {
    image: image.file,
    command: commandLine(context, request, {
      benchmarkExtended: supportsBenchmarkExtended(image.dockerName),
    }),
    directory: containerDirectory(request.place),
    mounts,
  });
  const env = engineEnvironment(engine, context.env, {
    variables,
    promptCommand: atPrompt,
    cache: join(directory, "cache"),
  });
  return runInForeground(context, { program: engine.program, args, env });
}

async function setUp(
  context: Context,
  settings: SettingsReader,
  { dryRun, force }: SetupOptions,
): Promise<void> {
  const { io } = context;
  const engine = await findEngine(context);
  io.out(`Using ${engine.kind} ${engine.version} (${engine.program})`);
  const image = ownImage(context, settings);
  if ((await madeAt(image)) !== undefined && !force) {
    io.out(`The image ${image.name} is here already: ${image.file}`);
    return;
  }
  if (dryRun) io.out(`Would fetch the image ${image.name} to ${image.file}`);
  else await fetchImage(context, settings, engine, image);
}

async function update(context: Context, settings: SettingsReader): Promise<void> {
  const engine = await findEngine(context);
  const configured = requiredSetting(settings, "singularityImage", undefined);
  const directory = directoryOf(context, settings);
  const newest = await newestBuild(context, configured.value);
  const image = imageOf(context, directory, { ...configured, value: newest });
  // An image of one build is the same for ever, and to convert it takes minutes.
  const isFinal = isDated(parseImage(image.dockerName).tag) && (await madeAt(image)) !== undefined;
  if (isFinal) context.io.out(`The image ${image.name} is the newest already: ${image.file}`);
  else await fetchImage(context, settings, engine, image);
  if (await noteImage(context, "singularity", configured, newest)) {
    await removeImage(context, imageOf(context, directory, configured));
  }
}

async function fetchImage(
  context: Context,
  settings: SettingsReader,
  engine: Engine,
  image: Image,
): Promise<void> {
  context.io.out(`Fetching the image ${image.name}`);
  await makeImage(context, engine, directoryOf(context, settings), image);
  context.io.out(`It is in ${image.file}`);
}

async function check(context: Context, settings: SettingsReader): Promise<Finding[]> {
  const seen = await lookForEngine(context);
  if (seen.kind !== "works") {
    const says =
      seen.kind === "absent"
        ? "Neither Singularity nor Apptainer is installed here."
        : `${seen.program} does not work: ${seen.reason}.`;
    return [{ id: "singularity.engine", mark: "wrong", says, mend: INSTALL }];
  }
  const { engine } = seen;
  const directory = directoryOf(context, settings);
  return [
    {
      id: "singularity.engine",
      mark: "ok",
      says: `${engine.kind} ${engine.version} is here (${engine.program}).`,
    },
    ...(await checkImage(context, engine, directory, ownImage(context, settings))),
    await checkSpace({ id: "singularity.disk", directory, needs: IMAGE_SPACE, what: "images" }),
  ];
}

async function checkImage(
  context: Context,
  engine: Engine,
  directory: string,
  image: Image,
): Promise<Finding[]> {
  const made = await madeAt(image);
  if (made === undefined) {
    return [
      {
        id: "singularity.image",
        mark: image.source === undefined ? "wrong" : "caution",
        says: `The image ${image.name} is not here yet (${image.file}).`,
        mend: "nextstrain setup singularity",
      },
    ];
  }
  const age = describeAge(made, context.now());
  const args = runArguments(engine, { image: image.file, command: ["true"], directory: "/", mounts: [] });
  const env = engineEnvironment(engine, context.env, {
    variables: new Map(),
    cache: join(directory, "cache"),
  });
  const answer = await ask(context, { program: engine.program, args, env }, RUN_LIMIT);
  return [
    {
      id: "singularity.image",
      mark: age.old ? "caution" : "ok",
      says: `The image ${image.name} is here (${age.text}): ${image.file}.`,
      ...(age.old ? { mend: "nextstrain update singularity" } : {}),
    },
    answer.ok
      ? { id: "singularity.run", mark: "ok", says: `${engine.kind} can run it.` }
      : {
          id: "singularity.run",
          mark: "wrong",
          says: `${engine.kind} can't run it: ${answer.reason}.`,
          mend: `Try \`${engine.kind} run ${image.file} true\`, and mend what it says.`,
        },
  ];
}

async function versions(
  context: Context,
  settings: SettingsReader,
): Promise<readonly (readonly [string, string])[]> {
  const seen = await lookForEngine(context);
  const engine =
    seen.kind === "works"
      ? ([seen.engine.kind, `${seen.engine.version}, ${seen.engine.program}`] as const)
      : (["singularity", seen.kind === "absent" ? "not installed" : seen.reason] as const);
  const image = ownImage(context, settings);
  const made = await madeAt(image);
  const state = made === undefined ? "not fetched yet" : describeAge(made, context.now()).text;
  return [engine, ["image", `${image.name}: ${state}, ${image.file}`]];
}
