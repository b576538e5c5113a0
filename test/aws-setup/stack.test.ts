import { setTimeout as sleep } from "node:timers/promises";
import * as batch from "@aws-sdk/client-batch";
import * as cloudformation from "@aws-sdk/client-cloudformation";
import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import * as s3 from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { havePythonMoto, startMendedMoto } from "../support/moto.ts";
import { type Parameters, templateText } from "./rendered.ts";

const StackName = "nextstrain-batch";

describe.skipIf(!havePythonMoto())("on an independent mock of AWS (needs Python's moto and boto3)", () => {
  let moto: Awaited<ReturnType<typeof startMendedMoto>>;
  let aws: ReturnType<typeof clientsOf>;
  let network: Parameters;

  beforeEach(async () => {
    moto = await startMendedMoto();
    aws = clientsOf(moto.endpoint);
    const { Subnets = [] } = await aws.ec2.send(new ec2.DescribeSubnetsCommand({}));
    network = {
      VpcId: Subnets[0]?.VpcId ?? "",
      SubnetIds: Subnets.map(({ SubnetId }) => SubnetId).join(","),
    };
  });
  afterEach(() => moto[Symbol.asyncDispose]());

  test("a stack is created, updated in place, and removed, all but the bucket", async () => {
    const parameters = { ...network, BucketName: "lab-jobs" };
    const created = await createStack(aws.stacks, parameters);
    expect(created.StackStatus).toBe("CREATE_COMPLETE");
    const made = outputsOf(created);

    const { roles, groups, policies } = await inIam(aws.iam);
    expect(policies).toEqual(
      expect.arrayContaining([
        "NextstrainJobsAccessToBatch",
        "NextstrainJobsAccessToBucket",
        "NextstrainJobsAccessToLogs",
      ]),
    );
    expect(roles.NextstrainJobsRole).toEqual(["NextstrainJobsAccessToBucket"]);
    expect(groups[made.GroupName ?? ""]).toHaveLength(4);

    const queue = await theQueue(aws.batch, "nextstrain-job-queue");
    expect(queue?.computeEnvironmentOrder?.map(({ computeEnvironment }) => computeEnvironment)).toEqual([
      made.ComputeEnvironmentArn,
    ]);
    expect(await environments(aws.batch)).toMatchObject([
      {
        state: "ENABLED",
        status: "VALID",
        computeResources: {
          type: "EC2",
          minvCpus: 0,
          maxvCpus: 256,
          instanceTypes: ["c5"],
          launchTemplate: { launchTemplateId: made.LaunchTemplateId, version: "1" },
          securityGroupIds: [made.SecurityGroupId],
        },
      },
    ]);
    expect(await activeDefinitions(aws.batch)).toMatchObject([
      {
        jobDefinitionName: "nextstrain-job",
        revision: 1,
        timeout: { attemptDurationSeconds: 14400 },
        retryStrategy: { attempts: 1 },
        containerProperties: { image: "nextstrain/base:latest", command: [] },
      },
    ]);
    expect(await expiryOf(aws.s3, "lab-jobs")).toBe(30);

    const changes = { MaxVcpus: "64", DiskSizeGib: "500", TimeoutSeconds: "28800", RetentionDays: "60" };
    const updated = await updateStack(aws.stacks, { ...parameters, ...changes });
    expect(updated.StackStatus).toBe("UPDATE_COMPLETE");
    // Nothing but the definition's revision and the launch template's version is another one.
    const { JobDefinitionArn = "", LaunchTemplateVersion, ...same } = outputsOf(updated);
    expect(made).toMatchObject(same);
    expect(JobDefinitionArn).toMatch(/nextstrain-job:2$/);
    expect(LaunchTemplateVersion).toBe("2");
    expect(await environments(aws.batch)).toMatchObject([
      { computeResources: { maxvCpus: 64, launchTemplate: { version: "2" } } },
    ]);
    expect(await activeDefinitions(aws.batch)).toMatchObject([
      { revision: 2, timeout: { attemptDurationSeconds: 28800 } },
    ]);
    expect(await expiryOf(aws.s3, "lab-jobs")).toBe(60);

    await removeStack(aws.stacks);
    expect(await environments(aws.batch)).toEqual([]);
    expect(await theQueue(aws.batch, "nextstrain-job-queue")).toBeUndefined();
    expect(await activeDefinitions(aws.batch)).toEqual([]);
    expect(await inIam(aws.iam)).toMatchObject({ groups: {}, policies: [] });
    expect(Object.keys((await inIam(aws.iam)).roles)).not.toContain("NextstrainJobsRole");
    const { Buckets = [] } = await aws.s3.send(new s3.ListBucketsCommand({}));
    expect(Buckets.map(({ Name }) => Name)).toEqual(["lab-jobs"]);
  });

  test("what is there already is adopted, and is there still when the stack is gone", async () => {
    await aws.iam.send(new iam.CreateGroupCommand({ GroupName: "lab" }));
    const trust = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    await aws.iam.send(new iam.CreateRoleCommand({ RoleName: "LabJobs", AssumeRolePolicyDocument: trust }));
    const { Policy } = await aws.iam.send(
      new iam.CreatePolicyCommand({
        PolicyName: "NextstrainJobsAccessToLogs",
        PolicyDocument: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "logs:GetLogEvents", Resource: "*" }],
        }),
      }),
    );
    const EfsFileSystemId = await fileSystem(aws.stacks);
    const stack = await createStack(aws.stacks, {
      ...network,
      EfsFileSystemId,
      BucketName: "lab-jobs",
      CreateBucket: "no",
      ExistingJobRole: "LabJobs",
      ExistingGroup: "lab",
      ExistingLogsPolicyArn: Policy?.Arn ?? "",
      CreateListingPolicy: "no",
      DiskKind: "nvme",
      ExtraDiskGib: "100",
      InstanceTypes: "c5d",
      Spot: "yes",
    });
    expect(stack.StackStatus).toBe("CREATE_COMPLETE");
    expect(outputsOf(stack)).toMatchObject({ JobRoleName: "LabJobs", GroupName: "lab" });
    expect(outputsOf(stack)).not.toHaveProperty("ListingPolicyArn");
    expect(await inIam(aws.iam)).toMatchObject({
      roles: { LabJobs: ["NextstrainJobsAccessToBucket"] },
      groups: { lab: ["NextstrainJobsAccessToBatch", "NextstrainJobsAccessToBucket"] },
    });
    const definitions = await activeDefinitions(aws.batch);
    expect(definitions?.map(({ jobDefinitionName }) => jobDefinitionName).sort()).toEqual([
      `${StackName}-efs-clean-up`,
      "nextstrain-job",
    ]);
    expect(await environments(aws.batch)).toMatchObject([
      { computeResources: { type: "SPOT", allocationStrategy: "SPOT_PRICE_CAPACITY_OPTIMIZED" } },
    ]);

    await removeStack(aws.stacks);
    expect(await activeDefinitions(aws.batch)).toEqual([]);
    expect(await inIam(aws.iam)).toMatchObject({
      roles: { LabJobs: [] },
      groups: { lab: [] },
      policies: ["NextstrainJobsAccessToLogs"],
    });
  });
});

