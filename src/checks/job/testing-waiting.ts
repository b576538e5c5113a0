import { type Case, makeEnvironment, makeQueue, seen, unseen, waiting } from "./testing.ts";

/** Jobs that wait, by AWS's own texts and by what is seen of the queue. */
export const waitingJobs: readonly Case[] = [
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
    waiting("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - x", { ...unseen, isLocal: true, isByOption: true }),
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
      isByOption: true,
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
