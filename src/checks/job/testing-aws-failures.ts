import {
  attempt,
  type Case,
  ended,
  failed,
  makeEnvironment,
  notStarted,
  pullError,
  seen,
} from "./testing.ts";

/** Jobs of whose failure AWS tells, in its own texts, as its documentation and users' reports have them. */
export const awsFailures: readonly Case[] = [
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
  [
    "told-to-stop",
    "by the script that jobs run in",
    failed({
      exitCode: 143,
      statusReason: "Essential container in task exited",
      origin: {
        ...{ queue: "queue", definition: "definition", submittedAt: 0 },
        command: ["bash", "-c", "…", "/sbin/entrypoint-aws-batch", "env", "--", "snakemake"],
      },
    }),
  ],
  ["host-lost", "spot", failed({ statusReason: "Host EC2 (instance i-0c7f2a1b) terminated." })],
  ["host-lost", "Fargate", failed({ statusReason: "Your Spot Task was interrupted." })],
  [
    "wrong-processor",
    "the log says so",
    ended(1, { step: "variables", logEnd: ["exec /sbin/entrypoint: exec format error"] }),
  ],
  [
    "wrong-processor",
    "it does not start",
    notStarted(
      'CannotStartContainerError: Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/sbin/entrypoint": exec format error: unknown',
    ),
  ],
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
];
