import { UsageError } from "../errors.ts";
import { parseMemory } from "../workflow/quantity.ts";
import { parseBucket } from "./bucket-name.ts";
import { parseDuration } from "./duration.ts";
import type { ParameterName, SomeParameters } from "./parameters.ts";
import { RETENTIONS } from "./retention.ts";

/** The options of `nextstrain setup aws-batch` that shape the stack, as given on the command line. */
export interface StackOptions {
  readonly s3Bucket?: string;
  readonly awsBatchJob?: string;
  readonly awsBatchQueue?: string;
  readonly image?: string;
  readonly instanceTypes?: string;
  readonly maxVcpus?: string;
  /** False for --no-spot. */
  readonly spot?: boolean;
  readonly jobCpus?: string;
  readonly jobMemory?: string;
  readonly timeout?: string;
  readonly disk?: string;
  readonly diskSize?: string;
  readonly extraDisk?: string;
  /** False for --no-efs. */
  readonly efs?: string | false;
  readonly retentionDays?: string;
  readonly vpc?: string;
  readonly subnets?: string;
  /** False for --no-listing-policy. */
  readonly listingPolicy?: boolean;
  readonly tag?: readonly string[];
}

/** How an option becomes a parameter's value. */
type Parse = (text: string, source: string) => string;

/** Each option with a text: its flag, its parameter, and what it takes. */
const TEXTS: readonly {
  readonly option: keyof StackOptions;
  readonly flag: string;
  readonly parameter: ParameterName;
  readonly parse: Parse;
}[] = [
  { option: "s3Bucket", flag: "--s3-bucket", parameter: "BucketName", parse: parseBucket },
  { option: "awsBatchJob", flag: "--aws-batch-job", parameter: "JobDefinitionName", parse: batchName },
  { option: "awsBatchQueue", flag: "--aws-batch-queue", parameter: "JobQueueName", parse: batchName },
  { option: "image", flag: "--image", parameter: "Image", parse: image },
  { option: "instanceTypes", flag: "--instance-types", parameter: "InstanceTypes", parse: instanceTypes },
  { option: "maxVcpus", flag: "--max-vcpus", parameter: "MaxVcpus", parse: cpus },
  { option: "jobCpus", flag: "--job-cpus", parameter: "JobCpus", parse: cpus },
  { option: "jobMemory", flag: "--job-memory", parameter: "JobMemoryMib", parse: memory },
  { option: "timeout", flag: "--timeout", parameter: "TimeoutSeconds", parse: timeout },
  { option: "disk", flag: "--disk", parameter: "DiskKind", parse: disk },
  { option: "diskSize", flag: "--disk-size", parameter: "DiskSizeGib", parse: gib(30) },
  { option: "extraDisk", flag: "--extra-disk", parameter: "ExtraDiskGib", parse: gib(0) },
  { option: "retentionDays", flag: "--retention-days", parameter: "RetentionDays", parse: retention },
  { option: "vpc", flag: "--vpc", parameter: "VpcId", parse: identifiers("vpc", "one") },
  { option: "subnets", flag: "--subnets", parameter: "SubnetIds", parse: identifiers("subnet", "several") },
];

/**
 * The parameters that the options give, each checked by itself.
 *
 * @throws UsageError for what no account could have
 */
export function parametersGiven(options: StackOptions): SomeParameters {
  const given: Partial<Record<ParameterName, string>> = {};
  for (const { option, flag, parameter, parse } of TEXTS) {
    const text = options[option];
    if (typeof text === "string") given[parameter] = parse(text, flag);
  }
  if (options.spot !== undefined) given.Spot = options.spot ? "yes" : "no";
  if (options.listingPolicy !== undefined) given.CreateListingPolicy = options.listingPolicy ? "yes" : "no";
  // Who must tag all that they make may tag their jobs.
  if (options.tag !== undefined) given.AllowTagging = "yes";
  if (options.efs !== undefined) Object.assign(given, efs(options.efs));
  return given;
}

function batchName(text: string, source: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(text)) return text;
  throw new UsageError(`“${text}” can't be a name in AWS Batch (${source}).`, {
    hint: "A name is of letters, digits, hyphens and underscores, 128 at most.",
  });
}

