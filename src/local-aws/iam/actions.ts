/**
 * What each operation needs to be allowed ("Actions, resources, and condition keys for AWS services", Service Authorization
 * Reference): one table for each service.
 */
import type { Wish } from "./policy.ts";

/** What the tables look at. */
export interface Asked {
  readonly region: string;
  readonly accountId: string;
  /** Who asks: their name of resource. */
  readonly callerArn: string;
  /** The request's JSON or form, where the service has one. */
  readonly input: Readonly<Record<string, unknown>>;
}

export interface AskedOfS3 {
  readonly bucket: string;
  readonly key: string;
  /** `bucket/key`, decoded. */
  readonly copySource: string;
  /** `lifecycle`, `policy`, …: the subresource of Get-, Put- and DeleteBucketConfiguration. */
  readonly subresource: string;
  /** Of DeleteObjects. */
  readonly keys: readonly string[];
}

type S3Wishes = (asked: AskedOfS3) => readonly Wish[];

const onBucket =
  (action: string): S3Wishes =>
  ({ bucket }) => [{ action: `s3:${action}`, resource: `arn:aws:s3:::${bucket}` }];
const onObject =
  (action: string): S3Wishes =>
  ({ bucket, key }) => [{ action: `s3:${action}`, resource: `arn:aws:s3:::${bucket}/${key}` }];
const onSource: S3Wishes = ({ copySource }) => [
  { action: "s3:GetObject", resource: `arn:aws:s3:::${copySource}` },
];

/** Subresources whose actions are not called after them, as in `PutLifecycleConfiguration`. */
const subresourceActions: Readonly<Record<string, string>> = {
  lifecycle: "LifecycleConfiguration",
  publicAccessBlock: "BucketPublicAccessBlock",
  encryption: "EncryptionConfiguration",
  policy: "BucketPolicy",
  ownershipControls: "BucketOwnershipControls",
  tagging: "BucketTagging",
};
const onSubresource =
  (verb: "Get" | "Put"): S3Wishes =>
  (asked) =>
    onBucket(`${verb}${subresourceActions[asked.subresource] ?? asked.subresource}`)(asked);

export const s3Actions: Readonly<Record<string, S3Wishes>> = {
  ListBuckets: () => [{ action: "s3:ListAllMyBuckets", resource: "*" }],
  CreateBucket: onBucket("CreateBucket"),
  HeadBucket: onBucket("ListBucket"),
  DeleteBucket: onBucket("DeleteBucket"),
  GetBucketLocation: onBucket("GetBucketLocation"),
  GetBucketVersioning: onBucket("GetBucketVersioning"),
  PutBucketVersioning: onBucket("PutBucketVersioning"),
  GetBucketPolicyStatus: onBucket("GetBucketPolicyStatus"),
  GetBucketConfiguration: onSubresource("Get"),
  PutBucketConfiguration: onSubresource("Put"),
  // A bucket's policy has an action of its own for this, everything else is put away with what puts it there.
  DeleteBucketConfiguration: (asked) =>
    asked.subresource === "policy" ? onBucket("DeleteBucketPolicy")(asked) : onSubresource("Put")(asked),
  ListObjects: onBucket("ListBucket"),
  ListObjectsV2: onBucket("ListBucket"),
  ListObjectVersions: onBucket("ListBucketVersions"),
  ListMultipartUploads: onBucket("ListBucketMultipartUploads"),
  DeleteObjects: ({ bucket, keys }) => keys.flatMap((key) => s3Wishes("DeleteObject", { bucket, key })),
  PutObject: onObject("PutObject"),
  CopyObject: (asked) => [...onSource(asked), ...onObject("PutObject")(asked)],
  GetObject: onObject("GetObject"),
  HeadObject: onObject("GetObject"),
  DeleteObject: onObject("DeleteObject"),
  GetObjectAttributes: (asked) => [
    ...onObject("GetObject")(asked),
    ...onObject("GetObjectAttributes")(asked),
  ],
  GetObjectTagging: onObject("GetObjectTagging"),
  CreateMultipartUpload: onObject("PutObject"),
  UploadPart: onObject("PutObject"),
  UploadPartCopy: (asked) => [...onSource(asked), ...onObject("PutObject")(asked)],
  CompleteMultipartUpload: onObject("PutObject"),
  // AWS lets an upload's initiator abort and list it; who that was is not kept here.
  AbortMultipartUpload: onObject("AbortMultipartUpload"),
  ListParts: onObject("ListMultipartUploadParts"),
};

function s3Wishes(operation: string, asked: Partial<AskedOfS3>): readonly Wish[] {
  const none = { bucket: "", key: "", copySource: "", subresource: "", keys: [] };
  return s3Actions[operation]?.({ ...none, ...asked }) ?? [];
}

type JsonWishes = (asked: Asked) => readonly Wish[];

