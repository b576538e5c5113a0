import { resolve } from "node:path";
import type { Context } from "../../cli/context.ts";
import { shellQuoted } from "../../cli/shell-quoted.ts";
import type { BuildRequest } from "../../runtimes/build-request.ts";
import { loadLocalRuntime } from "../../runtimes/runtime.ts";
import type { RuntimeName } from "../../runtimes/runtime-name.ts";
import { openSettings, requiredSetting, type SettingsReader } from "../../settings.ts";
import { findBuildRoot } from "../../workflow/build-root.ts";
import { parseCpus, parseMemory } from "../../workflow/quantity.ts";
import { awsBatchOptions } from "./aws-batch.ts";
import { checkOptions, checkRuntime, chooseRuntime } from "./check.ts";
import type { BuildOptions } from "./options.ts";

/** What was on the command line. */
export interface BuildInvocation {
  readonly directory: string | undefined;
  readonly programArguments: readonly string[];
  readonly options: BuildOptions;
}

/** Carries out `nextstrain build`; returns the exit status. Throws UsageError and UserError. */
export async function build(context: Context, invocation: BuildInvocation): Promise<number> {
  const { directory, options } = invocation;
  const settings = await openSettings(context);
  const runtime = chooseRuntime(options.runtimes, requiredSetting(settings, "runner", undefined));
  checkRuntime(runtime, options);
  checkOptions(directory, options);
  const request = await requestOf(context, invocation);
  const began = context.now();
  const exitStatus =
    runtime.value === "aws-batch"
      ? await runOnAws(context, settings, { request, options })
      : await runHere(context, settings, { runtime: runtime.value, request, options });
  if (request.place) await tellHowToLook(context, request.place.directory, began);
  return exitStatus;
}

/** Runs a build on AWS Batch. */
async function runOnAws(
  context: Context,
  settings: SettingsReader,
  { request, options }: { readonly request: BuildRequest; readonly options: BuildOptions },
): Promise<number> {
  const awsBatch = await awsBatchOptions(context, request, { settings, options });
  const { runOnAwsBatch } = await import("../../runtimes/aws-batch/index.ts");
  return runOnAwsBatch(context, request, awsBatch);
}

/** Runs a build on this computer. */
async function runHere(
  context: Context,
  settings: SettingsReader,
  {
    runtime,
    request,
    options,
  }: { readonly runtime: RuntimeName; readonly request: BuildRequest; readonly options: BuildOptions },
): Promise<number> {
  const { place } = request;
  if (place === undefined) throw new Error("a build here has no directory");
  const { entry, local } = await loadLocalRuntime(runtime);
  return local.build(context, settings, {
    ...request,
    place,
    image: entry.imageSetting && requiredSetting(settings, entry.imageSetting, options.image),
    dockerArgs: options.dockerArg,
  });
}

/** Says how to look at what the build has brought, and notes it for `nextstrain view last`. */
async function tellHowToLook(context: Context, directory: string, began: number): Promise<void> {
  const { hasNewDatasets, rememberBuild } = await import("../../view/last-build.ts");
  if (!(await hasNewDatasets(directory, began))) return;
  await rememberBuild(context, directory);
  context.io.err(`To look at the results: nextstrain view ${shellQuoted(directory)}`);
}

async function requestOf(
  { cwd }: Context,
  { directory, programArguments, options }: BuildInvocation,
): Promise<BuildRequest> {
  return {
    place: directory === undefined ? undefined : await findBuildRoot(directory, cwd),
    program: options.exec,
    programArguments,
    cpus: options.cpus === undefined ? undefined : parseCpus(options.cpus, "--cpus"),
    memoryBytes: options.memory === undefined ? undefined : parseMemory(options.memory, "--memory"),
    env: options.env,
    envdirs: options.envdir,
    overlays: overlaysOf(options, cwd),
  };
}

/** The overlays given, with absolute paths. */
export function overlaysOf(
  options: Pick<BuildOptions, "augur" | "auspice" | "fauna">,
  cwd: string,
): BuildRequest["overlays"] {
  return (["augur", "auspice", "fauna"] as const).flatMap((name) => {
    const overlay = options[name];
    return overlay === undefined ? [] : [{ name, directory: resolve(cwd, overlay) }];
  });
}