function image(text: string, source: string): string {
  if (/^[a-z0-9][\w.:/@-]*$/i.test(text)) return text;
  throw new UsageError(`“${text}” is not a container image (${source}).`, {
    hint: "Write it as for docker, such as nextstrain/base:latest.",
  });
}

function instanceTypes(text: string, source: string): string {
  const types = listOf(text);
  const wrong = types.find((type) => !/^[a-z][a-z0-9-]*\d[a-z0-9-]*(\.[a-z0-9-]+)?$/.test(type));
  if (types.length > 0 && wrong === undefined) return types.join(",");
  throw new UsageError(`“${wrong ?? text}” is not an EC2 instance type or family (${source}).`, {
    hint: "Write families or types with commas between them, such as c5 or c5.2xlarge,c5.4xlarge.",
  });
}

function cpus(text: string, source: string): string {
  if (/^[0-9]{1,6}$/.test(text) && Number(text) > 0) return String(Number(text));
  throw new UsageError(`“${text}” is not a number of vCPUs (${source}).`, {
    hint: "Write a whole number from 1, such as 4.",
  });
}

function memory(text: string, source: string): string {
  return String(Math.floor(parseMemory(text, source, "mib") / 1024 ** 2));
}

function timeout(text: string, source: string): string {
  const seconds = parseDuration(text, source);
  if (seconds >= 60) return String(seconds);
  throw new UsageError(`A job's time limit is a minute at least, and ${text} is ${seconds} s (${source}).`, {
    hint: "Give more, such as --timeout 4h, which the users' guide advises.",
  });
}

function disk(text: string, source: string): string {
  if (text === "ebs" || text === "nvme") return text;
  throw new UsageError(`“${text}” is no kind of disk (${source}).`, {
    hint: "Write ebs, for a volume of --disk-size, or nvme, for the instances' own.",
  });
}

/** Sizes that a gp3 volume can have, or 0 where that means none. */
function gib(least: number): Parse {
  return (text, source) => {
    const number = /^(\d+)\s*(gib|g)?$/i.exec(text.trim())?.[1];
    const size = Number(number);
    if (number !== undefined && size >= least && size <= 16_384) return String(size);
    throw new UsageError(`“${text}” is not a size for this disk (${source}).`, {
      hint: `Write whole GiB from ${least} to 16384${least > 0 ? ": the machine image alone takes 30" : ""}.`,
    });
  };
}

function retention(text: string, source: string): string {
  const days = Number(text);
  if (RETENTIONS.includes(days)) return String(days);
  const hint = `CloudWatch Logs takes ${RETENTIONS.slice(0, 12).join(", ")}, 400 and longer times of its own.`;
  throw new UsageError(`Logs can't be kept for “${text}” days (${source}).`, { hint });
}

function identifiers(prefix: string, count: "one" | "several"): Parse {
  return (text, source) => {
    const ids = listOf(text);
    const wrong = ids.find((id) => !new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(id));
    if (wrong === undefined && ids.length > 0 && (count === "several" || ids.length === 1))
      return ids.join(",");
    throw new UsageError(
      `“${wrong ?? text}” is not the id of a ${prefix === "vpc" ? "VPC" : prefix} (${source}).`,
      {
        hint: `Ids look like ${prefix}-0a1b2c3d4e5f67890${count === "several" ? ", with commas between them" : ""}.`,
      },
    );
  };
}

function efs(text: string | false): SomeParameters {
  if (text === false) return { EfsFileSystemId: "" };
  const match = /^(fs-(?:[0-9a-f]{8}|[0-9a-f]{17}))(?::((?:\/[\w.-]+)+))?$/.exec(text);
  if (match?.[1] === undefined) {
    throw new UsageError(`“${text}” is not an EFS file system (--efs).`, {
      hint: "Write its id, and the path to mount it at in jobs where it isn't /efs: fs-0a1b2c3d:/data",
    });
  }
  return { EfsFileSystemId: match[1], ...(match[2] === undefined ? {} : { EfsMountPath: match[2] }) };
}

function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== "");
}
