import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as batch from "@aws-sdk/client-batch";
import { DeleteLogGroupCommand, DeleteRetentionPolicyCommand } from "@aws-sdk/client-cloudwatch-logs";
import * as iam from "@aws-sdk/client-iam";
import * as s3 from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/checks/finding.ts";
import {
  type Account,
  allow,
  BUCKET,
  deny,
  ENVIRONMENT,
  environment,
  GROUP,
  LIFECYCLE,
  openAccount,
  QUEUE,
  ROLE,
  trust,
} from "../support/account.ts";
import { cleanEnvironment, runTool } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";

interface Checked {
  readonly exitStatus: number | undefined;
  readonly findings: readonly Finding[];
}

async function checkSetup(
  account: Account,
  {
    args = [],
    env,
  }: {
    args?: readonly string[] | undefined;
    env?: Readonly<Record<string, string>> | undefined;
  } = {},
): Promise<Checked> {
  const result = await account.run(["check-setup", "aws-batch", "--json", ...args], env);
  expect(result.stderr).toBe("");
  const { runtimes } = JSON.parse(result.stdout) as { runtimes: readonly { findings: readonly Finding[] }[] };
  return { exitStatus: result.exitStatus, findings: runtimes[0]?.findings ?? [] };
}

/** All that isn't as it should be, as `mark id`. */
const troubles = ({ findings }: Checked) =>
  findings.filter(({ mark }) => mark !== "ok").map(({ mark, id }) => `${mark} ${id}`);

const lifecycle = (changes: Partial<s3.LifecycleRule>) =>
  new s3.PutBucketLifecycleConfigurationCommand({
    Bucket: BUCKET,
    LifecycleConfiguration: { Rules: [{ ...LIFECYCLE, ...changes }] },
  });

const updateEnvironment = (changes: Omit<batch.UpdateComputeEnvironmentCommandInput, "computeEnvironment">) =>
  new batch.UpdateComputeEnvironmentCommand({ computeEnvironment: ENVIRONMENT, ...changes });

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

interface Broken {
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

const states: readonly Broken[] = [
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
    mend: /s3\.console\.aws\.amazon\.com\/s3\/buckets\/nextstrain-jobs/,
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
    name: "versioning",
    spoil: ({ s3: client }) =>
      client.send(
        new s3.PutBucketVersioningCommand({
          Bucket: BUCKET,
          VersioningConfiguration: { Status: "Enabled" },
        }),
      ),
    found: "caution bucket.versions",
    says: /the variables of each job, and passwords and keys among them, stay there/,
    mend: /put-bucket-versioning .*Suspended/,
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
    found: "caution environments.state",
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
    mend: /--image nextstrain\/base:latest/,
  },
  {
    name: "no time limit",
    spoil: (account) => account.revise({ timeout: undefined }),
    found: "caution definition.timeout",
    says: /"nextstrain-job" has no time limit/,
    mend: /--timeout 4h/,
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
    says: /elsewhere \(\/our\/own\)/,
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
    mend: /--memory \d+mib[\s\S]*--instance-types/,
  },
  {
    name: "a definition with more vCPUs than the queue may use",
    spoil: async (account) =>
      account.revise({
        containerProperties: { ...(await account.container()), resourceRequirements: size(72, 7_400) },
      }),
    found: "wrong size.fits",
    says: /72 vCPUs .* more vCPUs than the 64/,
    mend: /--cpus 64[\s\S]*--max-vcpus 72/,
  },
  {
    name: "logs kept for ever",
    spoil: ({ logs }) => logs.send(new DeleteRetentionPolicyCommand({ logGroupName: GROUP })),
    found: "caution logs.retention",
    says: /kept for ever/,
    mend: /put-retention-policy --log-group-name \/aws\/batch\/job --retention-in-days 30/,
  },
  ...["s3:PutObject", "s3:DeleteObject", "batch:SubmitJob", "batch:DescribeJobs", "logs:GetLogEvents"].map(
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
    found: "wrong permissions.batch.terminatejob",
    says: /You may not stop jobs/,
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

const isKeys = (value: unknown): value is Record<string, string> =>
  typeof value === "object" && value !== null && "AWS_ACCESS_KEY_ID" in value;

describe("check-setup names the one thing that is wrong", () => {
  test("and nothing where all is well", async () => {
    await using account = await openAccount();
    const checked = await checkSetup(account);
    expect(troubles(checked)).toEqual([]);
    expect(checked.findings.length).toBeGreaterThan(15);
    expect(checked.exitStatus).toBe(0);
    const { Contents } = await account.s3.send(new s3.ListObjectsV2Command({ Bucket: BUCKET }));
    expect(Contents).toBeUndefined();
  });

  test("no log group yet is no fault", async () => {
    await using account = await openAccount();
    await account.logs.send(new DeleteLogGroupCommand({ logGroupName: GROUP }));
    expect(troubles(await checkSetup(account))).toEqual([]);
  });

  test.each(states)("$name", async ({ spoil, args, found, says, mend }) => {
    await using account = await openAccount();
    const spoiled = await spoil?.(account);
    const checked = await checkSetup(account, { args, env: isKeys(spoiled) ? spoiled : undefined });
    expect(troubles(checked).join()).toBe(found);
    const finding = checked.findings.find(({ mark }) => mark !== "ok");
    expect(finding?.says).toMatch(says);
    expect(finding?.mend).toMatch(mend);
    expect(checked.exitStatus).toBe(found.startsWith("wrong") ? 1 : 0);
  });
});

/** Runs a build; `trace` is what it left in the bucket, and the jobs that there are. */
async function build(account: Account, options: readonly string[], env?: Record<string, string>) {
  const directory = join(account.local.scratch, "build");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "Snakefile"), "");
  const result = await account.run(
    ["build", "--aws-batch", "--detach", ...options, "--exec", "true", directory],
    env,
  );
  const { Contents = [] } = await account.s3.send(new s3.ListObjectsV2Command({ Bucket: BUCKET }));
  const { jobSummaryList: jobs = [] } = await account.batch.send(
    new batch.ListJobsCommand({
      jobQueue: QUEUE,
      filters: [{ name: "AFTER_CREATED_AT", values: ["0"] }],
    }),
  );
  return { ...result, trace: [...Contents.map(({ Key }) => Key), ...jobs.map(({ jobId }) => jobId)] };
}

