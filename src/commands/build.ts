import { Command, Option } from "commander";
import type { Context } from "../cli/context.ts";
import type { Outcome } from "../cli/program.ts";
import { UsageError } from "../errors.ts";
import type { AwsBatchOptions } from "../runtimes/aws-batch/options.ts";
import type { BuildRequest } from "../runtimes/runtime.ts";
import {
  openSettings,
  type Setting,
  type SettingName,
  type SettingsReader,
  type Sourced,
  settings,
} from "../settings.ts";

/** The options of `nextstrain build` as parsed. */
interface BuildOptions {
  readonly awsBatch?: true;
  readonly localAws?: true;
  readonly cpus?: string;
  readonly memory?: string;
  readonly env: readonly string[];
  readonly envdir: readonly string[];
  readonly exec: string;
  readonly awsBatchJob?: string;
  readonly awsBatchQueue?: string;
  readonly awsBatchS3Bucket?: string;
  readonly awsBatchCpus?: string;
  readonly awsBatchMemory?: string;
  readonly attach?: string;
  readonly detach: boolean;
  readonly detachOnInterrupt: boolean;
  readonly download: boolean;
  readonly logs: boolean;
}

export function buildCommand(context: Context, outcome: Outcome): Command {
  const command = new Command("build")
    .summary("run a workflow")
    .description(
      "Runs the workflow in a directory: ships it, runs Snakemake there, shows its log, and brings the results back.",
    )
    .usage("[options] <directory> [snakemake arguments...]")
    .argument("[directory]", "directory with a Snakefile")
    .argument("[snakemake-arguments...]", "passed to Snakemake as they are")
    .passThroughOptions();

  command
    .optionsGroup("Runtime:")
    .option("--aws-batch", "run on AWS Batch")
    .option("--local-aws", "with --aws-batch: on the stand-in for AWS on this computer; needs no account");

  command
    .optionsGroup("Resources and environment:")
    .option(
      "--cpus <count>",
      "CPU cores for the job and for Snakemake (default: the job definition's, all of them)",
    )
    .option("--memory <quantity>", "memory for the job and for Snakemake, such as 14gib or 7400mib")
    .option(
      "--env <name[=value]>",
      "pass this variable instead of the well-known ones; may be repeated",
      collect,
      [],
    )
    .option("--envdir <directory>", "pass the variables in this envdir instead; may be repeated", collect, [])
    .option("--exec <program>", "run this program instead of Snakemake", "snakemake");

  command.optionsGroup("AWS Batch:");
  for (const setting of Object.values<Setting>(settings)) command.addOption(settingOption(setting));
  command
    .option("--detach", "leave once the job is submitted", false)
    .option("--detach-on-interrupt", "Control-C detaches instead of cancelling the job", false)
    .option("--attach <job-id>", "take up a job submitted before, in place of submitting one")
    .option("--no-download", "leave the results on AWS")
    .option("--no-logs", "don't show the job's log");

  command.addHelpText("after", EXAMPLES);
  return command.action(
    async (directory: string | undefined, programArguments: string[], options: BuildOptions) => {
      outcome.exitStatus = await build(context, directory, programArguments, options);
    },
  );
}

const EXAMPLES = `
Examples:
  nextstrain build --aws-batch zika-tutorial/
  nextstrain build --aws-batch --cpus 8 --memory 14gib zika-tutorial/
  nextstrain build --aws-batch --local-aws examples/outbreak/
  nextstrain build --aws-batch --attach <job id> zika-tutorial/

While the job runs, Control-C twice cancels it, and Control-Z detaches from it.`;

function settingOption({ option, placeholder, help, environment, default: fallback }: Setting): Option {
  const value = fallback ?? "the job definition's";
  return new Option(`--${option} ${placeholder}`, `${help} (default: ${environment}, config file, ${value})`);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function build(
  context: Context,
  directory: string | undefined,
  programArguments: readonly string[],
  options: BuildOptions,
): Promise<number> {
  checkOptions(directory, options);
  const [settingsReader, { findBuildRoot }, { parseCpus, parseMemory }] = await Promise.all([
    openSettings(context),
    import("../workflow/build-root.ts"),
    import("../workflow/quantity.ts"),
  ]);
  const request: BuildRequest = {
    place: directory === undefined ? undefined : await findBuildRoot(directory, context.cwd),
    program: options.exec,
    programArguments,
    cpus: options.cpus === undefined ? undefined : parseCpus(options.cpus, "--cpus"),
    memoryBytes: options.memory === undefined ? undefined : parseMemory(options.memory, "--memory"),
    env: options.env,
    envdirs: options.envdir,
  };
  const cpus = settingsReader.get("awsBatchCpus", options.awsBatchCpus);
  const memory = settingsReader.get("awsBatchMemory", options.awsBatchMemory);
  const awsBatch: AwsBatchOptions = {
    localAws: options.localAws === true,
    job: required(settingsReader, "awsBatchJob", options.awsBatchJob),
    queue: required(settingsReader, "awsBatchQueue", options.awsBatchQueue),
    bucket: required(settingsReader, "awsBatchS3Bucket", options.awsBatchS3Bucket),
    cpus: sized(cpus, request.cpus, parseCpus),
    memoryMib: toMib(sized(memory, request.memoryBytes, (text, source) => parseMemory(text, source, "mib"))),
    attach: options.attach,
    detach: options.detach,
    detachOnInterrupt: options.detachOnInterrupt,
    download: options.download,
    logs: options.logs,
  };
  const { runOnAwsBatch } = await import("../runtimes/aws-batch/index.ts");
  return runOnAwsBatch(context, request, awsBatch);
}

function checkOptions(directory: string | undefined, options: BuildOptions): void {
  if (!options.awsBatch) {
    throw new UsageError("This version runs builds on AWS Batch only.", {
      hint: "Add --aws-batch; with --local-aws as well it needs no AWS account.",
    });
  }
  if (options.attach !== undefined && options.detach) {
    throw new UsageError("--attach and --detach can't be used together.", {
      hint: "To leave a job that you have attached to, press Control-Z.",
    });
  }
  if (directory === undefined && (options.attach === undefined || options.download)) {
    throw new UsageError("The directory to build is missing.", {
      hint:
        options.attach === undefined
          ? "Usage: nextstrain build --aws-batch [options] <directory> [snakemake arguments...]"
          : "Name the directory that the results belong in, or add --no-download.",
    });
  }
}

/** A setting that has a default always has a value. */
function required(reader: SettingsReader, name: SettingName, option: string | undefined): Sourced<string> {
  const found = reader.get(name, option);
  if (found === undefined) throw new Error(`the setting ${name} has no default`);
  return found;
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
