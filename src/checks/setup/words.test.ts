import { expect, test } from "vitest";
import { type Refusal, readRefusal, UNEXPLAINED } from "../../aws/refusal.ts";
import { RegionOffError } from "../../aws/region-off.ts";
import { UserError } from "../../errors.ts";
import type { Decision } from "../facts/simulation.ts";
import type { Facts } from "../facts.ts";
import type { Finding } from "../finding.ts";
import {
  absent,
  allowances,
  DEFINITION,
  denied,
  environment,
  factsOf,
  LIFECYCLE,
  QUEUE,
  seen,
} from "../testing/healthy.ts";
import { examineSetup } from "./table.ts";

const ROLE = {
  name: "NextstrainJobsRole",
  arn: "arn:aws:iam::123456789012:role/NextstrainJobsRole",
  trusted: ["ecs-tasks.amazonaws.com"],
};

const WHO = "User: arn:aws:iam::123456789012:user/scientist is not authorized to perform:";

const DENIED_UPLOAD = readRefusal(
  `${WHO} s3:PutObject on resource: "arn:aws:s3:::lab-jobs/x" with an explicit deny in a resource-based policy`,
);

const simulated = (effect: Refusal["effect"], policy: Refusal["policy"]): Decision => ({
  kind: "refused",
  refusal: { ...UNEXPLAINED, action: "s3:PutObject", effect, policy },
});

const elsewhere = (region: string): Partial<Facts> => ({
  aws: { ...factsOf().aws, region: { value: region, source: "AWS_DEFAULT_REGION" } },
  bucket: seen({ region }),
});

const failed = (message: string, hint: string) => async () => {
  const cause = Object.assign(new Error(message), { name: "CredentialsProviderError" });
  const error = new UserError(message, { hint, cause });
  return { kind: "failed", reason: message, error } as const;
};

const definition = (changes: Partial<typeof DEFINITION>) => ({
  definition: seen({ ...DEFINITION, ...changes }),
});
const container = (changes: Partial<typeof DEFINITION.container>) =>
  definition({ container: { ...DEFINITION.container, ...changes } });
/** A definition for Fargate, of a size that it has. */
const onFargate = (
  changes: Partial<typeof DEFINITION>,
  inContainer: Partial<typeof DEFINITION.container> = {},
) =>
  definition({
    ...{ onFargate: true, vcpus: 4, memoryMib: 8_192 },
    ...changes,
    container: {
      ...DEFINITION.container,
      ...{ executionRoleArn: "arn:aws:iam::123456789012:role/ecsTaskExecutionRole", diskGib: 100 },
      ...inContainer,
    },
  });
const lifecycle = (changes: Partial<typeof LIFECYCLE>) => ({
  bucketLifecycle: seen({ ...LIFECYCLE, ...changes }),
});
const environments = (...all: Parameters<typeof environment>[0][]) => ({
  environments: seen(all.map((one) => environment(one))),
});

