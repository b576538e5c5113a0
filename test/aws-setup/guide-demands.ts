// The set-up half of the users' guide, demand by demand, in its order: what it tells an administrator to make by hand, and where the
// template makes it. What can't be told by one value is in guide.test.ts.
import type { Json, Parameters } from "./rendered.ts";

interface Demand {
  readonly guide: string;
  /** What must be at a path within the resources, as the parameters make them. */
  readonly given?: Parameters;
  readonly at: string;
  readonly is?: Json;
  readonly has?: Json;
}

const nvme = { DiskKind: "nvme", ExtraDiskGib: "300", InstanceTypes: "c5d" };
const efs = { EfsFileSystemId: "fs-0123456789abcdef0" };
const definition = "JobDefinition.Properties";
const container = `${definition}.ContainerProperties`;
const computers = "ComputeEnvironment.Properties.ComputeResources";
const instance = "LaunchTemplate.Properties.LaunchTemplateData";

const arn = (rest: string): Json => ({ "Fn::Sub": `arn:\${AWS::Partition}:${rest}` });

/** By the guide's sections. */
export const demands: readonly (readonly [string, readonly Demand[]])[] = [
  [
    "S3",
    [
      { guide: "there is a bucket", at: "Bucket.Type", is: "AWS::S3::Bucket" },
      {
        guide: "its name is one's own",
        given: { BucketName: "my-lab" },
        at: "Bucket.Properties.BucketName",
        is: "my-lab",
      },
      {
        guide: "it is private: the public has no access",
        at: "Bucket.Properties.PublicAccessBlockConfiguration",
        is: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      },
      {
        guide: "objects expire 30 days after they were made",
        at: "Bucket.Properties.LifecycleConfiguration.Rules.0",
        is: { Id: "expire-builds", Status: "Enabled", ExpirationInDays: 30 },
      },
      {
        guide: "a shorter or longer time may be chosen",
        given: { RetentionDays: "90" },
        at: "Bucket.Properties.LifecycleConfiguration.Rules.0.ExpirationInDays",
        is: 90,
      },
    ],
  ],
  [
    "IAM: policies",
    [
      {
        guide: "there is the policy for Batch",
        at: "BatchPolicy.Properties.ManagedPolicyName",
        is: "NextstrainJobsAccessToBatch",
      },
      {
        guide: "it allows jobs to be submitted, described and stopped, and definitions to be registered",
        at: "BatchPolicy.Properties.PolicyDocument.Statement.0",
        is: {
          Sid: "Jobs",
          Effect: "Allow",
          Action: [
            "batch:DescribeJobQueues",
            "batch:TerminateJob",
            "batch:DescribeJobs",
            "batch:CancelJob",
            "batch:SubmitJob",
            "batch:DescribeJobDefinitions",
            "batch:RegisterJobDefinition",
          ],
          Resource: "*",
        },
      },
      {
        guide: "it allows the jobs' role to be passed on",
        at: "BatchPolicy.Properties.PolicyDocument.Statement.1",
        is: {
          Sid: "RoleOfTheJobs",
          Effect: "Allow",
          Action: "iam:PassRole",
          Resource: arn("iam::*:role/NextstrainJobsRole"),
        },
      },
      {
        guide: "there is the policy for the bucket",
        at: "BucketPolicy.Properties.ManagedPolicyName",
        is: "NextstrainJobsAccessToBucket",
      },
      {
        guide: "it allows to put, get and delete objects and to list the bucket, of the bucket's own name",
        given: { BucketName: "my-lab" },
        at: "BucketPolicy.Properties.PolicyDocument.Statement",
        is: [
          {
            Sid: "Files",
            Effect: "Allow",
            Action: ["s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:DeleteObject"],
            Resource: [arn("s3:::my-lab/*"), arn("s3:::my-lab")],
          },
        ],
      },
      {
        guide: "there is the policy for logs",
        at: "LogsPolicy.Properties.ManagedPolicyName",
        is: "NextstrainJobsAccessToLogs",
      },
      {
        guide: "it allows to read, filter and delete the streams of Batch's log group",
        at: "LogsPolicy.Properties.PolicyDocument.Statement",
        is: [
          {
            Sid: "Logs",
            Effect: "Allow",
            Action: ["logs:GetLogEvents", "logs:FilterLogEvents", "logs:DeleteLogStream"],
            Resource: [
              arn("logs:*:*:log-group:/aws/batch/job"),
              arn("logs:*:*:log-group:/aws/batch/job:log-stream:*"),
            ],
          },
        ],
      },
    ],
  ],
  [
    "IAM: role and group",
    [
      {
        guide: "ECS tasks are trusted with the jobs' role",
        at: "JobRole.Properties.AssumeRolePolicyDocument.Statement",
        is: [
          { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      },
      {
        guide: "it has the policy for the bucket, and no other: a limited role",
        at: "JobRole.Properties.ManagedPolicyArns",
        is: [{ Ref: "BucketPolicy" }],
      },
      { guide: "the role's name", at: "JobRole.Properties.RoleName", is: "NextstrainJobsRole" },
      {
        guide: "a role of another name may be used, and may be passed on, too",
        given: { ExistingJobRole: "LabJobs" },
        at: "BatchPolicy.Properties.PolicyDocument.Statement.1.Resource",
        is: arn("iam::*:role/LabJobs"),
      },
      {
        guide: "there is a group of users with all three policies",
        given: { CreateListingPolicy: "no" },
        at: "JobsGroup.Properties.ManagedPolicyArns",
        is: [{ Ref: "BatchPolicy" }, { Ref: "BucketPolicy" }, { Ref: "LogsPolicy" }],
      },
    ],
  ],
  [
    "Batch: job definition",
    [
      { guide: "its name", at: `${definition}.JobDefinitionName`, is: "nextstrain-job" },
      {
        guide: "another name may be chosen",
        given: { JobDefinitionName: "mine" },
        at: `${definition}.JobDefinitionName`,
        is: "mine",
      },
      {
        guide: "it has the jobs' role",
        at: `${container}.JobRoleArn`,
        is: { "Fn::GetAtt": ["JobRole", "Arn"] },
      },
      { guide: "its image", at: `${container}.Image`, is: "nextstrain/base:latest" },
      { guide: "its command is empty", at: `${container}.Command`, is: [] },
      {
        guide:
          "vCPUs and memory can be chosen, and by default fit the smallest instance in the guide's table",
        at: `${container}.ResourceRequirements`,
        is: [
          { Type: "VCPU", Value: 4 },
          { Type: "MEMORY", Value: 7400 },
        ],
      },
      {
        guide: "vCPUs and memory can be chosen",
        given: { JobCpus: "8", JobMemoryMib: "15200" },
        at: `${container}.ResourceRequirements`,
        is: [
          { Type: "VCPU", Value: 8 },
          { Type: "MEMORY", Value: 15200 },
        ],
      },
      { guide: "one attempt", at: `${definition}.RetryStrategy.Attempts`, is: 1 },
      {
        guide: "Spot instances may be taken away: the next attempt continues",
        given: { Spot: "yes" },
        at: `${definition}.RetryStrategy.Attempts`,
        is: 3,
      },
      { guide: "stopped after 4 hours", at: `${definition}.Timeout.AttemptDurationSeconds`, is: 14400 },
      {
        guide: "the time can be adjusted",
        given: { TimeoutSeconds: "86400" },
        at: `${definition}.Timeout.AttemptDurationSeconds`,
        is: 86400,
      },
    ],
  ],
  [
    "Batch: compute environment and queue",
    [
      { guide: "a managed environment", at: "ComputeEnvironment.Properties.Type", is: "MANAGED" },
      { guide: "its sizes can be adjusted", given: { MaxVcpus: "64" }, at: `${computers}.MaxvCpus`, is: 64 },
      {
        guide: "its instances can be adjusted",
        given: { InstanceTypes: "c5.4xlarge,m5" },
        at: `${computers}.InstanceTypes`,
        is: ["c5.4xlarge", "m5"],
      },
      { guide: "at least 0 vCPUs: no costs without jobs", at: `${computers}.MinvCpus`, is: 0 },
      { guide: "the queue's name", at: "JobQueue.Properties.JobQueueName", is: "nextstrain-job-queue" },
      {
        guide: "another name may be chosen",
        given: { JobQueueName: "mine" },
        at: "JobQueue.Properties.JobQueueName",
        is: "mine",
      },
      {
        guide: "the queue is connected to the environment",
        at: "JobQueue.Properties.ComputeEnvironmentOrder",
        is: [{ Order: 1, ComputeEnvironment: { Ref: "ComputeEnvironment" } }],
      },
    ],
  ],
  [
    "Disk space",
    [
      {
        guide: "instances have a root volume of 200 GiB, gp3, that is deleted with them",
        at: `${instance}.BlockDeviceMappings`,
        is: [
          { DeviceName: "/dev/xvda", Ebs: { VolumeType: "gp3", VolumeSize: 200, DeleteOnTermination: true } },
        ],
      },
      {
        guide: "of the size one wants",
        given: { DiskSizeGib: "1000" },
        at: `${instance}.BlockDeviceMappings.0.Ebs.VolumeSize`,
        is: 1000,
      },
      { guide: "instances are EBS-optimised", at: `${instance}.EbsOptimized`, is: true },
      {
        guide: "the environment uses the launch template, by an explicit version",
        at: `${computers}.LaunchTemplate`,
        is: {
          LaunchTemplateId: { Ref: "LaunchTemplate" },
          Version: { "Fn::GetAtt": ["LaunchTemplate", "LatestVersionNumber"] },
        },
      },
    ],
  ],
  [
    "NVMe",
    [
      {
        guide: "instance types with NVMe disks can be chosen",
        given: nvme,
        at: `${computers}.InstanceTypes`,
        is: ["c5d"],
      },
      {
        guide: "EBS volumes may be added, and go with the instance",
        given: nvme,
        at: `${instance}.BlockDeviceMappings`,
        is: [
          { DeviceName: "/dev/sdf", Ebs: { VolumeType: "gp3", VolumeSize: 300, DeleteOnTermination: true } },
        ],
      },
      {
        guide: "the launch template has user data",
        given: nvme,
        at: `${instance}.UserData.Fn::Base64`,
        has: 'Content-Type: multipart/mixed; boundary="==NEXTSTRAIN=="',
      },
    ],
  ],
  [
    "EFS",
    [
      {
        guide: "the definition gives the file system to the engine",
        given: efs,
        at: `${container}.Volumes`,
        is: [
          {
            Name: "efs",
            EfsVolumeConfiguration: {
              FileSystemId: "fs-0123456789abcdef0",
              TransitEncryption: "ENABLED",
              AuthorizationConfig: { AccessPointId: { Ref: "EfsAccessPoint" } },
            },
          },
        ],
      },
      {
        guide: "it is mounted into containers",
        given: { ...efs, EfsMountPath: "/scratch" },
        at: `${container}.MountPoints`,
        is: [{ SourceVolume: "efs", ContainerPath: "/scratch", ReadOnly: false }],
      },
      {
        guide: "something deletes what is of no more use: a weekly job",
        given: efs,
        at: "EfsCleanUpSchedule.Properties.ScheduleExpression",
        is: "rate(7 days)",
      },
      {
        guide: "... which the schedule submits to the queue",
        given: efs,
        at: "EfsCleanUpSchedule.Properties.Targets.0.Arn",
        is: { Ref: "JobQueue" },
      },
      {
        guide: "... and which deletes what is older than the bucket keeps things",
        given: { ...efs, RetentionDays: "14" },
        at: "EfsCleanUp.Properties.ContainerProperties.Command",
        has: "+14",
      },
    ],
  ],
  [
    "Security",
    [
      {
        guide: "the instances are in a security group of their own",
        at: "SecurityGroup.Type",
        is: "AWS::EC2::SecurityGroup",
      },
      {
        guide: "... into which there is no way",
        at: "SecurityGroup.Properties.SecurityGroupIngress",
        is: [],
      },
      {
        guide: "... and in no other",
        at: `${computers}.SecurityGroupIds`,
        is: [{ "Fn::GetAtt": ["SecurityGroup", "GroupId"] }],
      },
      {
        guide: "a subnet of their own may be chosen",
        given: { SubnetIds: "subnet-0aaaaaaaaaaaaaaaa" },
        at: `${computers}.Subnets`,
        is: ["subnet-0aaaaaaaaaaaaaaaa"],
      },
    ],
  ],
];
