import { type Command, Option } from "commander";
import { advancedOption } from "../../cli/advanced.ts";
import { UsageError } from "../../errors.ts";
import { type RuntimeEntry, runtimes } from "../../runtimes/runtime.ts";
import type { RuntimeName } from "../../runtimes/runtime-name.ts";
import { type Setting, settings } from "../../settings.ts";

/** The options of `nextstrain build` as parsed. */
export interface BuildOptions {
  /** The flags of the runtimes, in the order given. */
  readonly runtimes: readonly RuntimeName[];
  readonly localAws?: true;
  readonly image?: string;
  readonly augur?: string;
  readonly auspice?: string;
  readonly fauna?: string;
  readonly exec: string;
  readonly dockerArg: readonly string[];
  readonly cpus?: string;
  readonly memory?: string;
  readonly env: readonly string[];
  readonly envdir: readonly string[];
  readonly awsBatchJob?: string;
  readonly awsBatchQueue?: string;
  readonly awsBatchS3Bucket?: string;
  readonly awsBatchCpus?: string;
  readonly awsBatchMemory?: string;
  readonly awsBatchShare?: string;
  readonly awsBatchPriority?: string;
  readonly retries?: string;
  readonly fanOut: readonly string[];
  readonly fanOutFrom?: string;
  readonly fanOutFirst: readonly string[];
  readonly fanOutRetry?: true;
  readonly tag: readonly string[];
  readonly attach?: string;
  readonly cancel?: true;
  readonly detach?: true;
  readonly detachOnInterrupt?: true;
  /** Patterns; false for --no-download. */
  readonly download?: readonly string[] | false;
  readonly excludeFromDownload: readonly string[];
  readonly excludeFromUpload: readonly string[];
  readonly logs: boolean;
  readonly jobInfo?: string;
  readonly notify?: true;
  readonly notifyCommand?: string;
}

/** Options that mean something on AWS Batch only: the attribute of each, and its flag. */
export const awsBatchOnly = {
  localAws: "--local-aws",
  awsBatchJob: "--aws-batch-job",
  awsBatchQueue: "--aws-batch-queue",
  awsBatchS3Bucket: "--aws-batch-s3-bucket",
  awsBatchCpus: "--aws-batch-cpus",
  awsBatchMemory: "--aws-batch-memory",
  awsBatchShare: "--aws-batch-share",
  awsBatchPriority: "--aws-batch-priority",
  retries: "--retries",
  fanOut: "--fan-out",
  fanOutFrom: "--fan-out-from",
  fanOutFirst: "--fan-out-first",
  fanOutRetry: "--fan-out-retry",
  tag: "--tag",
  attach: "--attach",
  cancel: "--cancel",
  detach: "--detach",
  detachOnInterrupt: "--detach-on-interrupt",
  download: "--download",
  excludeFromDownload: "--exclude-from-download",
  excludeFromUpload: "--exclude-from-upload",
  logs: "--no-logs",
  jobInfo: "--job-info",
  notify: "--notify",
  notifyCommand: "--notify-command",
} as const satisfies Partial<Record<keyof BuildOptions, string>>;

/** Gives the command its options, in the groups and the order of its help. */
export function addBuildOptions(command: Command): void {
  // Not as the options' defaults: those would show in the help.
  for (const list of [
    ...["runtimes", "dockerArg", "env", "envdir", "tag"],
    ...["excludeFromUpload", "excludeFromDownload", "fanOut", "fanOutFirst"],
  ]) {
    command.setOptionValue(list, []);
  }
  addRuntimes(command);
  command.optionsGroup("What runs:");
  command
    .addOption(settingOption(settings.dockerImage))
    .addOption(
      advancedOption(
        new Option("--exec <program>", "run this program instead of Snakemake").default("snakemake"),
      ),
    );
  addContainerOptions(command);

  command
    .optionsGroup("Resources for the job and for Snakemake:")
    .option("--cpus <count>", "CPU cores (default: the job definition's for the job, all for Snakemake)")
    .option(
      "--memory <quantity>",
      "memory, such as 14gib; in bytes if it has no unit (default: the job definition's)",
    );

  addVariableOptions(command);

  command.optionsGroup("AWS Batch:");
  for (const name of ["awsBatchQueue", "awsBatchS3Bucket"] as const) {
    command.addOption(settingOption(settings[name]));
  }
  for (const name of [
    ...(["awsBatchJob", "awsBatchCpus", "awsBatchMemory"] as const),
    ...(["awsBatchShare", "awsBatchPriority"] as const),
  ]) {
    command.addOption(advancedOption(settingOption(settings[name])));
  }
  command.addOption(advancedOption(tagOption()));
  command.addOption(advancedOption(settingOption(settings.awsBatchRetries)));
  addFanOutOptions(command);
  addJobOptions(command);
  addFileOptions(command);
}

/** `--tag`, of jobs. Its value is a list. */
export function tagOption(): Option {
  return settingOption(settings.awsBatchTags).argParser(collect);
}

