import * as batch from "@aws-sdk/client-batch";
import { DeleteRetentionPolicyCommand } from "@aws-sdk/client-cloudwatch-logs";
import * as iam from "@aws-sdk/client-iam";
import * as s3 from "@aws-sdk/client-s3";
import {
  type Account,
  allow,
  BUCKET,
  deny,
  ENVIRONMENT,
  environment,
  GROUP,
  LIFECYCLE,
  QUEUE,
  ROLE,
  trust,
} from "./account.ts";

const lifecycle = (changes: Partial<s3.LifecycleRule>) =>
  new s3.PutBucketLifecycleConfigurationCommand({
    Bucket: BUCKET,
    LifecycleConfiguration: { Rules: [{ ...LIFECYCLE, ...changes }] },
  });

export const updateEnvironment = (
  changes: Omit<batch.UpdateComputeEnvironmentCommandInput, "computeEnvironment">,
) => new batch.UpdateComputeEnvironmentCommand({ computeEnvironment: ENVIRONMENT, ...changes });

const size = (vcpus: number, memory: number): batch.ResourceRequirement[] => [
  { type: "VCPU", value: String(vcpus) },
  { type: "MEMORY", value: String(memory) },
];

const setRole = async (account: Account, document: object) =>
  account.iam.send(
    new iam.PutRolePolicyCommand({
      ...{ RoleName: ROLE, PolicyName: "bucket" },
      PolicyDocument: JSON.stringify(document),
    }),
  );

/** A user who may do everything but this. */
const without = (action: string) => async (account: Account) => account.user(allow("*"), deny(action));

/** An account with one thing wrong. */
export interface Broken {
  readonly name: string;
  /** Returns the keys to use, where they aren't the owner's. */
  readonly spoil?: (account: Account) => Promise<unknown>;
  readonly args?: readonly string[];
  /** `mark id` */
  readonly found: string;
  readonly says: RegExp;
  /** Of the next step. */
  readonly mend: RegExp;
}