function clientsOf(endpoint: string) {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const configuration = { endpoint, region: "us-east-1", credentials };
  return {
    batch: new batch.BatchClient(configuration),
    ec2: new ec2.EC2Client(configuration),
    iam: new iam.IAMClient(configuration),
    s3: new s3.S3Client({ ...configuration, forcePathStyle: true }),
    stacks: new cloudformation.CloudFormationClient(configuration),
  };
}

function request(parameters: Parameters) {
  return {
    StackName,
    TemplateBody: templateText,
    Capabilities: ["CAPABILITY_NAMED_IAM" as const],
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
  };
}

async function createStack(client: cloudformation.CloudFormationClient, parameters: Parameters) {
  await client.send(new cloudformation.CreateStackCommand(request(parameters)));
  return settled(client);
}

async function updateStack(client: cloudformation.CloudFormationClient, parameters: Parameters) {
  await client.send(new cloudformation.UpdateStackCommand(request(parameters)));
  return settled(client);
}

async function removeStack(client: cloudformation.CloudFormationClient): Promise<void> {
  await client.send(new cloudformation.DeleteStackCommand({ StackName }));
  const { StackSummaries = [] } = await client.send(new cloudformation.ListStacksCommand({}));
  const removed = StackSummaries.find((summary) => summary.StackName === StackName);
  expect(removed?.StackStatus).toBe("DELETE_COMPLETE");
}

