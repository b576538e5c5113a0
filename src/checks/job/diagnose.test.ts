import { describe, expect, test } from "vitest";
import type { Job, JobAttempt } from "../../aws/batch.ts";
import { diagnose, symptoms } from "./diagnose.ts";
import type { JobEvidence } from "./evidence.ts";
import { makeEnvironment, makeEvidence, makeJob, makeQueue, seen } from "./testing.ts";

type Fields = Partial<JobEvidence> & { readonly job?: Job };

const failed = (fields: Partial<Job>, evidence: Fields = {}) =>
  makeEvidence({ job: makeJob(fields), ...evidence });
const ended = (exitCode: number, evidence: Fields = {}) =>
  failed({ exitCode, statusReason: "Essential container in task exited" }, evidence);
const notStarted = (reason: string) =>
  failed({ startedAt: undefined, statusReason: "Task failed to start", reason });
const waiting = (statusReason: string | undefined, evidence: Fields = {}, fields: Partial<Job> = {}) =>
  makeEvidence({
    job: makeJob({ status: "RUNNABLE", startedAt: undefined, stoppedAt: undefined, statusReason, ...fields }),
    queue: seen(makeQueue()),
    environments: seen([makeEnvironment(["c5"])]),
    ...evidence,
  });
const unseen = { queue: undefined, environments: undefined };

const pullError = (message: string) => notStarted(`CannotPullContainerError: ${message}`);
const s3Error = (code: string, operation = "GetObject") =>
  `fatal error: An error occurred (${code}) when calling the ${operation} operation: Key "run.zip" does not exist`;
const attempt: JobAttempt = {
  exitCode: 1,
  reason: undefined,
  statusReason: "Essential container in task exited",
};

