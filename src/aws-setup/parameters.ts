/** The template's parameters, with the guide's values: the template's own defaults. */
export const DEFAULTS = {
  BucketName: "",
  CreateBucket: "yes",
  JobDefinitionName: "nextstrain-job",
  JobQueueName: "nextstrain-job-queue",
  Image: "nextstrain/base:latest",
  InstanceTypes: "c5",
  MaxVcpus: "256",
  Spot: "no",
  JobCpus: "4",
  JobMemoryMib: "7400",
  TimeoutSeconds: "14400",
  DiskKind: "ebs",
  DiskSizeGib: "200",
  ExtraDiskGib: "0",
  EfsFileSystemId: "",
  EfsMountPath: "/efs",
  RetentionDays: "30",
  VpcId: "",
  SubnetIds: "",
  ExistingJobRole: "",
  ExistingBatchPolicyArn: "",
  ExistingBucketPolicyArn: "",
  ExistingLogsPolicyArn: "",
  ExistingGroup: "",
  CreateListingPolicy: "yes",
  AllowTagging: "no",
} as const;

export type ParameterName = keyof typeof DEFAULTS;
/** Values for all of the template's parameters. */
export type Parameters = Readonly<Record<ParameterName, string>>;
/** Values for some of them. */
export type SomeParameters = Partial<Parameters>;

/**
 * All parameters: those given now, else as the stack has them, else as the user's settings name things, else the defaults.
 * Run again, a set-up keeps what it was told before.
 */
export function completeParameters(
  given: SomeParameters,
  before: ReadonlyMap<string, string> | undefined,
  settings: SomeParameters,
): Parameters {
  const kept = Object.keys(DEFAULTS).flatMap((name) => {
    const value = before?.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  // The guide's instances have no disks of their own.
  const fitting = given.DiskKind === "nvme" ? { InstanceTypes: "c5d" } : {};
  return { ...DEFAULTS, ...fitting, ...settings, ...Object.fromEntries(kept), ...given };
}
