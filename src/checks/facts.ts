import { describeDefinition, type JobDefinition } from "../aws/batch.ts";
import type { Aws } from "../aws/clients.ts";
import { partitionOf } from "../aws/partition.ts";
import { type ComputeEnvironment, describeEnvironments, describeQueue, type JobQueue } from "../aws/queue.ts";
import type { Tags } from "../aws/tags.ts";
import type { Sourced } from "../settings.ts";
import { nameInArn } from "./arn.ts";
import type { Identity } from "./facts/account.ts";
import type { BucketAccess, BucketLifecycle, BucketPlace } from "./facts/bucket.ts";
import type { LogGroup } from "./facts/log-group.ts";
import type { Allowances } from "./facts/permissions.ts";
import type { Role } from "./facts/role.ts";
import type { Decisions } from "./facts/simulation.ts";
import type { UploadHeaders } from "./facts/upload-headers.ts";
import { look, thenLook } from "./look.ts";
import type { Seen } from "./seen.ts";

/** What a set-up consists of, by name, and where each name is from. */
export interface SetupNames {
  readonly queue: Sourced<string>;
  readonly job: Sourced<string>;
  /** Name of the bucket. */
  readonly bucket: Sourced<string>;
  /** What keys in it begin with: "" or a path that ends in a slash. */
  readonly prefix: string;
}

/** What the build at hand asks for; what is absent is the job definition's. */
export interface Asked {
  readonly cpus?: number | undefined;
  readonly memoryMib?: number | undefined;
  /** Share of the queue, and the priority within it, where somebody chose them. */
  readonly share?: Sourced<string> | undefined;
  readonly priority?: Sourced<number> | undefined;
  readonly tags?: Tags | undefined;
}

/** One fact: asked for at the first call, and never again. */
type Fact<T> = () => Promise<Seen<T>>;

/** What is so in the account. No fact throws but for the signal. */
export interface Facts {
  readonly aws: Aws;
  readonly names: SetupNames;
  readonly asked: Asked;
  readonly signal: AbortSignal;
  readonly identity: Fact<Identity>;
  readonly queue: Fact<JobQueue>;
  /** The queue's, in its order. */
  readonly environments: Fact<readonly ComputeEnvironment[]>;
  /** The latest active revision, or the one named. */
  readonly definition: Fact<JobDefinition>;
  readonly bucket: Fact<BucketPlace>;
  readonly bucketAccess: Fact<BucketAccess>;
  /** Whether the bucket's own policy lets everybody in; absent where it has none. */
  readonly bucketPolicy: Fact<boolean>;
  readonly bucketEncryption: Fact<string>;
  /** Whether the bucket keeps what is deleted. */
  readonly bucketVersioning: Fact<boolean>;
  readonly bucketLifecycle: Fact<BucketLifecycle>;
  /** Which encryption headers the bucket wants uploads to have; absent where it takes none at all. */
  readonly uploadHeaders: Fact<UploadHeaders>;
  readonly logGroup: Fact<LogGroup>;
  /** The role that the job definition gives jobs; absent where it gives none. */
  readonly role: Fact<Role>;
  /** What that role may do to objects of the bucket. */
  readonly roleAccess: Fact<Decisions>;
  /** What the user may do. */
  readonly permissions: Fact<Allowances>;
}

/** Facts of the account that `aws` opens, of which none has been asked for yet. */
export function openFacts(aws: Aws, names: SetupNames, signal: AbortSignal, asked: Asked = {}): Facts {
  const inBatch = batchFacts(aws, names, signal);
  const identity = once(async () => (await import("./facts/account.ts")).seeIdentity(aws, signal));
  return {
    ...{ aws, names, asked, signal, identity },
    ...inBatch,
    ...bucketFacts(aws, names, signal),
    logGroup: once(async () => (await import("./facts/log-group.ts")).seeLogGroup(aws, signal)),
    ...accessFacts({ aws, names, asked, signal, identity, ...inBatch }),
  };
}