/** AWS's own texts, as its documentation and users' reports have them, and the symptom that each is. */
const states: readonly (readonly [symptom: string, state: string, evidence: JobEvidence])[] = [
  ["time-limit", "attempt over its limit", failed({ statusReason: "Job attempt duration exceeded timeout" })],
  [
    "time-limit",
    "on this computer",
    failed({ statusReason: "Job attempt duration exceeded timeout" }, { isLocal: true }),
  ],
  [
    "time-limit",
    "limit of 90 seconds",
    failed({
      statusReason: "Job attempt duration exceeded timeout",
      container: { image: "i", vcpus: 1, memoryMib: 1, timeoutSeconds: 90, roleArn: undefined },
    }),
  ],
  [
    "overrides-too-long",
    "overrides",
    failed({ startedAt: undefined, statusReason: "Container Overrides length must be at most 8192" }),
  ],
  [
    "out-of-disk",
    "while the image is fetched",
    pullError(
      "failed to register layer: Error processing tar file(exit status 1): write /x: no space left on device",
    ),
  ],
  [
    "out-of-disk",
    "while the program runs",
    ended(1, { logEnd: ["OSError: [Errno 28] No space left on device"] }),
  ],
  [
    "out-of-disk",
    "by a rule's log, on this computer",
    ended(1, { failedRules: ["align"], ruleLogs: ["write error: No space left on device"], isLocal: true }),
  ],
  [
    "image-rate-limit",
    "Docker Hub's limit",
    pullError(
      "ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/nextstrain/base/manifests/sha256:6: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
    ),
  ],
  [
    "image-not-found",
    "no such tag",
    pullError(
      "pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/nextstrain/base:nope: docker.io/nextstrain/base:nope: not found",
    ),
  ],
  [
    "image-not-found",
    "no such tag, older words",
    pullError("Error response from daemon: manifest for nextstrain/base:nope not found: manifest unknown"),
  ],
  [
    "image-denied",
    "private",
    pullError(
      "Error response from daemon: pull access denied for x/y, repository does not exist or may require 'docker login'",
    ),
  ],
  [
    "image-denied",
    "private, newer words",
    pullError(
      "ref pull has been retried 1 time(s): failed to resolve ref docker.io/x/y:latest: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
    ),
  ],
  [
    "image-denied",
    "of the account's own registry",
    pullError(
      "ref pull has been retried 1 time(s): failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/base:1: pulling from host 123456789012.dkr.ecr.us-east-1.amazonaws.com failed with status code [manifests 1]: 403 Forbidden",
    ),
  ],
  [
    "image-unreachable",
    "no way out",
    pullError(
      'Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    ),
  ],
  [
    "image-unreachable",
    "no way out, newer words",
    pullError(
      'ref pull has been retried 5 time(s): failed to resolve ref docker.io/nextstrain/base:latest: failed to do request: Head "https://registry-1.docker.io/v2/nextstrain/base/manifests/latest": dial tcp 3.216.34.172:443: i/o timeout',
    ),
  ],
  ["image-not-pulled", "another reason", pullError('image operating system "windows" cannot be used')],
  [
    "docker-timeout",
    "slow disk",
    notStarted("DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s"),
  ],
  [
    "no-entrypoint",
    "another image",
    notStarted(
      'CannotStartContainerError: Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/sbin/entrypoint-aws-batch": stat /sbin/entrypoint-aws-batch: no such file or directory: unknown',
    ),
  ],
  [
    "out-of-memory",
    "exit status 137",
    failed({ exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" }),
  ],
  [
    "out-of-memory",
    "exit status 1, on large computers only",
    failed(
      { exitCode: 1, reason: "OutOfMemoryError: Container killed due to memory usage" },
      { environments: seen([makeEnvironment(["r5"])]) },
    ),
  ],
  [
    "out-of-memory",
    "no larger computer",
    failed(
      { exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" },
      { environments: seen([makeEnvironment(["c5.xlarge"])]) },
    ),
  ],
  ["host-lost", "spot", failed({ statusReason: "Host EC2 (instance i-0c7f2a1b) terminated." })],
  [
    "host-lost",
    "three times",
    failed({
      statusReason: "Host EC2 (instance i-0c7f2a1b) terminated.",
      attempts: [attempt, attempt, attempt],
    }),
  ],
  [
    "cannot-start",
    "another reason",
    notStarted("ResourceInitializationError: failed to invoke EFS utils commands"),
  ],
  [
    "definition-gone",
    "deregistered",
    failed({ startedAt: undefined, statusReason: "Job definition nextstrain-job:3 is not ACTIVE." }),
  ],
  ["stopped", "by somebody", failed({ exitCode: 137, statusReason: "Too expensive", wasStopped: true })],
  [
    "queue-gave-up",
    "no capacity",
    failed({
      startedAt: undefined,
      statusReason:
        "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
      wasStopped: true,
    }),
  ],
  [
    "queue-gave-up",
    "too big",
    failed({
      startedAt: undefined,
      statusReason:
        "Canceled by JobStateTimeLimit action due to reason: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
    }),
  ],
  [
    "no-role",
    "no credentials",
    failed(
      {
        exitCode: 1,
        container: { image: "i", vcpus: 1, memoryMib: 1, timeoutSeconds: 90, roleArn: undefined },
      },
      { step: "fetching the directory", logEnd: ["fatal error: Unable to locate credentials"] },
    ),
  ],
  [
    "no-role",
    "a role, and no credentials",
    ended(1, { step: "fetching the directory", logEnd: ["fatal error: Unable to locate credentials"] }),
  ],
  [
    "variables-gone",
    "the only attempt",
    ended(1, { step: "variables", logEnd: [s3Error("404", "HeadObject")] }),
  ],
  [
    "variables-gone",
    "a second attempt",
    failed(
      { exitCode: 1, attempts: [attempt, attempt] },
      { step: "variables", logEnd: [s3Error("404", "HeadObject")] },
    ),
  ],
  [
    "directory-gone",
    "deleted",
    ended(1, { step: "fetching the directory", logEnd: [s3Error("404", "HeadObject")] }),
  ],
  [
    "bucket-denied",
    "reading",
    ended(1, {
      step: "fetching the directory",
      logEnd: ["fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden"],
    }),
  ],
  [
    "bucket-denied",
    "by its key",
    ended(1, {
      step: "storing the results",
      logEnd: [
        "upload failed: ../build.zip to s3://nextstrain-jobs/run.zip An error occurred (AccessDenied) when calling the PutObject operation: User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: kms:GenerateDataKey on resource: z",
      ],
    }),
  ],
  [
    "bucket-denied",
    "writing",
    ended(1, {
      step: "storing the results",
      logEnd: [
        "upload failed: ../build.zip to s3://nextstrain-jobs/run.zip An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
      ],
    }),
  ],
  [
    "results-not-stored",
    "expired",
    ended(1, {
      step: "storing the results",
      logEnd: [
        "upload failed: ../build.zip to s3://nextstrain-jobs/run.zip An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.",
      ],
    }),
  ],
  [
    "directory-not-fetched",
    "another reason",
    ended(1, {
      step: "fetching the directory",
      logEnd: ["fatal error: An error occurred (InternalError) when calling the GetObject operation: x"],
    }),
  ],
  [
    "directory-not-unpacked",
    "damaged",
    ended(9, {
      step: "unpacking the directory",
      logEnd: ["  End-of-central-directory signature not found."],
    }),
  ],
  [
    "results-unreadable",
    "no permission",
    ended(18, {
      step: "packing the results",
      logEnd: [
        "zip warning: Permission denied",
        "zip warning: could not open for reading: results/private.txt",
      ],
    }),
  ],
  ["killed", "no reason given", ended(137, { step: "running the program" })],
  ["killed", "on this computer", ended(137, { step: "running the program", isLocal: true })],
  [
    "program-out-of-memory",
    "bash tells of a child",
    ended(1, {
      failedRules: ["align"],
      logEnd: ["/usr/bin/bash: line 1:  4711 Killed                  augur align --nthreads 4"],
    }),
  ],
  [
    "program-out-of-memory",
    "Augur tells of one that it ran",
    ended(1, {
      failedRules: ["tree"],
      ruleLogs: [
        "ERROR: Shell exited from fatal signal SIGKILL when running: iqtree2 -T 4 -s aligned.fasta",
        "The OS may have terminated the command due to an out-of-memory condition.",
      ],
    }),
  ],
  [
    "program-out-of-memory",
    "NumPy",
    ended(1, {
      failedRules: ["filter"],
      logEnd: ["numpy._core._exceptions._ArrayMemoryError: Unable to allocate 8.00 GiB for an array"],
    }),
  ],
  [
    "program-out-of-memory",
    "R",
    ended(1, { failedRules: ["plot"], logEnd: ["Error: cannot allocate vector of size 7.5 Gb"] }),
  ],
  ["program-not-found", "snakemake missing", ended(127)],
  ["program-not-found", "on this computer", ended(127, { isLocal: true, withoutImage: true })],
  ["program-not-executable", "a script", ended(126)],
  ["other-failure", "new words", failed({ startedAt: undefined, statusReason: "Something new." })],
  ["rules-failed", "one rule", ended(1, { failedRules: ["align"] })],
  ["rules-failed", "many rules", ended(1, { failedRules: ["a", "b", "c", "d", "e", "f", "g"] })],

  [
    "too-big",
    "AWS says so",
    waiting(
      "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job queue.",
      unseen,
    ),
  ],
  [
    "too-big",
    "AWS has not said so yet",
    waiting(undefined, { environments: seen([makeEnvironment(["c5.large"])]) }),
  ],
  [
    "too-big",
    "more vCPUs than the environment may have",
    waiting(
      "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU requirement of the job.",
      { environments: seen([makeEnvironment(["c5"], { maxVcpus: 2 })]) },
    ),
  ],
  [
    "too-big",
    "this computer",
    waiting("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - x", { ...unseen, isLocal: true }),
  ],
  [
    "computer-type-unsupported",
    "zone without the type",
    waiting(
      "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED - c9.huge is not supported in us-east-1e",
    ),
  ],
  [
    "service-role",
    "permissions",
    waiting("MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - Batch service role has a permission issue."),
  ],
  [
    "environments-invalid",
    "AWS says so",
    waiting("ACTION_REQUIRED - CE(s) associated with the job queue are invalid.", unseen),
  ],
  [
    "environments-invalid",
    "seen",
    waiting(undefined, {
      environments: seen([
        makeEnvironment(["c5"], {
          status: "INVALID",
          statusReason: "CLIENT_ERROR - User: arn:aws:sts::1:x is not authorized to perform: sts:AssumeRole",
        }),
      ]),
    }),
  ],
  [
    "environments-invalid",
    "one broken, the other disabled",
    waiting(undefined, {
      environments: seen([
        makeEnvironment(["c5"], { isEnabled: false }),
        makeEnvironment(["c5"], { name: "more", status: "INVALID" }),
      ]),
    }),
  ],
  [
    "environments-disabled",
    "disabled, on this computer",
    waiting(undefined, {
      isLocal: true,
      environments: seen([makeEnvironment(["optimal"], { isEnabled: false })]),
    }),
  ],
  [
    "environments-disabled",
    "disabled",
    waiting("UNDETERMINED - Batch job is blocked, root cause is undetermined.", {
      environments: seen([makeEnvironment(["c5"], { isEnabled: false })]),
    }),
  ],
  ["no-environment", "none", waiting(undefined, { environments: seen([]) })],
  [
    "queue-broken",
    "deleted",
    waiting(undefined, { queue: { kind: "absent" }, environments: { kind: "absent" } }),
  ],
  [
    "queue-broken",
    "invalid",
    waiting(undefined, { queue: seen(makeQueue({ status: "INVALID", statusReason: "no such CE" })) }),
  ],
  [
    "no-capacity",
    "ordinary computers",
    waiting(
      "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [c5.24xlarge]",
    ),
  ],
  [
    "no-capacity",
    "spot",
    waiting("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested", {
      environments: seen([makeEnvironment(["c5"], { kind: "SPOT" })]),
    }),
  ],
  [
    "undetermined",
    "AWS can't tell",
    waiting("UNDETERMINED - Batch job is blocked, root cause is undetermined.", {
      environments: { kind: "denied", permission: "batch:DescribeComputeEnvironments" },
    }),
  ],
  ["other-reason", "new words", waiting("SOMETHING:NEW - that nobody has heard of")],
  ["nothing-wrong", "all well", waiting(undefined)],
  [
    "nothing-wrong",
    "may not look",
    waiting(undefined, {
      environments: { kind: "denied", permission: "batch:DescribeComputeEnvironments" },
    }),
  ],
];

test.each(states)("%s: %s", (symptom, _, evidence) => {
  expect(diagnose(evidence)?.id).toBe(`job.${symptom}`);
});

test("every symptom of the table is shown here", () => {
  const shown = new Set(states.map(([symptom]) => symptom));
  const all = [...symptoms.failed, ...symptoms.waiting].map(({ id }) => id);
  expect(new Set(all)).toEqual(shown);
  expect(new Set(all).size).toBe(all.length);
});

test("the words, to be read aloud", async () => {
  const text = states.map(([symptom, state, evidence]) => {
    const { mark, says, mend } = diagnose(evidence) ?? {};
    return `## ${symptom} (${state}): ${mark}\n\n${says}\n\nWhat to do: ${mend}\n`;
  });
  await expect(text.join("\n")).toMatchFileSnapshot("words.snapshot.md");
});

describe("the words", () => {
  const words = states.map(([, , evidence]) => diagnose(evidence));
  /** Without what AWS or the job says itself. */
  const plain = words.map((one) => `${one?.says} ${one?.mend}`.replace(/“[^”]*”/g, ""));

  test.each([
    [
      /\bRUNNABLE\b|\bstatusReason\b|\bCE\(s\)|\bAMI\b|\bECS\b|\bOOM\b|\bSIGKILL\b|\bundefined\b|\bNaN\b/,
      undefined,
    ],
    [/\bspot\b/, /cheaper, as they are left over from others|--spot/],
    [/\bregistry\b/, /the place where it is kept \(its registry\)|your own account's registry/],
    [/vCPUs/, /vCPUs \(cores\)|limit of vCPUs/],
    [
      /the compute environment /,
      /the setting of which computers to start|subnets of the compute environment/,
    ],
  ])("%s is explained, or isn't there", (jargon, explanation) => {
    const unexplained = plain.filter((one) => jargon.test(one) && !explanation?.test(one));
    expect(unexplained).toEqual([]);
  });

  test("are sentences, and every one has a next step", () => {
    for (const one of words) {
      expect(one?.says).toMatch(/^[A-Z0-9].*\.$/);
      expect(one?.mend).toMatch(/^[A-Z].*[a-z0-9).]$/i);
    }
  });
});

describe("nothing is said of", () => {
  test.each<[string, JobEvidence]>([
    ["a job that runs", makeEvidence({ job: makeJob({ status: "RUNNING" }) })],
    ["a job that succeeded", makeEvidence({ job: makeJob({ status: "SUCCEEDED", exitCode: 0 }) })],
    ["a program's own exit status", ended(3)],
    ["a program that ends as zip does where it can't read", ended(18)],
    [
      "a program that may not do something on S3 itself",
      ended(1, { logEnd: [s3Error("403"), "+ exit 1"], step: "over" }),
    ],
    [
      "a program that is refused by S3 and then killed with its entrypoint",
      ended(2, { logEnd: [s3Error("403")], step: "running the program" }),
    ],
  ])("%s", (_, evidence) => {
    expect(diagnose(evidence)).toBeUndefined();
  });
});

describe("the memory to try", () => {
  const killed = (memoryMib: number, instanceTypes?: readonly string[]) =>
    diagnose(
      failed(
        {
          reason: "OutOfMemoryError: Container killed due to memory usage",
          container: { image: "i", vcpus: 4, memoryMib, timeoutSeconds: undefined, roleArn: undefined },
        },
        instanceTypes && { environments: seen([makeEnvironment(instanceTypes)]) },
      ),
    )?.mend;
  test.each([
    // A c5.large would do, but for its two vCPUs.
    [2_000, ["c5"], "--memory 7400mib"],
    [7_400, undefined, "--memory 15200mib"],
    [7_400, ["c5"], "--memory 15200mib"],
    [7_400, ["c5.4xlarge"], "--memory 31000mib"],
    [15_200, ["c5.xlarge", "c5.2xlarge", "c5.4xlarge"], "--memory 31000mib"],
    [31_000, ["c5.4xlarge"], "--instance-types r5"],
    // What AWS chooses from by itself is not known.
    [7_400, ["optimal"], "--memory 15200mib"],
  ])("after %i MiB on %j: %s", (memoryMib, types, advice) => {
    expect(killed(memoryMib, types)).toContain(advice);
  });
});