/** What is sure to fail. */
const refused = [
  "no bucket of that name",
  "no queue of that name",
  "a disabled queue",
  "a disabled compute environment",
  "an INVALID compute environment",
  "no definition of that name",
  "a definition too large for every computer",
  "a definition with more vCPUs than the queue may use",
  "a user who may not see the definition",
];

describe("preflight", () => {
  test.each(states.filter(({ name }) => refused.includes(name)))(
    "stops a build before anything is submitted: $name",
    async ({ spoil, args, says }) => {
      await using account = await openAccount();
      const spoiled = await spoil?.(account);
      const result = await build(account, args ?? [], isKeys(spoiled) ? spoiled : undefined);
      expect(result.stderr).toMatch(says);
      expect(result.exitStatus).toBe(1);
      expect(result.stdout).not.toMatch(/Submitting job/);
      expect(result.trace).toEqual([]);
    },
  );

  test("sizes the build at hand, not only the definition", async () => {
    await using account = await openAccount();
    const cpus = await build(account, ["--cpus", "65"]);
    expect(cpus.stderr).toMatch(/65 vCPUs .* more vCPUs than the 64 .*\n.*--cpus 64/);
    const memory = await build(account, ["--aws-batch-memory", "300gib"]);
    expect(memory.stderr).toMatch(/307,200 MiB .* largest is c5\.24xlarge/);
    expect([cpus.exitStatus, memory.exitStatus, ...cpus.trace, ...memory.trace]).toEqual([1, 1]);
  });

  test("warns of what may fail, and goes on", async () => {
    await using account = await openAccount();
    await account.batch.send(environment("more-computers"));
    const names = ["more-computers", ENVIRONMENT];
    await account.batch.send(
      new batch.UpdateJobQueueCommand({
        jobQueue: QUEUE,
        computeEnvironmentOrder: names.map((computeEnvironment, order) => ({ order, computeEnvironment })),
      }),
    );
    await account.batch.send(updateEnvironment({ state: "DISABLED" }));
    const result = await build(account, ["--memory", "190000mib"]);
    expect(result.stderr).toMatch(/^Warning: The compute environment "lab-computers" .* is disabled/m);
    expect(result.stderr).toMatch(/^Warning: A job asks for .* It may wait for ever\./m);
    expect(result.stdout).toMatch(/^AWS Batch Job ID: /m);
    expect(result.exitStatus).toBe(0);
  });

  test("passes over in silence what the user may not ask", async () => {
    await using account = await openAccount();
    const keys = await account.user(
      allow("*"),
      deny(["batch:DescribeJobQueues", "batch:DescribeComputeEnvironments"]),
    );
    const result = await build(account, ["--cpus", "1000"], keys);
    expect(result.stderr).toBe("");
    expect(result.stdout).toMatch(/^AWS Batch Job ID: /m);
  });
});

