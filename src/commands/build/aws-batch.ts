import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseEncryption } from "../../aws/encryption.ts";
import type { Context } from "../../cli/context.ts";
import { UsageError } from "../../errors.ts";
import type { AwsBatchOptions } from "../../runtimes/aws-batch/options.ts";
import { parsePatience } from "../../runtimes/aws-batch/patience.ts";
import type { BuildRequest } from "../../runtimes/build-request.ts";
import { isGiven, requiredSetting, type SettingsReader, type Sourced } from "../../settings.ts";
import { compilePatterns, type PathMatcher } from "../../workflow/patterns.ts";
import { parseCpus, parseMemory } from "../../workflow/quantity.ts";
import { accountOptions } from "./account-options.ts";
import { fanOutOptions } from "./fan-out.ts";
import { notifyOptions } from "./notify-options.ts";
import type { BuildOptions } from "./options.ts";

/** Resolves what only AWS Batch has to know: each value from option, environment, config file or default. Throws UsageError. */
export async function awsBatchOptions(
  context: Context,
  request: BuildRequest,
  { settings, options }: { readonly settings: SettingsReader; readonly options: BuildOptions },
): Promise<AwsBatchOptions> {
  const { cwd } = context;
  const cpus = settings.get("awsBatchCpus", options.awsBatchCpus);
  const memory = settings.get("awsBatchMemory", options.awsBatchMemory);
  const image = requiredSetting(settings, "dockerImage", options.image);
  // Malformed patterns are to fail before anything is done.
  compilePatterns(options.excludeFromUpload);
  return {
    localAws: options.localAws === true,
    job: requiredSetting(settings, "awsBatchJob", options.awsBatchJob),
    queue: requiredSetting(settings, "awsBatchQueue", options.awsBatchQueue),
    bucket: requiredSetting(settings, "awsBatchS3Bucket", options.awsBatchS3Bucket),
    image: isGiven(image) ? image : undefined,
    cpus: sized(cpus, request.cpus, parseCpus),
    memoryMib: toMib(sized(memory, request.memoryBytes, (text, source) => parseMemory(text, source, "mib"))),
    ...accountOptions(settings, options),
    encryption: parseEncryption(
      settings.get("awsBatchSse", undefined),
      settings.get("awsBatchKmsKeyId", undefined),
    ),
    fanOut: await fanOutOptions(context, options, request.programArguments),
    fanOutRetry: options.fanOutRetry === true,
    attach: options.attach,
    cancel: options.cancel === true,
    detach: options.detach === true,
    detachOnInterrupt: options.detachOnInterrupt === true,
    download: options.download !== false,
    wanted: wantedResults(options),
    excludeFromUpload: options.excludeFromUpload,
    logs: options.logs,
    patience: parsePatience(requiredSetting(settings, "awsBatchPatience", undefined)),
    notify: notifyOptions(settings, options),
    jobInfo: options.jobInfo === undefined ? undefined : await writableFile(cwd, options.jobInfo),
  };
}

/** Which results --download and --exclude-from-download mean; undefined: all. */
function wantedResults({ download, excludeFromDownload }: BuildOptions): PathMatcher | undefined {
  if (!download && excludeFromDownload.length === 0) return undefined;
  const isWanted = download ? compilePatterns(download) : () => true;
  const isExcluded = compilePatterns(excludeFromDownload, { covers: "all" });
  return (path) => isWanted(path) && !isExcluded(path);
}

/** The absolute path of --job-info. Throws UsageError where no file can be written there: better now than with a job out there. */
async function writableFile(cwd: string, file: string): Promise<string> {
  const path = resolve(cwd, file);
  const isDirectory = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  const problem = isDirectory
    ? "it is a directory"
    : await access(dirname(path), constants.W_OK).then(
        () => undefined,
        (error: NodeJS.ErrnoException) =>
          error.code === "ENOENT" ? `there is no directory ${dirname(path)}` : `its directory: ${error.code}`,
      );
  if (problem !== undefined) {
    throw new UsageError(`${path} can't be written (--job-info): ${problem}.`, {
      hint: "Name a file in a directory that you may write to.",
    });
  }
  return path;
}

/**
 * The size of the job: what was given for Batch alone by option, then --cpus or --memory, then Batch's own
 * environment variable or configuration.
 */
function sized(
  own: Sourced<string> | undefined,
  general: number | undefined,
  parse: (text: string, source: string) => number,
): number | undefined {
  const value = own && parse(own.value, own.source);
  return own?.source.startsWith("--") ? value : (general ?? value);
}

function toMib(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : Math.floor(bytes / 1024 ** 2);
}