/** By the last part of the path. Resources are `*` throughout, stricter policies than the guide's are not told apart. */
const batchOperations = [
  ...["SubmitJob", "DescribeJobs", "ListJobs", "CancelJob", "TerminateJob"],
  "GetJobQueueSnapshot",
  ...["RegisterJobDefinition", "DeregisterJobDefinition", "DescribeJobDefinitions"],
  ...["CreateJobQueue", "UpdateJobQueue", "DeleteJobQueue", "DescribeJobQueues"],
  ...["CreateComputeEnvironment", "UpdateComputeEnvironment", "DeleteComputeEnvironment"],
  "DescribeComputeEnvironments",
  ...["CreateSchedulingPolicy", "UpdateSchedulingPolicy", "DeleteSchedulingPolicy"],
  ...["DescribeSchedulingPolicies", "ListSchedulingPolicies"],
  ...["ListTagsForResource", "TagResource", "UntagResource"],
];

export const batchActions: Readonly<Record<string, JsonWishes>> = Object.fromEntries(
  batchOperations.map((name): [string, JsonWishes] => [
    name.toLowerCase(),
    (asked) => [
      { action: `batch:${name}`, resource: "*" },
      ...(isTagged(asked) ? [{ action: "batch:TagResource", resource: "*" }] : []),
      ...(name === "RegisterJobDefinition" ? passedRoles(asked) : []),
    ],
  ]),
);

/** Whoever makes a thing with tags must be allowed to tag. */
function isTagged({ input: { tags } }: Asked): boolean {
  return typeof tags === "object" && tags !== null && Object.keys(tags).length > 0;
}

/** Whoever gives a job a role must be allowed to pass it on. */
function passedRoles({ input, accountId }: Asked): readonly Wish[] {
  const { taskProperties } = asTable(input.ecsProperties);
  const tasks: readonly unknown[] = Array.isArray(taskProperties) ? taskProperties : [];
  return [input.containerProperties, ...tasks]
    .map(asTable)
    .flatMap(({ jobRoleArn, taskRoleArn, executionRoleArn }) => [jobRoleArn, taskRoleArn, executionRoleArn])
    .filter((role) => typeof role === "string" && role !== "")
    .map((role) => ({
      action: "iam:PassRole",
      resource: String(role).startsWith("arn:") ? String(role) : `arn:aws:iam::${accountId}:role/${role}`,
    }));
}

function asTable(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** As policies name a log group: without the `:*` that DescribeLogGroups puts behind it. */
const groupArn = ({ region, accountId, input }: Asked): string => {
  const name = String(input.logGroupIdentifier ?? input.logGroupName ?? "").replace(/^arn:.*:log-group:/, "");
  return `arn:aws:logs:${region}:${accountId}:log-group:${name.replace(/:\*$/, "")}`;
};
const onGroup =
  (action: string): JsonWishes =>
  (asked) => [{ action: `logs:${action}`, resource: groupArn(asked) }];
const onStream =
  (action: string): JsonWishes =>
  (asked) => [
    {
      action: `logs:${action}`,
      resource: `${groupArn(asked)}:log-stream:${String(asked.input.logStreamName ?? "")}`,
    },
  ];

export const logsActions: Readonly<Record<string, JsonWishes>> = {
  CreateLogGroup: onGroup("CreateLogGroup"),
  CreateLogStream: onGroup("CreateLogStream"),
  DeleteLogGroup: onGroup("DeleteLogGroup"),
  DeleteLogStream: onStream("DeleteLogStream"),
  DeleteRetentionPolicy: onGroup("DeleteRetentionPolicy"),
  DescribeLogGroups: ({ region, accountId }) => [
    {
      action: "logs:DescribeLogGroups",
      resource: `arn:aws:logs:${region}:${accountId}:log-group::log-stream:`,
    },
  ],
  DescribeLogStreams: onGroup("DescribeLogStreams"),
  FilterLogEvents: onGroup("FilterLogEvents"),
  GetLogEvents: onStream("GetLogEvents"),
  PutLogEvents: onStream("PutLogEvents"),
  PutRetentionPolicy: onGroup("PutRetentionPolicy"),
};

/** Without a user's name, these are about the caller. */
const ofOneself = ["GetUser", "CreateAccessKey", "ListAccessKeys", "DeleteAccessKey"];

/** Of IAM's own operations: on what they act, read off their parameters. */
export function iamWishes(action: string, { input, accountId, callerArn }: Asked): readonly Wish[] {
  const arn = (type: string, name: unknown) => `arn:aws:iam::${accountId}:${type}/${String(name)}`;
  const { UserName, RoleName, GroupName, PolicyArn, PolicyName, PolicySourceArn } = input;
  let resource = "*";
  if (GroupName !== undefined) resource = arn("group", GroupName);
  else if (UserName !== undefined) resource = arn("user", UserName);
  else if (RoleName !== undefined) resource = arn("role", RoleName);
  else if (PolicyArn !== undefined) resource = String(PolicyArn);
  else if (PolicySourceArn !== undefined) resource = String(PolicySourceArn);
  else if (PolicyName !== undefined) resource = arn("policy", PolicyName);
  else if (ofOneself.includes(action)) resource = callerArn;
  return [{ action: `iam:${action}`, resource }];
}
