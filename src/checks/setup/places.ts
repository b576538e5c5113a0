import { partitionOf } from "../../aws/partition.ts";
import type { Sourced } from "../../settings.ts";
import { awsProgram } from "../aws-program.ts";
import type { Facts } from "../facts.ts";

/** A command on a line of its own, so that it can be copied as it is. */
export function paste(command: string): string {
  return `\n    ${command}`;
}

/** A command of the `aws` program, for the region in use, on a line of its own. */
export function awsCommand({ aws }: Pick<Facts, "aws">, command: string): string {
  return paste(awsProgram({ isByOption: aws.local?.isByOption === true, region: aws.region.value }, command));
}

/** What the set-up can do about it, to be copied; "" for local AWS, which takes none. */
export function setUp({ aws }: Pick<Facts, "aws">, prose: string, options = ""): string {
  return aws.isLocal ? "" : `\n${prose}:${paste(`nextstrain setup aws-batch ${options}`.trim())}`;
}

/**
 * The option that has the set-up make something of the name that was asked for: it knows the settings by itself, what was on
 * the command line of a build it doesn't.
 */
export function sameName(option: string, { value, source }: Sourced<string>): string {
  return source.startsWith("--") && /^[\w.-]+$/.test(value) ? `${option} ${value}` : "";
}

/** Where the console of the region in use is. */
export function consoleOf({ aws }: Pick<Facts, "aws">): string {
  const { value: region } = aws.region;
  return `https://${region}.${partitionOf(region).console}`;
}

/** A page of the console of AWS, for the region in use: `batch`, with what follows the `#`. */
export function consolePage({ aws }: Pick<Facts, "aws">, service: string, page: string): string {
  return `${consoleOf({ aws })}/${service}/home?region=${aws.region.value}#${page}`;
}

/** `8 vCPUs and 15,200 MiB of memory` */
export function sizeInWords({ vcpus, memoryMib }: { vcpus: number; memoryMib: number }): string {
  return `${vcpus} ${vcpus === 1 ? "vCPU" : "vCPUs"} and ${mibInWords(memoryMib)} of memory`;
}

/** `15,200 MiB` */
function mibInWords(mib: number): string {
  return `${Math.floor(mib).toLocaleString("en-GB")} MiB`;
}

/** `a`, `a and b`, `a, b and c` */
export function listInWords(words: readonly string[]): string {
  return words.length < 2
    ? (words[0] ?? "")
    : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}
