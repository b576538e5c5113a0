import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyStatusCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  type LifecycleRule,
} from "@aws-sdk/client-s3";
import type { Aws } from "../../aws/clients.ts";
import { look } from "../look.ts";
import type { Seen } from "../seen.ts";

/** A bucket that is there, and may be listed. */
export interface BucketPlace {
  /** Undefined where S3 doesn't say. */
  readonly region: string | undefined;
}

/** Who gets at what lies in a bucket. */
export type BucketAccess =
  /** Nobody from outside, and no policy or list can change that. */
  | "blocked"
  /** Nobody from outside now. */
  | "private"
  /** A policy lets everybody in. */
  | "public";

/** How long a bucket keeps things, as far as a lifecycle rule says so. Days. */
export interface BucketLifecycle {
  /** Of what lies under the prefix; undefined: for ever. */
  readonly expiresAfter: number | undefined;
  /** Of uploads that were never finished; undefined: for ever. */
  readonly abortsAfter: number | undefined;
  /** How many rules there are in all, whatever they say. */
  readonly rules: number;
}

/** Looks at one bucket; each look is a request or two. */
export function bucketLooks(aws: Aws, bucket: string, prefix: string, signal: AbortSignal) {
  const asked = { Bucket: bucket };
  const at = (what: string, permission: string) => ({
    doing: `look up ${what} of the S3 bucket "${bucket}"`,
    permission: `s3:${permission}`,
    signal,
  });
  /** Whether the bucket's own policy lets everybody in; absent where it has none. */
  const policy = (): Promise<Seen<boolean>> =>
    look(at("the policy", "GetBucketPolicyStatus"), async (abortSignal) => {
      const { PolicyStatus } = await aws.s3.send(new GetBucketPolicyStatusCommand(asked), { abortSignal });
      return PolicyStatus?.IsPublic === true;
    });
  return {
    policy,

    place: (): Promise<Seen<BucketPlace>> =>
      look({ ...at("", "ListBucket"), doing: `look up the S3 bucket "${bucket}"` }, async (abortSignal) => ({
        region: (await aws.s3.send(new HeadBucketCommand(asked), { abortSignal })).BucketRegion,
      })),

    async access(): Promise<Seen<BucketAccess>> {
      const block = await look(
        at("what keeps the public out", "GetBucketPublicAccessBlock"),
        async (abortSignal) => {
          const { PublicAccessBlockConfiguration: configuration } = await aws.s3.send(
            new GetPublicAccessBlockCommand(asked),
            { abortSignal },
          );
          return configuration;
        },
      );
      if (block.kind === "denied" || block.kind === "failed") return block;
      if (block.kind === "seen" && block.value.RestrictPublicBuckets && block.value.IgnorePublicAcls) {
        return { kind: "seen", value: "blocked" };
      }
      const byPolicy = await policy();
      if (byPolicy.kind === "denied" || byPolicy.kind === "failed") return byPolicy;
      return { kind: "seen", value: byPolicy.kind === "seen" && byPolicy.value ? "public" : "private" };
    },

    /** The algorithm that all is encrypted with. */
    encryption: (): Promise<Seen<string>> =>
      look(at("the encryption", "GetEncryptionConfiguration"), async (abortSignal) => {
        const { ServerSideEncryptionConfiguration: configuration } = await aws.s3.send(
          new GetBucketEncryptionCommand(asked),
          { abortSignal },
        );
        return configuration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm;
      }),

    /** Whether what is deleted stays as an old version. */
    versioning: (): Promise<Seen<boolean>> =>
      look(at("the versioning", "GetBucketVersioning"), async (abortSignal) => {
        const { Status } = await aws.s3.send(new GetBucketVersioningCommand(asked), { abortSignal });
        return Status === "Enabled";
      }),

    async lifecycle(): Promise<Seen<BucketLifecycle>> {
      const seen = await look(at("the lifecycle rules", "GetLifecycleConfiguration"), async (abortSignal) => {
        const { Rules = [] } = await aws.s3.send(new GetBucketLifecycleConfigurationCommand(asked), {
          abortSignal,
        });
        return Rules;
      });
      if (seen.kind === "denied" || seen.kind === "failed") return seen;
      return { kind: "seen", value: readLifecycle(seen.kind === "seen" ? seen.value : [], prefix) };
    },
  };
}

/** What the rules come to for all that lies under a prefix. */
export function readLifecycle(rules: readonly LifecycleRule[], prefix: string): BucketLifecycle {
  const inForce = rules.filter((rule) => rule.Status === "Enabled" && covers(rule, prefix));
  const soonest = (days: (rule: LifecycleRule) => number | undefined) => {
    const all = inForce.map(days).filter((one) => one !== undefined);
    return all.length === 0 ? undefined : Math.min(...all);
  };
  return {
    expiresAfter: soonest(({ Expiration }) => Expiration?.Days),
    abortsAfter: soonest(
      ({ AbortIncompleteMultipartUpload }) => AbortIncompleteMultipartUpload?.DaysAfterInitiation,
    ),
    rules: rules.length,
  };
}

/** Whether a rule is for everything under the prefix; one for some sizes or tags is not. */
function covers({ Filter, Prefix }: LifecycleRule, prefix: string): boolean {
  const { And, Tag, ObjectSizeGreaterThan, ObjectSizeLessThan } = Filter ?? {};
  if (And || Tag || ObjectSizeGreaterThan !== undefined || ObjectSizeLessThan !== undefined) return false;
  return prefix.startsWith(Filter?.Prefix ?? Prefix ?? "");
}