describe("under the three policies of the users' guide", () => {
  test("check-setup names the permissions for what it can't see, and builds go on as ever", async () => {
    await using account = await openAccount();
    const directory = fileURLToPath(new URL("../fixtures/policies", import.meta.url));
    const files = await readdir(directory);
    const policies = await Promise.all(
      files.map(async (file) => JSON.parse(await readFile(join(directory, file), "utf8")) as object),
    );
    const keys = await account.user(...policies);
    const checked = await checkSetup(account, { env: keys });
    const missing = checked.findings.filter(({ mark }) => mark !== "ok");
    expect(missing.map(({ mark }) => mark)).toEqual(missing.map(() => "unknown"));
    const said = missing.map(({ says }) => says).join("\n");
    for (const permission of [
      ...["s3:GetBucketPublicAccessBlock", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration"],
      ...["s3:GetBucketVersioning", "batch:DescribeComputeEnvironments", "logs:DescribeLogGroups"],
      ...["iam:GetRole", "iam:SimulatePrincipalPolicy"],
    ]) {
      expect(said).toContain(permission);
    }
    const allowed = checked.findings.find(({ id }) => id === "permissions")?.says;
    expect(allowed).toMatch(
      /s3:PutObject, s3:GetObject, s3:DeleteObject, batch:DescribeJobs and logs:GetLogEvents/,
    );
    expect(checked.exitStatus).toBe(0);

    const built = await build(account, [], keys);
    expect(built.stderr).toBe("");
    expect(built.exitStatus).toBe(0);
  });
});

describe("check-setup", () => {
  test("shows signs, next steps, and a line that sums up", async () => {
    await using account = await openAccount();
    await account.batch.send(new batch.UpdateJobQueueCommand({ jobQueue: QUEUE, state: "DISABLED" }));
    await account.logs.send(new DeleteRetentionPolicyCommand({ logGroupName: GROUP }));
    const { stdout, stderr, exitStatus } = await account.run(["check-setup", "aws-batch"]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^aws-batch:\n {2}✔ AWS knows you as /);
    expect(stdout).toContain(
      [
        '  ✘ The job queue "nextstrain-job-queue" (from the default) is disabled: it',
        "    takes no jobs.",
        "      Enable it:",
        "        aws --region us-east-1 batch update-job-queue --job-queue nextstrain-job-queue --state ENABLED",
      ].join("\n"),
    );
    expect(stdout).toMatch(/^ {2}⚑ The logs of jobs are kept for ever/m);
    expect(stdout).toMatch(/\naws-batch doesn't work: 1 ✘, 1 ⚑\n$/);
    expect(exitStatus).toBe(1);
  });

  test("--set-default makes the first runtime that works the default, and only such a one", async () => {
    await using account = await openAccount();
    const broken = await account.run([
      "check-setup",
      "aws-batch",
      "--set-default",
      "--aws-batch-queue",
      "none",
    ]);
    expect(broken.stdout).toMatch(/None of them works: the default stays as it is\.\n$/);
    expect(broken.exitStatus).toBe(1);
    const config = join(account.local.env.NEXTSTRAIN_HOME ?? "", "config");
    await expect(readFile(config, "utf8")).rejects.toThrow("ENOENT");
    const result = await account.run(["check-setup", "aws-batch", "--set-default"]);
    expect(result.stdout).toContain(`Builds run with aws-batch from now on (core.runner in ${config}).`);
    expect(await readFile(config, "utf8")).toBe("[core]\nrunner = aws-batch\n");
    expect(result.exitStatus).toBe(0);
  });

  test("local AWS is checked for what matters there, without keys or an account", async () => {
    await using account = await openAccount();
    const args = ["check-setup", "aws-batch", "--local-aws"];
    const well = await account.run(args, {});
    expect(well.stdout).not.toMatch(/[✘⚑?]/);
    expect(well.stdout).toMatch(/\naws-batch works\n$/);
    const missing = await account.run([...args, "--aws-batch-queue", "none"], {});
    expect(missing.stdout).toContain('(eval "$(nextstrain local-aws env)"; aws batch describe-job-queues');
    expect(missing.stdout).not.toContain("setup aws-batch");
    expect(missing.exitStatus).toBe(1);
  });

  test.each([
    ["an unknown runtime", ["podman"], /There is no runtime "podman"\.\n.*docker/],
    [
      "a bucket's name that can be none",
      ["--aws-batch-s3-bucket", "My Bucket"],
      /not the name of an S3 bucket/,
    ],
  ])("%s is a mistake in the command", async (_, args, message) => {
    await using temporary = await tempDir();
    const result = await runTool(["check-setup", ...args], { env: cleanEnvironment(temporary.path) });
    expect(result.stderr).toMatch(message);
    expect(result.exitStatus).toBe(2);
  });
});
