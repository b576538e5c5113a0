import type { Context } from "./cli/context.ts";
import { readConfig } from "./config-file.ts";

/** One setting: where its value may come from, in order of precedence. */
export interface Setting {
  /** Long option of `nextstrain build`, without the dashes. */
  readonly option?: string;
  readonly environment?: string;
  /** Section and key in the config file. */
  readonly config?: readonly [section: string, key: string];
  readonly default?: string;
  /** What holds where no source has a value and there is no default, for `--help`. */
  readonly otherwise?: string;
  /** For `--help`. */
  readonly placeholder: string;
  readonly help: string;
}

/** Every setting that has more than one source, once. `--help`, the environment and the config file all follow from here. */
export const settings = {
  runner: {
    config: ["core", "runner"],
    default: "docker",
    placeholder: "<runtime>",
    help: "runtime for builds",
  },
  dockerImage: {
    option: "image",
    environment: "NEXTSTRAIN_DOCKER_IMAGE",
    config: ["docker", "image"],
    default: "nextstrain/base",
    placeholder: "<image>",
    help: "container image; on AWS Batch the job definition's, unless set",
  },
  singularityImage: {
    option: "image",
    environment: "NEXTSTRAIN_SINGULARITY_IMAGE",
    config: ["singularity", "image"],
    default: "docker://nextstrain/base",
    placeholder: "<image>",
    help: "image for the Singularity runtime: docker://NAME or a file",
  },
  runtimes: {
    environment: "NEXTSTRAIN_RUNTIMES",
    otherwise: "~/.nextstrain/runtimes",
    placeholder: "<directory>",
    help: "directory of runtimes",
  },
  condaProgram: {
    environment: "NEXTSTRAIN_CONDA_PROGRAM",
    config: ["conda", "program"],
    otherwise: "a downloaded micromamba",
    placeholder: "<program>",
    help: "conda, mamba or micromamba that creates the Conda environment",
  },
  condaChannelAlias: {
    environment: "NEXTSTRAIN_CONDA_CHANNEL_ALIAS",
    default: "https://conda.anaconda.org",
    placeholder: "<url>",
    help: "base URL of Conda channels, such as a mirror's",
  },
  condaChannel: {
    environment: "NEXTSTRAIN_CONDA_CHANNEL",
    default: "nextstrain",
    placeholder: "<channel>",
    help: "Conda channel of Nextstrain's packages: a name or a URL",
  },
  condaBasePackage: {
    environment: "NEXTSTRAIN_CONDA_BASE_PACKAGE",
    default: "nextstrain-base",
    placeholder: "<package>",
    help: "Conda package that depends on all others: a name, or name, version and build separated by spaces",
  },
  condaMicromambaUrl: {
    environment: "NEXTSTRAIN_CONDA_MICROMAMBA_URL",
    default: "conda-forge/{subdir}/micromamba-1.5.8-0.tar.bz2",
    placeholder: "<url>",
    help: "package that contains micromamba: a URL, or a path below the channels' base URL",
  },
  condaSubdir: {
    environment: "NEXTSTRAIN_CONDA_OVERRIDE_SUBDIR",
    otherwise: "this computer's",
    placeholder: "<subdir>",
    help: "Conda's name for the platform, such as linux-64",
  },
  awsBatchJob: {
    option: "aws-batch-job",
    environment: "NEXTSTRAIN_AWS_BATCH_JOB",
    config: ["aws-batch", "job"],
    default: "nextstrain-job",
    placeholder: "<name>",
    help: "job definition",
  },
  awsBatchQueue: {
    option: "aws-batch-queue",
    environment: "NEXTSTRAIN_AWS_BATCH_QUEUE",
    config: ["aws-batch", "queue"],
    default: "nextstrain-job-queue",
    placeholder: "<name>",
    help: "job queue",
  },
  awsBatchS3Bucket: {
    option: "aws-batch-s3-bucket",
    environment: "NEXTSTRAIN_AWS_BATCH_S3_BUCKET",
    config: ["aws-batch", "s3-bucket"],
    default: "nextstrain-jobs",
    placeholder: "<bucket>",
    help: "S3 bucket for builds' files: [s3://]NAME[/PREFIX]",
  },
  awsBatchCpus: {
    option: "aws-batch-cpus",
    environment: "NEXTSTRAIN_AWS_BATCH_CPUS",
    config: ["aws-batch", "cpus"],
    otherwise: "the job definition's",
    placeholder: "<count>",
    help: "vCPUs of the job; not passed to Snakemake",
  },
  awsBatchMemory: {
    option: "aws-batch-memory",
    environment: "NEXTSTRAIN_AWS_BATCH_MEMORY",
    config: ["aws-batch", "memory"],
    otherwise: "the job definition's",
    placeholder: "<mib>",
    help: "memory of the job, in MiB or with a unit; not passed to Snakemake",
  },
  awsBatchGracefulStop: {
    environment: "NEXTSTRAIN_AWS_BATCH_GRACEFUL_STOP",
    config: ["aws-batch", "graceful-stop"],
    default: "on",
    placeholder: "<on|off>",
    help: "whether a job that is stopped uploads what it has finished",
  },
  awsBatchCheckpoints: {
    environment: "NEXTSTRAIN_AWS_BATCH_CHECKPOINTS",
    config: ["aws-batch", "checkpoints"],
    default: "10",
    placeholder: "<minutes>",
    help: "how often a job saves what it has finished, in case it is killed; 0: never",
  },
  awsBatchRetries: {
    option: "retries",
    environment: "NEXTSTRAIN_AWS_BATCH_RETRIES",
    config: ["aws-batch", "retries"],
    otherwise: "the job definition's",
    placeholder: "<count>",
    help: "how often to go on with a job that lost its computer, ran out of memory or out of time",
  },
  awsBatchShare: {
    option: "aws-batch-share",
    environment: "NEXTSTRAIN_AWS_BATCH_SHARE",
    config: ["aws-batch", "share"],
    otherwise: "none",
    placeholder: "<name>",
    help: "your share of a queue with fair shares",
  },
  awsBatchPriority: {
    option: "aws-batch-priority",
    environment: "NEXTSTRAIN_AWS_BATCH_PRIORITY",
    config: ["aws-batch", "priority"],
    otherwise: "the job definition's, or 0",
    placeholder: "<number>",
    help: "priority of the job within its share, 0 to 9999; highest first",
  },
  awsBatchTags: {
    option: "tag",
    environment: "NEXTSTRAIN_AWS_BATCH_TAGS",
    config: ["aws-batch", "tags"],
    otherwise: "none",
    placeholder: "<name=value>",
    help: "tag of the job, added to the configured ones; repeatable",
  },
  awsBatchSse: {
    environment: "NEXTSTRAIN_AWS_BATCH_SSE",
    config: ["aws-batch", "sse"],
    otherwise: "the bucket's default encryption",
    placeholder: "<encryption>",
    help: "encryption header of uploads, for buckets that require one: AES256, aws:kms or aws:kms:dsse",
  },
  awsBatchKmsKeyId: {
    environment: "NEXTSTRAIN_AWS_BATCH_KMS_KEY_ID",
    config: ["aws-batch", "kms-key-id"],
    otherwise: "the bucket's or the account's",
    placeholder: "<key>",
    help: "KMS key for uploads",
  },
  awsBatchPatience: {
    environment: "NEXTSTRAIN_AWS_BATCH_PATIENCE",
    config: ["aws-batch", "patience"],
    default: "15",
    placeholder: "<minutes>",
    help: "how long to wait for AWS to become reachable again while watching a job",
  },
  awsBatchNotify: {
    option: "notify",
    environment: "NEXTSTRAIN_AWS_BATCH_NOTIFY",
    config: ["aws-batch", "notify"],
    default: "off",
    placeholder: "",
    help: "notify you when a job is over, on the desktop or by the terminal's bell",
  },
  awsBatchNotifyCommand: {
    option: "notify-command",
    environment: "NEXTSTRAIN_AWS_BATCH_NOTIFY_COMMAND",
    config: ["aws-batch", "notify-command"],
    otherwise: "none",
    placeholder: "<command>",
    help: "notify you by this shell command instead; it reads the job as JSON (docs/jobs.md)",
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

/** A value and where it came from, for messages: "from NEXTSTRAIN_AWS_BATCH_QUEUE". */
export interface Sourced<T> {
  readonly value: T;
  readonly source: string;
}

/** Whether somebody chose the value: by option, environment or config file. */
export function isGiven({ source }: Sourced<unknown>): boolean {
  return source !== DEFAULT_SOURCE;
}

const DEFAULT_SOURCE = "the default";

/** Looks settings up: option, environment, config file, default. An empty variable counts as unset. */
export interface SettingsReader {
  /** The config file's absolute path, whether or not there is one. */
  readonly file: string;
  get(name: SettingName, option: string | undefined): Sourced<string> | undefined;
}

/** Reads the config file once. Throws UserError where it can't be read. */
export async function openSettings(context: Context): Promise<SettingsReader> {
  const config = await readConfig(context);
  return {
    file: config.file,
    get(name, option) {
      const setting: Setting = settings[name];
      if (option !== undefined) return { value: option, source: `--${setting.option ?? name}` };
      const fromEnvironment = setting.environment && context.env[setting.environment];
      if (fromEnvironment) return { value: fromEnvironment, source: setting.environment };
      const fromConfig = setting.config && config.get(...setting.config);
      if (fromConfig) return { value: fromConfig, source: `"${setting.config?.[1]}" in ${config.file}` };
      return setting.default === undefined ? undefined : { value: setting.default, source: DEFAULT_SOURCE };
    },
  };
}

/** A setting that has a default: it always has a value. */
export function requiredSetting(
  reader: SettingsReader,
  name: SettingName,
  option: string | undefined,
): Sourced<string> {
  const found = reader.get(name, option);
  if (found === undefined) throw new Error(`the setting ${name} has no default`);
  return found;
}
