import type { Tags } from "../aws/tags.ts";
import type { Stacks } from "./stacks.ts";

/** What the set-up asks of an account, so that tests can be one. All throw UserError where AWS refuses. */
export interface Services {
  readonly stacks: Stacks;
  readonly network: Network;
  readonly existing: Existing;
  readonly buckets: Buckets;
  readonly logs: Logs;
}

/** A subnet of EC2's. */
export interface Subnet {
  readonly id: string;
  readonly vpc: string;
  readonly zone: string;
  /** Whether computers in it get a public address, with which they reach AWS. */
  readonly isPublic: boolean;
}

/** A kind of computer that EC2 has. */
export interface InstanceType {
  /** `c5.xlarge` */
  readonly name: string;
  readonly vcpus: number;
  /** MiB, of which the system and ECS take their share. */
  readonly memoryMib: number;
  /** Whether it has NVMe disks of its own. */
  readonly hasDisks: boolean;
}

/** What the set-up uses of EC2. */
export interface Network {
  /** The region's default VPC; undefined where it was deleted. */
  defaultVpc(): Promise<string | undefined>;
  /** Of a VPC, or those with these ids; undefined where one of the ids is unknown. */
  subnets(
    which: { readonly vpc: string } | { readonly ids: readonly string[] },
  ): Promise<readonly Subnet[] | undefined>;
  /** The types that these names stand for, families included; undefined where nobody may ask. */
  instanceTypes(names: readonly string[]): Promise<readonly InstanceType[] | undefined>;
}

/** What exists by name, whoever made it. Undefined or false where there is no such thing. */
export interface Existing {
  accountId(): Promise<string>;
  /** A role's ARN (IAM). */
  role(name: string): Promise<string | undefined>;
  /** A customer-managed policy's ARN and, as JSON, its document (IAM). */
  policy(name: string): Promise<{ readonly arn: string; readonly document: string } | undefined>;
  /** The names of its users (IAM). */
  group(name: string): Promise<readonly string[] | undefined>;
  leaveGroup(name: string, user: string): Promise<void>;
  /** Whether AWS Batch has a job queue of the name. */
  queue(name: string): Promise<boolean>;
  /** Whether AWS Batch has an active job definition of the name. */
  definition(name: string): Promise<boolean>;
}

/** What a bucket is to the user of the credentials. */
export type BucketState = "absent" | "ours" | "somebody else's";

/** What the set-up uses of S3. */
export interface Buckets {
  look(name: string): Promise<BucketState>;
  /** Whether nothing is in it: no object, no version of one, no unfinished upload. */
  isEmpty(name: string): Promise<boolean>;
  /** Deletes all objects, their versions and unfinished uploads; `deleted` is told how many so far. */
  empty(name: string, deleted: (count: number) => void): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What the set-up uses of CloudWatch Logs, for the group of Batch's jobs. */
export interface Logs {
  /** Days that its lines are kept, "ever" where nothing says so; undefined where there is no such group. */
  retention(): Promise<number | "ever" | undefined>;
  create(tags: Tags): Promise<void>;
  keep(days: number): Promise<void>;
}
