import * as batch from "@aws-sdk/client-batch";
import { CloudWatchLogsClient, PutRetentionPolicyCommand } from "@aws-sdk/client-cloudwatch-logs";
import * as iam from "@aws-sdk/client-iam";
import * as s3 from "@aws-sdk/client-s3";
import { startLocalAws, type TestLocalAws } from "./local-aws.ts";
import { runTool, type ToolResult } from "./run-tool.ts";

export const BUCKET = "nextstrain-jobs";
export const QUEUE = "nextstrain-job-queue";
const DEFINITION = "nextstrain-job";
export const ENVIRONMENT = "lab-computers";
export const ROLE = "LabJobsRole";
export const GROUP = "/aws/batch/job";
const ROLE_ARN = `arn:aws:iam::123456789012:role/${ROLE}`;

/** An account as it should be, on a local AWS of its own, and clients of its owner. */
export interface Account extends AsyncDisposable {
  readonly local: TestLocalAws;
  readonly s3: s3.S3Client;
  readonly batch: batch.BatchClient;
  readonly iam: iam.IAMClient;
  readonly logs: CloudWatchLogsClient;
  /** The owner's keys. */
  readonly keys: Readonly<Record<string, string>>;
  /** `nextstrain …`, as in a real account: by endpoint and keys in the environment. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<ToolResult>;
  /** Makes a user with these policies (documents); returns its keys, for `run`. */
  user(...policies: readonly object[]): Promise<Record<string, string>>;
  /** Registers a revision of the definition, with changes to its latest one. */
  revise(changes: Partial<batch.RegisterJobDefinitionCommandInput>): Promise<void>;
  /** The definition's latest revision. */
  latest(): Promise<batch.JobDefinition>;
  /** The container of the latest revision. */
  container(): Promise<batch.ContainerProperties>;
}

/** Some accounts demand them. */
const TAGS = { project: "zika" };

/** A lifecycle rule as the users' guide has it, and one for uploads that broke off. */
export const LIFECYCLE: s3.LifecycleRule = {
  Status: "Enabled",
  Filter: { Prefix: "" },
  Expiration: { Days: 30 },
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
};

export const allow = (action: string | readonly string[], resource = "*") =>
  policy({ Effect: "Allow", Action: action, Resource: resource });
export const deny = (action: string | readonly string[]) =>
  policy({ Effect: "Deny", Action: action, Resource: "*" });
const policy = (statement: object) => ({ Version: "2012-10-17", Statement: [statement] });

export const trust = (service: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });

/** @param traits what it has other than most accounts: `local-aws start --account` */
export async function openAccount(...traits: readonly string[]): Promise<Account> {
  const local = await startLocalAws(...traits.flatMap((trait) => ["--account", trait]));
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = local.clientEnv;
  const keys = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
  const configuration = {
    endpoint: local.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
  };
  const clients = {
    s3: new s3.S3Client({ ...configuration, forcePathStyle: true }),
    batch: new batch.BatchClient(configuration),
    iam: new iam.IAMClient(configuration),
    logs: new CloudWatchLogsClient(configuration),
  };
  const latest = async () => {
    const { jobDefinitions = [] } = await clients.batch.send(
      new batch.DescribeJobDefinitionsCommand({ jobDefinitionName: DEFINITION, status: "ACTIVE" }),
    );
    const found = jobDefinitions.toSorted((a, b) => (b.revision ?? 0) - (a.revision ?? 0))[0];
    if (found === undefined) throw new Error("there is no definition");
    return found;
  };
  const account: Account = {
    local,
    ...clients,
    keys,
    run: (args, env = keys) =>
      runTool(args, {
        env: {
          ...local.env,
          AWS_ENDPOINT_URL: local.endpoint,
          AWS_DEFAULT_REGION: "us-east-1",
          ...env,
        },
        cwd: local.scratch,
      }),
    async user(...policies) {
      const UserName = "scientist";
      await clients.iam.send(new iam.CreateUserCommand({ UserName }));
      for (const [index, document] of policies.entries()) {
        const PolicyDocument = JSON.stringify(document);
        const PolicyName = `p${index}`;
        await clients.iam.send(new iam.PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument }));
      }
      const { AccessKey } = await clients.iam.send(new iam.CreateAccessKeyCommand({ UserName }));
      return {
        AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? "",
        AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? "",
      };
    },
    async revise(changes) {
      const { containerProperties, ecsProperties, retryStrategy, timeout } = await latest();
      await clients.batch.send(
        new batch.RegisterJobDefinitionCommand({
          ...{ tags: TAGS, jobDefinitionName: DEFINITION, type: "container" },
          ...{ containerProperties, ecsProperties, retryStrategy, timeout },
          ...changes,
        }),
      );
    },
    latest,
    container: async () => (await latest()).containerProperties ?? { image: "" },
    async [Symbol.asyncDispose]() {
      for (const client of Object.values(clients)) client.destroy();
      await local[Symbol.asyncDispose]();
    },
  };
  await setUp(account);
  return account;
}

/** The users' guide, step by step, where local AWS has not taken it already. */
async function setUp(account: Account): Promise<void> {
  await account.s3.send(
    new s3.PutBucketLifecycleConfigurationCommand({
      Bucket: BUCKET,
      LifecycleConfiguration: { Rules: [LIFECYCLE] },
    }),
  );
  await account.logs.send(new PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 30 }));
  await account.iam.send(
    new iam.CreateRoleCommand({
      RoleName: ROLE,
      AssumeRolePolicyDocument: trust("ecs-tasks.amazonaws.com"),
    }),
  );
  await account.iam.send(
    new iam.PutRolePolicyCommand({
      ...{ RoleName: ROLE, PolicyName: "bucket" },
      PolicyDocument: JSON.stringify(allow("s3:*", `arn:aws:s3:::${BUCKET}*`)),
    }),
  );
  await account.revise(withRole(await account.latest()));
  await account.batch.send(environment(ENVIRONMENT));
  await account.batch.send(
    new batch.UpdateJobQueueCommand({
      jobQueue: QUEUE,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: ENVIRONMENT }],
      jobStateTimeLimitActions: [
        {
          reason: "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
          state: "RUNNABLE",
          maxTimeSeconds: 3600,
          action: "CANCEL",
        },
      ],
    }),
  );
}

/** A definition's container, in the form it is in, with the role. */
function withRole({
  containerProperties,
  ecsProperties,
}: batch.JobDefinition): Partial<batch.RegisterJobDefinitionCommandInput> {
  if (containerProperties !== undefined) {
    return { containerProperties: { ...containerProperties, jobRoleArn: ROLE_ARN } };
  }
  const tasks = ecsProperties?.taskProperties ?? [];
  return { ecsProperties: { taskProperties: tasks.map((task) => ({ ...task, taskRoleArn: ROLE_ARN })) } };
}

/** A managed compute environment of c5 computers. */
export function environment(name: string): batch.CreateComputeEnvironmentCommand {
  return new batch.CreateComputeEnvironmentCommand({
    computeEnvironmentName: name,
    type: "MANAGED",
    computeResources: {
      ...{ type: "EC2", minvCpus: 0, maxvCpus: 64, instanceTypes: ["c5"] },
      ...{ subnets: ["subnet-1"], instanceRole: "ecsInstanceRole" },
    },
    tags: TAGS,
  });
}
