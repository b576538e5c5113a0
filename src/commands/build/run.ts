import { resolve } from "node:path";
import type { Context } from "../../cli/context.ts";
import { shellQuoted } from "../../cli/shell-quoted.ts";
import type { BuildRequest } from "../../runtimes/runtime.ts";
import { openSettings, requiredSetting } from "../../settings.ts";
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
  const awsBatch = await awsBatchOptions(context, request, { settings, options });
  const { runOnAwsBatch } = await import("../../runtimes/aws-batch/index.ts");
  const began = context.now();
  const exitStatus = await runOnAwsBatch(context, request, awsBatch);
  if (request.place) await tellHowToLook(context, request.place.directory, began);
  return exitStatus;
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
    overlays: (["augur", "auspice", "fauna"] as const).flatMap((name) => {
      const overlay = options[name];
      return overlay === undefined ? [] : [{ name, directory: resolve(cwd, overlay) }];
    }),
  };
}