/** Gives the command the options about containers, but for --image. */
export function addContainerOptions(command: Command): void {
  command
    .addOption(advancedOption(new Option("--augur <directory>", "replace the image's augur with this copy")))
    .addOption(
      advancedOption(new Option("--auspice <directory>", "replace the image's auspice with this copy")),
    )
    .addOption(advancedOption(new Option("--fauna <directory>", "replace the image's fauna with this copy")))
    .addOption(
      advancedOption(repeatable("--docker-arg <argument>", "pass this to `docker run`, with --docker")),
    );
}

/** Gives the command the options about the variables that programs are given. */
export function addVariableOptions(command: Command): void {
  command
    .optionsGroup("Environment variables of the job:")
    .addOption(repeatable("--env <name[=value]>", "pass this variable instead of the well-known ones"))
    .addOption(
      advancedOption(
        repeatable(
          "--envdir <directory>",
          "pass the variables in this envdir instead (default: NEXTSTRAIN_RUNTIME_ENVDIRS)",
        ),
      ),
    );
}

function addRuntimes(command: Command): void {
  addRuntimeFlags(command);
  command.option("--local-aws", "with --aws-batch: on a local AWS emulator");
}

/**
 * Gives the command a flag for each runtime; what was given is its option `runtimes`, a list. Those not offered are taken, and
 * not shown: who gives one is told why not.
 */
export function addRuntimeFlags(
  command: Command,
  isOffered: (runtime: RuntimeEntry) => boolean = () => true,
): void {
  command.optionsGroup("Runtime (at most one; default: config core.runner, docker):");
  for (const runtime of runtimes) {
    const { name, help, oldName } = runtime;
    const note = () => {
      const before = command.getOptionValue("runtimes") as BuildOptions["runtimes"];
      command.setOptionValue("runtimes", [...before, name]);
    };
    command.addOption(new Option(`--${name}`, help).hideHelp(!isOffered(runtime))).on(`option:${name}`, note);
    if (oldName === undefined) continue;
    command
      .addOption(new Option(`--${oldName}`, `old name of --${name}`).hideHelp())
      .on(`option:${oldName}`, note);
  }
}

function addFanOutOptions(command: Command): void {
  for (const option of [
    repeatable("--fan-out <target>", "build this target in a job of its own, beside those of the others"),
    new Option(
      "--fan-out-from <file>",
      "a job of its own for each line of this file: targets or other arguments of Snakemake",
    ),
    repeatable("--fan-out-first <target>", "with --fan-out: build this first, once for all of them"),
    new Option(
      "--fan-out-retry",
      "build again what failed in the directory's last fan-out, and nothing else",
    ),
  ]) {
    command.addOption(advancedOption(option));
  }
}

function addJobOptions(command: Command): void {
  command
    .option("--detach", "exit once the job is submitted")
    .addOption(
      advancedOption(
        new Option("--detach-on-interrupt", "make Control-C detach instead of cancelling the job"),
      ),
    )
    .option(
      "--attach <job-id>",
      "reattach to a job (its id or its run's, or `last`) instead of submitting one",
    )
    .option("--cancel", "with --attach: stop the job")
    .addOption(advancedOption(new Option("--no-logs", "don't show the job's log")))
    .addOption(
      advancedOption(
        new Option("--job-info <file>", "write what is known about the job to this file, as JSON"),
      ),
    )
    .addOption(advancedOption(settingOption(settings.awsBatchNotify)))
    .addOption(advancedOption(settingOption(settings.awsBatchNotifyCommand)));
}

function addFileOptions(command: Command): void {
  command.optionsGroup("Files on AWS Batch (patterns relative to the build root, in quotes):");
  command
    .addOption(repeatable("--exclude-from-upload <pattern>", "don't upload these files and directories"))
    .addOption(
      new Option("--download <pattern>", "download only these results; repeatable").argParser(patterns),
    )
    .addOption(
      advancedOption(repeatable("--exclude-from-download <pattern>", "don't download these results")),
    )
    .option("--no-download", "don't download any results");
  // By the time that --no-download is seen, the parser has forgotten the patterns.
  let hasPatterns = false;
  command.on("option:download", () => {
    hasPatterns = true;
  });
  command.on("option:no-download", () => {
    if (hasPatterns) throw contradiction();
  });
}

function patterns(value: string, before: readonly string[] | false | undefined): readonly string[] {
  if (before === false) throw contradiction();
  return [...(before ?? []), value];
}

function contradiction(): UsageError {
  return new UsageError("--download and --no-download can't be used together.", {
    hint: "Leave one of them out.",
  });
}

/** The option of a setting, whose help says where else its value may come from. */
export function settingOption({
  option = "",
  placeholder,
  help,
  environment,
  config,
  default: fallback,
  otherwise,
}: Setting): Option {
  const sources = [environment, config && `config ${config.join(".")}`, fallback ?? otherwise];
  return new Option(
    `--${option} ${placeholder}`.trim(),
    `${help} (default: ${sources.filter((source) => source !== undefined).join(", ")})`,
  );
}

/** An option that may be given several times; its values as a list. */
function repeatable(flags: string, help: string): Option {
  return new Option(flags, `${help}; repeatable`).argParser(collect);
}

/** Parses an option that may be given several times: its values as a list. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