/** One thing different each. */
const cases: Readonly<Record<string, Partial<Facts>>> = {
  "all is well": {},
  "no credentials": { identity: failed("No AWS credentials were found.", "Set AWS_ACCESS_KEY_ID and …") },
  "the account's root user": {
    identity: seen({ account: "123456789012", arn: "arn:aws:iam::123456789012:root", expiresAt: undefined }),
  },
  "credentials that end": {
    identity: seen({
      account: "123456789012",
      arn: "arn:aws:sts::123456789012:assumed-role/Scientist/me",
      expiresAt: Date.UTC(2026, 10, 22, 18, 4),
    }),
  },
  "no bucket": { bucket: absent },
  "a bucket of somebody else's": {
    bucket: denied("s3:ListBucket"),
    permissions: seen(allowances({ kind: "refused" }).set("batch:SubmitJob", { kind: "allowed" })),
  },
  "a bucket that can't be listed": { bucket: denied("s3:ListBucket") },
  "a bucket elsewhere": { bucket: seen({ region: "eu-west-1" }) },
  "an open bucket": { bucketAccess: seen("public") },
  "a bucket that may be opened": { bucketAccess: seen("private") },
  "access that can't be seen": { bucketAccess: denied("s3:GetBucketPublicAccessBlock") },
  "a bucket that isn't encrypted": { bucketEncryption: absent },
  "a bucket that keeps all": lifecycle({ expiresAfter: undefined, abortsAfter: undefined, rules: 0 }),
  "a bucket that keeps all, with other rules": lifecycle({ expiresAfter: undefined }),
  "a bucket that keeps long": lifecycle({ expiresAfter: 400 }),
  "a bucket that keeps for too short a time": lifecycle({ expiresAfter: 2 }),
  "a bucket that keeps broken uploads": lifecycle({ abortsAfter: undefined }),
  "a bucket that keeps versions": { bucketVersioning: seen(true) },
  "no queue": { queue: absent, environments: absent },
  "no queue of a name given": {
    queue: absent,
    environments: absent,
    names: { ...factsOf().names, queue: { value: "ours", source: "--aws-batch-queue" } },
  },
  "a queue that can't be seen": {
    queue: denied("batch:DescribeJobQueues"),
    environments: denied("batch:DescribeJobQueues"),
  },
  "a queue that AWS doesn't tell of": {
    queue: failed("Could not look up the job queue: AWS can't be reached.", "Check the network."),
  },
  "a disabled queue": { queue: seen({ ...QUEUE, isEnabled: false }) },
  "an invalid queue": { queue: seen({ ...QUEUE, status: "INVALID", statusReason: "CLIENT_ERROR - x" }) },
  "a queue with nothing to run on": { queue: seen({ ...QUEUE, environments: [] }) },
  "a queue that never gives up": { queue: seen({ ...QUEUE, givesUp: false }) },
  "a queue on Kubernetes": { queue: seen({ ...QUEUE, runsContainers: false }) },
  "a queue with fair shares, and no share": {
    queue: seen({ ...QUEUE, schedulingPolicy: "arn:aws:batch:us-east-1:123456789012:scheduling-policy/lab" }),
  },
  "a share for a queue without": {
    asked: {
      share: { value: "zika", source: "NEXTSTRAIN_AWS_BATCH_SHARE" },
      priority: { value: 5, source: "--aws-batch-priority" },
    },
  },
  "environments that can't be seen": { environments: denied("batch:DescribeComputeEnvironments") },
  "environments that are gone": environments(),
  "a disabled environment": environments({ isEnabled: false }),
  "one of two disabled": environments({ isEnabled: false }, { name: "spot" }),
  "an invalid environment": environments({ status: "INVALID", statusReason: "INTERNAL_ERROR - x" }),
  "an environment on Kubernetes": environments({ runsContainers: false }),
  "computers that run without jobs": environments({ resources: { minVcpus: 8 } }),
  "a template's latest version": environments({
    resources: { launchTemplate: { name: "lab-disks", version: "$Latest" } },
  }),
  "no definition": { definition: absent },
  "a definition that can't be seen": { definition: denied("batch:DescribeJobDefinitions") },
  "a definition of another kind": container({ form: { kind: "several" } }),
  "a definition for Kubernetes": container({ form: { kind: "eks" } }),
  "Fargate, with all it wants": onFargate({}),
  "Fargate, with a size that it hasn't": onFargate({ memoryMib: 7_400 }),
  "Fargate, with a size larger than any": onFargate({ vcpus: 32 }),
  "Fargate, with a disk as it comes": onFargate({}, { diskGib: undefined }),
  "Fargate, without an execution role": onFargate({}, { executionRoleArn: undefined }),
  "an old image": definition({ image: "nextstrain/base:build-20220101T000000Z" }),
  "no role": definition({ roleArn: undefined }),
  "no time limit": definition({ timeoutSeconds: undefined }),
  "three attempts": definition({ attempts: 3 }),
  "three attempts on Spot instances": definition({
    attempts: 3,
    detail: {
      ...DEFINITION.detail,
      retryStrategy: {
        attempts: 3,
        evaluateOnExit: [
          { onStatusReason: "Host EC2*", action: "RETRY" },
          { onReason: "*", action: "EXIT" },
        ],
      },
    },
  }),
  "a log elsewhere": definition({ log: { kind: "elsewhere", where: "the log driver splunk" } }),
  "a log in another group": definition({ log: { kind: "group", group: "/lab", prefix: undefined } }),
  "too many vCPUs for the queue": {
    ...environments({ resources: { maxVcpus: 64 } }),
    ...definition({ vcpus: 72 }),
  },
  "too many vCPUs for any computer": definition({ vcpus: 300 }),
  "perhaps too much memory for the types there are": {
    ...environments({ resources: { instanceTypes: ["c5.xlarge"] } }),
    ...definition({ memoryMib: 7_600 }),
  },
  "too much memory for any computer": definition({ memoryMib: 300_000 }),
  "too much for the types there are": {
    ...environments({ resources: { instanceTypes: ["c5.xlarge"] } }),
    ...definition({ vcpus: 8, memoryMib: 15_200 }),
  },
  "perhaps too much memory": definition({ memoryMib: 190_000 }),
  "a role that isn't there": { role: absent },
  "a role that can't be seen": {
    role: denied("iam:GetRole"),
    roleAccess: denied("iam:SimulatePrincipalPolicy"),
  },
  "a role that jobs aren't given": { role: seen({ ...ROLE, trusted: ["ec2.amazonaws.com"] }) },
  "a role that may not write": {
    roleAccess: seen(
      new Map<string, Decision>([
        ["s3:GetObject", { kind: "allowed" }],
        ["s3:PutObject", simulated("missing allow", "identity")],
      ]),
    ),
  },
  "a role that the bucket's own policy may allow to write": {
    roleAccess: seen(new Map([["s3:PutObject", simulated("missing allow", "identity")]])),
    bucketPolicy: seen(false),
  },
  "a role that a policy denies to write": {
    roleAccess: seen(new Map([["s3:PutObject", simulated("explicit deny", "service control")]])),
    bucketPolicy: seen(false),
  },
  "a queue that an organisation hides": {
    queue: denied(
      "batch:DescribeJobQueues",
      readRefusal(`${WHO} batch:DescribeJobQueues with an explicit deny in a service control policy`),
    ),
    environments: denied("batch:DescribeJobQueues"),
  },
  "a bucket that denies uploads": {
    permissions: seen(
      allowances({ kind: "allowed" }).set("s3:PutObject", {
        kind: "refused",
        permission: "s3:PutObject",
        refusal: DENIED_UPLOAD,
      }),
    ),
  },
  "a bucket that demands headers which are not set": {
    uploadHeaders: seen({ kind: "demanded", algorithm: "aws:kms", refusal: DENIED_UPLOAD } as const),
  },
  "a bucket that demands the headers which are set": {
    aws: {
      ...factsOf().aws,
      encryption: { algorithm: "AES256", keyId: undefined },
    },
    uploadHeaders: seen({ kind: "demanded", algorithm: "AES256", refusal: DENIED_UPLOAD } as const),
  },
  "the console in China": {
    ...elsewhere("cn-north-1"),
    ...definition({ roleArn: undefined }),
    ...lifecycle({ expiresAfter: undefined }),
  },
  "the console in GovCloud": {
    ...elsewhere("us-gov-west-1"),
    identity: seen({ account: "1", arn: "arn:aws-us-gov:iam::1:root", expiresAt: undefined }),
    ...lifecycle({ expiresAfter: undefined }),
  },
  "a region that is off": {
    ...elsewhere("ap-east-1"),
    identity: async () => {
      const error = new RegionOffError("The region is off.", { hint: "Turn it on." });
      return { kind: "failed", reason: error.message, error } as const;
    },
  },
  "no log group yet": { logGroup: absent },
  "logs that are kept": { logGroup: seen({ retentionDays: undefined }) },
  "a log group that can't be seen": { logGroup: denied("logs:DescribeLogGroups") },
  "nothing allowed": { permissions: seen(allowances({ kind: "refused" })) },
  "a bucket's key that may not be used": {
    permissions: seen(
      allowances({ kind: "allowed" }).set("s3:PutObject", {
        kind: "refused",
        permission: "kms:GenerateDataKey",
      }),
    ),
  },
  "tags that may not be given": {
    permissions: seen(allowances({ kind: "allowed" }).set("batch:TagResource", { kind: "refused" })),
  },
  "nothing known of permissions": {
    permissions: seen(allowances({ kind: "untold", permission: "iam:SimulatePrincipalPolicy" })),
  },
};

const all = await Promise.all(
  Object.entries(cases).map(async ([name, changes]) => [name, await examineSetup(factsOf(changes))] as const),
);

test("the words", async () => {
  const shown = all.map(([name, findings]) => {
    const told = findings.filter(
      ({ id, mark }) => name === "all is well" || mark !== "ok" || id === "credentials.expiry",
    );
    return [`# ${name}`, ...told.map(show)].join("\n");
  });
  await expect(`${shown.join("\n\n")}\n`).toMatchFileSnapshot("words.txt");
});

function show({ id, mark, says, mend }: Finding): string {
  return [
    `${mark} (${id}) ${says}`,
    ...(mend === undefined ? [] : mend.split("\n").map((line) => `  ${line}`)),
  ].join("\n");
}

test.each(all)("%s: every line is a sentence, and what isn't right has a next step", (_, findings) => {
  for (const { mark, says, mend } of findings) {
    expect(says).toMatch(/^[A-Z].*([.)]| x)$/);
    if (mark === "ok") expect(mend).toBeUndefined();
    else expect(mend).toMatch(/\S/);
  }
  expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
});