type About = Pick<Facts, "aws" | "names" | "asked" | "signal">;

function batchFacts({ batch }: Aws, names: SetupNames, signal: AbortSignal) {
  const at = (what: string, permission: string) => ({
    doing: `look up ${what}`,
    permission: `batch:${permission}`,
    signal,
  });
  const queue: Facts["queue"] = once(() =>
    look(at(`the job queue "${names.queue.value}"`, "DescribeJobQueues"), (until) =>
      describeQueue(batch, names.queue.value, until),
    ),
  );
  const environments: Facts["environments"] = once(() =>
    thenLook(queue(), ({ environments: arns }) =>
      look(at("the queue's compute environments", "DescribeComputeEnvironments"), (until) =>
        describeEnvironments(batch, arns, until),
      ),
    ),
  );
  const definition: Facts["definition"] = once(() =>
    look(at(`the job definition "${names.job.value}"`, "DescribeJobDefinitions"), (until) =>
      describeDefinition(batch, names.job.value, until),
    ),
  );
  return { queue, environments, definition };
}

function bucketFacts(aws: Aws, { bucket, prefix }: SetupNames, signal: AbortSignal) {
  // What only the doctor asks for is loaded when it does.
  const looks = async () =>
    (await import("./facts/bucket.ts")).bucketLooks(aws, bucket.value, prefix, signal);
  return {
    bucket: once(async () => (await looks()).place()),
    bucketAccess: once(async () => (await looks()).access()),
    bucketPolicy: once(async () => (await looks()).policy()),
    bucketEncryption: once(async () => (await looks()).encryption()),
    bucketVersioning: once(async () => (await looks()).versioning()),
    bucketLifecycle: once(async () => (await looks()).lifecycle()),
    uploadHeaders: once(async () => {
      const { seeUploadHeaders } = await import("./facts/upload-headers.ts");
      return seeUploadHeaders(aws, { bucket: bucket.value, prefix }, signal);
    }),
  };
}

function accessFacts({
  aws,
  names: { bucket, prefix },
  asked: { tags = {} },
  signal,
  identity,
  queue,
  definition,
}: About & Pick<Facts, "identity" | "queue" | "definition">) {
  const role: Facts["role"] = once(() =>
    thenLook(definition(), async ({ roleArn }) => {
      if (roleArn === undefined) return { kind: "absent" };
      return (await import("./facts/role.ts")).seeRole(aws, nameInArn(roleArn), signal);
    }),
  );
  const roleAccess: Facts["roleAccess"] = once(() =>
    thenLook(definition(), async ({ roleArn }) => {
      if (roleArn === undefined) return { kind: "absent" };
      const { simulate } = await import("./facts/simulation.ts");
      const actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
      const resource = `arn:${roleArn.split(":")[1]}:s3:::${bucket.value}/${prefix}x.zip`;
      return simulate(aws, { who: roleArn, actions, resource }, signal);
    }),
  );
  const permissions: Facts["permissions"] = once(() =>
    thenLook(identity(), async (who) => {
      const [{ seePermissions }, inQueue, by] = await Promise.all([
        import("./facts/permissions.ts"),
        queue(),
        definition(),
      ]);
      // Where one of these is missing, anything of its kind will do for asking.
      const anyArn = (type: string) =>
        `arn:${partitionOf(aws.region.value).id}:batch:${aws.region.value}:${who.account}:${type}/x`;
      const touched = {
        bucket: bucket.value,
        prefix,
        queueArn: (inQueue.kind === "seen" && inQueue.value.detail.jobQueueArn) || anyArn("job-queue"),
        definitionArn: (by.kind === "seen" && by.value.detail.jobDefinitionArn) || anyArn("job-definition"),
        roleArn: by.kind === "seen" ? by.value.roleArn : undefined,
        isTagged: Object.keys(tags).length > 0,
      };
      return { kind: "seen", value: await seePermissions(aws, who, touched, signal) };
    }),
  );
  return { role, roleAccess, permissions };
}

/** Asks when it is first called, and gives that answer ever after. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
