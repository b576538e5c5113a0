import type { Facts } from "../facts.ts";

/** A command of the `aws` program, for the region in use. */
export function awsCommand({ aws }: Pick<Facts, "aws">, command: string): string {
  return `aws --region ${aws.region.value} ${command}`;
}

/** A page of the console of AWS, for the region in use: `batch`, with what follows the `#`. */
export function consolePage({ aws }: Pick<Facts, "aws">, service: string, page: string): string {
  const { value: region } = aws.region;
  return `https://${region}.console.aws.amazon.com/${service}/home?region=${region}#${page}`;
}

/** `8 vCPUs and 15,200 MiB of memory` */
export function sizeInWords({ vcpus, memoryMib }: { vcpus: number; memoryMib: number }): string {
  return `${vcpus} ${vcpus === 1 ? "vCPU" : "vCPUs"} and ${mibInWords(memoryMib)} of memory`;
}

/** `15,200 MiB` */
export function mibInWords(mib: number): string {
  return `${Math.floor(mib).toLocaleString("en-GB")} MiB`;
}

/** `a`, `a and b`, `a, b and c` */
export function listInWords(words: readonly string[]): string {
  return words.length < 2
    ? (words[0] ?? "")
    : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}
