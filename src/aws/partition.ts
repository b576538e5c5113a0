/** A part of AWS that has accounts, names of resources and a console of its own. */
export interface Partition {
  /** The second part of names of resources. */
  readonly id: string;
  /** The console's domain. */
  readonly console: string;
}

const COMMERCIAL: Partition = { id: "aws", console: "console.aws.amazon.com" };

/** By how their regions' names begin. The isolated ones (`us-iso-…`) have consoles that are not public. */
const OTHERS: readonly (readonly [string, Partition])[] = [
  ["cn-", { id: "aws-cn", console: "console.amazonaws.cn" }],
  ["us-gov-", { id: "aws-us-gov", console: "console.amazonaws-us-gov.com" }],
  ["eusc-", { id: "aws-eusc", console: "console.amazonaws-eusc.eu" }],
];

/** The part of AWS that a region is in. */
export function partitionOf(region: string): Partition {
  return OTHERS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? COMMERCIAL;
}

/** Regions that every account has. All that came later are off until an administrator turns them on. */
const ALWAYS_ON: ReadonlySet<string> = new Set([
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"],
  ...["eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3"],
  ...["ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"],
]);

/** Whether an account has the region only if somebody has turned it on ("Enable or disable AWS Regions in your account"). */
export function isOptIn(region: string): boolean {
  return partitionOf(region) === COMMERCIAL && /^[a-z]{2}-[a-z]+-\d+$/.test(region) && !ALWAYS_ON.has(region);
}