/** A file system of somebody else's: the mock makes one for another stack. */
async function fileSystem(client: cloudformation.CloudFormationClient): Promise<string> {
  const TemplateBody = JSON.stringify({
    Resources: { Files: { Type: "AWS::EFS::FileSystem" } },
    Outputs: { Id: { Value: { Ref: "Files" } } },
  });
  await client.send(new cloudformation.CreateStackCommand({ StackName: "files", TemplateBody }));
  return outputsOf(await settled(client, "files")).Id ?? "";
}

async function settled(
  client: cloudformation.CloudFormationClient,
  name = StackName,
): Promise<cloudformation.Stack> {
  for (;;) {
    const { Stacks: [stack] = [] } = await client.send(
      new cloudformation.DescribeStacksCommand({ StackName: name }),
    );
    if (stack?.StackStatus?.endsWith("_IN_PROGRESS") === false) return stack;
    await sleep(100);
  }
}

function outputsOf({ Outputs = [] }: cloudformation.Stack): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
}

/** Roles and groups with the names of their managed policies, and the policies that aren't AWS's own. */
async function inIam(client: iam.IAMClient) {
  const names = (attached: readonly iam.AttachedPolicy[] = []) =>
    attached.map(({ PolicyName }) => PolicyName).sort();
  const { Roles = [] } = await client.send(new iam.ListRolesCommand({}));
  const { Groups = [] } = await client.send(new iam.ListGroupsCommand({}));
  const { Policies = [] } = await client.send(new iam.ListPoliciesCommand({ Scope: "Local" }));
  const roles = Roles.map(async ({ RoleName }) => {
    const attached = await client.send(new iam.ListAttachedRolePoliciesCommand({ RoleName }));
    return [RoleName, names(attached.AttachedPolicies)] as const;
  });
  const groups = Groups.map(async ({ GroupName }) => {
    const attached = await client.send(new iam.ListAttachedGroupPoliciesCommand({ GroupName }));
    return [GroupName, names(attached.AttachedPolicies)] as const;
  });
  return {
    roles: Object.fromEntries(await Promise.all(roles)),
    groups: Object.fromEntries(await Promise.all(groups)),
    policies: names(Policies),
  };
}

async function theQueue(client: batch.BatchClient, name: string): Promise<batch.JobQueueDetail | undefined> {
  const { jobQueues = [] } = await client.send(new batch.DescribeJobQueuesCommand({}));
  return jobQueues.find(({ jobQueueName }) => jobQueueName === name);
}

async function environments(client: batch.BatchClient) {
  return (await client.send(new batch.DescribeComputeEnvironmentsCommand({}))).computeEnvironments;
}

async function activeDefinitions(client: batch.BatchClient) {
  return (await client.send(new batch.DescribeJobDefinitionsCommand({ status: "ACTIVE" }))).jobDefinitions;
}

async function expiryOf(client: s3.S3Client, Bucket: string): Promise<number | undefined> {
  const { Rules = [] } = await client.send(new s3.GetBucketLifecycleConfigurationCommand({ Bucket }));
  return Rules.find(({ Expiration }) => Expiration !== undefined)?.Expiration?.Days;
}
