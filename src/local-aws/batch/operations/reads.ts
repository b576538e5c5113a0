import type { Reads } from "../../unread.ts";

const pages = ["maxResults", "nextToken"];

/** What each operation reads of its request; everything else is a 501 that names it. */
export const reads = {
  SubmitJob: [
    ...["jobName", "jobQueue", "jobDefinition", "parameters", "containerOverrides"],
    ...["ecsPropertiesOverride", "retryStrategy", "timeout", "propagateTags", "tags"],
    ...["shareIdentifier", "schedulingPriorityOverride", "arrayProperties", "dependsOn"],
  ],
  DescribeJobs: ["jobs"],
  ListJobs: ["jobQueue", "arrayJobId", "jobStatus", "filters", ...pages],
  GetJobQueueSnapshot: ["jobQueue"],
  CancelJob: ["jobId", "reason"],
  TerminateJob: ["jobId", "reason"],
  RegisterJobDefinition: [
    ...["jobDefinitionName", "type", "parameters", "containerProperties", "retryStrategy", "timeout"],
    ...["ecsProperties", "propagateTags", "tags", "platformCapabilities", "schedulingPriority"],
  ],
  DeregisterJobDefinition: ["jobDefinition"],
  DescribeJobDefinitions: ["jobDefinitions", "jobDefinitionName", "status", ...pages],
  CreateJobQueue: [
    ...["jobQueueName", "state", "priority", "computeEnvironmentOrder"],
    ...["jobStateTimeLimitActions", "schedulingPolicyArn", "tags"],
  ],
  UpdateJobQueue: [
    ...["jobQueue", "state", "priority", "computeEnvironmentOrder", "jobStateTimeLimitActions"],
    "schedulingPolicyArn",
  ],
  DeleteJobQueue: ["jobQueue"],
  DescribeJobQueues: ["jobQueues", ...pages],
  CreateComputeEnvironment: [
    ...["computeEnvironmentName", "type", "state", "computeResources", "serviceRole", "tags"],
  ],
  UpdateComputeEnvironment: ["computeEnvironment", "state", "computeResources", "serviceRole"],
  DeleteComputeEnvironment: ["computeEnvironment"],
  DescribeComputeEnvironments: ["computeEnvironments", ...pages],
  CreateSchedulingPolicy: ["name", "fairsharePolicy", "tags"],
  UpdateSchedulingPolicy: ["arn", "fairsharePolicy"],
  DeleteSchedulingPolicy: ["arn"],
  DescribeSchedulingPolicies: ["arns"],
  ListSchedulingPolicies: pages,
  ListTagsForResource: ["resourceArn"],
  TagResource: ["resourceArn", "tags"],
  UntagResource: ["resourceArn", "tagKeys"],
} as const satisfies Readonly<Record<string, Reads>>;

export type OperationName = keyof typeof reads;

export const operationNames = Object.keys(reads) as readonly OperationName[];

/** Of `containerProperties`; those from `volumes` on are kept, shown, and without effect. */
export const containerReads: Reads = [
  ...["image", "command", "environment", "resourceRequirements", "vcpus", "memory", "instanceType"],
  ...["jobRoleArn", "executionRoleArn", "logConfiguration"],
  ...["volumes", "mountPoints", "ulimits", "secrets", "user", "privileged", "readonlyRootFilesystem"],
  "linuxParameters",
];