export const brokenStates: readonly Broken[] = [
  {
    name: "no bucket of that name",
    args: ["--aws-batch-s3-bucket", "no-such-bucket"],
    found: "wrong bucket",
    says: /no S3 bucket "no-such-bucket" \(from --aws-batch-s3-bucket\)/,
    mend: /aws --region us-east-1 s3 ls/,
  },
  {
    name: "a bucket that a policy opens to everybody",
    async spoil({ s3: client }) {
      await client.send(new s3.DeletePublicAccessBlockCommand({ Bucket: BUCKET }));
      const Statement = [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "*" }];
      const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
      await client.send(new s3.PutBucketPolicyCommand({ Bucket: BUCKET, Policy }));
    },
    found: "caution bucket.private",
    says: /open to the public/,
    mend: /put-public-access-block --bucket nextstrain-jobs/,
  },
  {
    name: "a bucket that nothing keeps closed",
    spoil: ({ s3: client }) => client.send(new s3.DeletePublicAccessBlockCommand({ Bucket: BUCKET })),
    found: "caution bucket.private",
    says: /not open to the public, but/,
    mend: /put-public-access-block/,
  },
  {
    name: "a bucket without a lifecycle rule",
    spoil: ({ s3: client }) => client.send(new s3.DeleteBucketLifecycleCommand({ Bucket: BUCKET })),
    found: "caution bucket.expiry",
    says: /keeps every build for ever/,
    mend: /put-bucket-lifecycle-configuration .*"Days":30/,
  },
  {
    name: "a lifecycle rule for another prefix",
    spoil: ({ s3: client }) => client.send(lifecycle({ Filter: { Prefix: "other/" } })),
    args: ["--aws-batch-s3-bucket", `${BUCKET}/mine`],
    found: "caution bucket.expiry,caution bucket.unfinished",
    says: /keeps every build for ever/,
    mend: /console\.aws\.amazon\.com\/s3\/buckets\/nextstrain-jobs/,
  },
  {
    name: "archives kept for a year",
    spoil: ({ s3: client }) => client.send(lifecycle({ Expiration: { Days: 365 } })),
    found: "caution bucket.expiry",
    says: /for 365 days/,
    mend: /tab=management/,
  },
  {
    name: "archives deleted the next day",
    spoil: ({ s3: client }) => client.send(lifecycle({ Expiration: { Days: 1 } })),
    found: "caution bucket.expiry",
    says: /after a day: results that nobody has brought back by then are lost/,
    mend: /tab=management/,
  },
  {
    name: "uploads that broke off kept for ever",
    spoil: ({ s3: client }) => client.send(lifecycle({ AbortIncompleteMultipartUpload: undefined })),
    found: "caution bucket.unfinished",
    says: /break off stay there unseen/,
    mend: /tab=management/,
  },
  {
    name: "no queue of that name",
    args: ["--aws-batch-queue", "no-such-queue"],
    found: "wrong queue",
    says: /no job queue "no-such-queue" \(from --aws-batch-queue\)/,
    mend: /describe-job-queues/,
  },
  {
    name: "a disabled queue",
    spoil: ({ batch: client }) =>
      client.send(new batch.UpdateJobQueueCommand({ jobQueue: QUEUE, state: "DISABLED" })),
    found: "wrong queue.state",
    says: /"nextstrain-job-queue" .*is disabled/,
    mend: /update-job-queue --job-queue nextstrain-job-queue --state ENABLED/,
  },
  {
    name: "a queue that keeps jobs which can never start",
    spoil: ({ batch: client }) =>
      client.send(new batch.UpdateJobQueueCommand({ jobQueue: QUEUE, jobStateTimeLimitActions: [] })),
    found: "caution queue.gives-up",
    says: /keeps jobs that can never start/,
    mend: /--job-state-time-limit-actions/,
  },
  {
    name: "a disabled compute environment",
    spoil: ({ batch: client }) => client.send(updateEnvironment({ state: "DISABLED" })),
    found: "wrong environments.state",
    says: /"lab-computers" of the job queue "nextstrain-job-queue" is disabled: jobs wait for ever/,
    mend: /update-compute-environment --compute-environment lab-computers --state ENABLED/,
  },
  {
    name: "an INVALID compute environment",
    spoil: ({ batch: client }) =>
      client.send(updateEnvironment({ serviceRole: "arn:aws:iam::123456789012:role/gone" })),
    found: "wrong environments.state",
    says: /"lab-computers" .* is INVALID: jobs wait for ever. AWS says: CLIENT_ERROR - .*role\/gone/,
    mend: /console\.aws\.amazon\.com\/batch\/home\?region=us-east-1#compute-environments/,
  },
  {
    name: "one compute environment of two disabled",
    async spoil({ batch: client }) {
      await client.send(environment("more-computers"));
      const names = [ENVIRONMENT, "more-computers"];
      await client.send(
        new batch.UpdateJobQueueCommand({
          jobQueue: QUEUE,
          computeEnvironmentOrder: names.map((computeEnvironment, order) => ({ order, computeEnvironment })),
        }),
      );
      await client.send(updateEnvironment({ state: "DISABLED" }));
    },
    found: "caution environments.out-of-use",
    says: /"lab-computers" .* is disabled: jobs run in the others only/,
    mend: /--state ENABLED/,
  },
  {
    name: "computers that run without jobs",
    spoil: ({ batch: client }) => client.send(updateEnvironment({ computeResources: { minvCpus: 4 } })),
    found: "caution environments.idle-cost",
    says: /minimum is 4 vCPUs, which cost money day and night/,
    mend: /--compute-resources minvCpus=0/,
  },
  {
    name: "the latest version of a launch template, whichever that was",
    spoil: ({ batch: client }) =>
      client.send(
        updateEnvironment({
          computeResources: { launchTemplate: { launchTemplateName: "disks", version: "$Latest" } },
        }),
      ),
    found: "caution environments.launch-template",
    says: /"\$Latest" of the launch template disks/,
    mend: /setup aws-batch --disk-size/,
  },
  {
    name: "no definition of that name",
    args: ["--aws-batch-job", "no-such-job"],
    found: "wrong definition",
    says: /no active job definition "no-such-job" \(from --aws-batch-job\)/,
    mend: /describe-job-definitions/,
  },
  {
    name: "an image too old for variables",
    spoil: async (account) =>
      account.revise({
        containerProperties: {
          ...(await account.container()),
          image: "nextstrain/base:build-20220101T000000Z",
        },
      }),
    found: "caution definition.image",
    says: /build-20220101T000000Z .* is too old/,
    mend: /^Use a newer one/,
  },
  {
    name: "no time limit",
    spoil: (account) => account.revise({ timeout: undefined }),
    found: "caution definition.timeout",
    says: /"nextstrain-job" has no time limit/,
    mend: /^Set one of 4 hours/,
  },
  {
    name: "jobs that are tried again",
    spoil: (account) => account.revise({ retryStrategy: { attempts: 3 } }),
    found: "caution definition.attempts",
    says: /up to 3 times/,
    mend: /retry attempts to 1/,
  },
  {
    name: "a log that goes elsewhere",
    spoil: async (account) =>
      account.revise({
        containerProperties: {
          ...(await account.container()),
          logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": "/our/own" } },
        },
      }),
    found: "caution definition.log",
    says: /to the log group \/our\/own, not to/,
    mend: /log configuration/,
  },
  {
    name: "no role for jobs",
    async spoil(account) {
      const { jobRoleArn: _none, ...container } = await account.container();
      await account.revise({ containerProperties: container });
    },
    found: "caution definition.role",
    says: /gives jobs no role/,
    mend: /Create new revision/,
  },
  {
    name: "a role that doesn't exist",
    async spoil({ iam: client }) {
      await client.send(new iam.DeleteRolePolicyCommand({ RoleName: ROLE, PolicyName: "bucket" }));
      await client.send(new iam.DeleteRoleCommand({ RoleName: ROLE }));
    },
    found: "wrong role",
    says: /role that the job definition "nextstrain-job" gives jobs doesn't exist/,
    mend: /Create new revision/,
  },
  {
    name: "a role that jobs may not be given",
    async spoil({ iam: client }) {
      const bucket = { RoleName: ROLE, PolicyName: "bucket" };
      await client.send(new iam.DeleteRolePolicyCommand(bucket));
      await client.send(new iam.DeleteRoleCommand({ RoleName: ROLE }));
      await client.send(
        new iam.CreateRoleCommand({ RoleName: ROLE, AssumeRolePolicyDocument: trust("ec2.amazonaws.com") }),
      );
      const PolicyDocument = JSON.stringify(allow("s3:*"));
      await client.send(new iam.PutRolePolicyCommand({ ...bucket, PolicyDocument }));
    },
    found: "wrong role.trust",
    says: /role LabJobsRole, .* doesn't trust ecs-tasks\.amazonaws\.com/,
    mend: /update-assume-role-policy --role-name LabJobsRole/,
  },
  {
    name: "a role for another bucket",
    spoil: (account) => setRole(account, allow("s3:*", "arn:aws:s3:::another-bucket/*")),
    found: "wrong role.bucket",
    says: /role LabJobsRole, .* lacks s3:GetObject, s3:PutObject, s3:DeleteObject/,
    mend: /put-role-policy --role-name LabJobsRole .*arn:aws:s3:::nextstrain-jobs/,
  },
  {
    name: "a role that the bucket's own policy may help",
    async spoil(account) {
      await setRole(account, allow("s3:*", "arn:aws:s3:::another-bucket/*"));
      const Principal = { AWS: `arn:aws:iam::123456789012:role/${ROLE}` };
      const Statement = [
        { Effect: "Allow", Principal, Action: "s3:*", Resource: `arn:aws:s3:::${BUCKET}/*` },
      ];
      const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
      await account.s3.send(new s3.PutBucketPolicyCommand({ Bucket: BUCKET, Policy }));
    },
    found: "unknown role.bucket",
    says: /the bucket may have a policy of its own that allows it\.$/,
    mend: /check-setup aws-batch --run-job/,
  },
  {
    name: "a role that can't store results",
    spoil: (account) => setRole(account, allow(["s3:GetObject", "s3:ListBucket", "s3:DeleteObject"])),
    found: "wrong role.bucket",
    says: /lacks s3:PutObject\.$/,
    mend: /put-role-policy/,
  },
  {
    name: "a definition too large for every computer",
    spoil: async (account) =>
      account.revise({
        containerProperties: { ...(await account.container()), resourceRequirements: size(16, 500_000) },
      }),
    found: "wrong size.fits",
    says: /500,000 MiB .*largest is c5\.24xlarge, with 96 vCPUs/,
    mend: /--memory \d+mib/,
  },
  {
    name: "a definition with more vCPUs than the queue may use",
    spoil: async (account) =>
      account.revise({
        containerProperties: { ...(await account.container()), resourceRequirements: size(72, 7_400) },
      }),
    found: "wrong size.fits",
    says: /72 vCPUs .* more vCPUs than the 64/,
    mend: /--cpus 64/,
  },
  {
    name: "logs kept for ever",
    spoil: ({ logs }) => logs.send(new DeleteRetentionPolicyCommand({ logGroupName: GROUP })),
    found: "caution logs.retention",
    says: /kept for ever/,
    mend: /put-retention-policy --log-group-name \/aws\/batch\/job --retention-in-days 30/,
  },
  {
    name: "a user who may not delete from the bucket",
    spoil: without("s3:DeleteObject"),
    found: "caution permissions.s3.deleteobject",
    says: /You may not delete from the bucket .*s3:DeleteObject/,
    mend: /A policy denies s3:DeleteObject/,
  },
  ...["s3:PutObject", "s3:GetObject", "batch:SubmitJob", "batch:DescribeJobs", "logs:GetLogEvents"].map(
    (action): Broken => ({
      name: `a user without ${action}`,
      spoil: without(action),
      found: `wrong permissions.${action.toLowerCase().replace(":", ".")}`,
      says: new RegExp(`You may not .*${action}`),
      mend: /administrator/,
    }),
  ),
  {
    name: "a user who may not see the definition",
    spoil: without("batch:DescribeJobDefinitions"),
    found: "wrong definition",
    says: /"nextstrain-job", as every build does: it takes the permission batch:DescribeJobDefinitions/,
    mend: /administrator/,
  },
  {
    name: "a user who may not stop jobs",
    spoil: without("batch:TerminateJob"),
    found: "caution permissions.batch.terminatejob",
    says: /You may not stop jobs .* until its time limit/,
    mend: /administrator/,
  },
  {
    name: "keys that AWS doesn't know",
    spoil: async () => ({ AWS_ACCESS_KEY_ID: "AKIAUNKNOWN", AWS_SECRET_ACCESS_KEY: "secret" }),
    found: "wrong credentials",
    says: /AWS does not accept the credentials/,
    mend: /AWS_ACCESS_KEY_ID/,
  },
];

/** Whether spoiling gave keys to use in place of the owner's. */
export const isKeys = (value: unknown): value is Record<string, string> =>
  typeof value === "object" && value !== null && "AWS_ACCESS_KEY_ID" in value;
