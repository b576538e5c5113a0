import { randomUUID } from "node:crypto";
import type { AccountTrait } from "../account.ts";
import type { Home } from "./names.ts";
import type { Store } from "./store.ts";
import type { Size } from "./types.ts";

const environmentName = "nextstrain-compute-environment";
const queueName = "nextstrain-job-queue";
const policyName = "nextstrain-shares";
const definitionName = "nextstrain-job";

/** Jobs that are too big for this computer leave the queue after half an hour, as `nextstrain setup aws-batch` has it. */
const cannotStart = ["COMPUTE_ENVIRONMENT_MAX_RESOURCE", "JOB_RESOURCE_REQUIREMENT"].map((what) => ({
  reason: `MISCONFIGURATION:${what}`,
  state: "RUNNABLE",
  maxTimeSeconds: 1_800,
  action: "CANCEL",
}));

/** What a job can have of a computer: all its CPUs, and its memory less what the system keeps. */
export function machineSize(cpus: number, memoryBytes: number): Size {
  return { vcpus: Math.max(1, cpus), memoryMiB: Math.max(512, Math.floor((memoryBytes / 2 ** 20) * 0.9)) };
}

/**
 * Makes the queue, the compute environment and the definition that the defaults of `nextstrain build` name, where they are
 * missing, with what the account is to have. The environment stands for this computer.
 */
export async function makeDefaults(
  store: Store,
  home: Home,
  machine: Size,
  account: readonly AccountTrait[] = [],
): Promise<void> {
  const existing = store.environments.get(environmentName);
  // A computer's size may have changed since the last start.
  if (existing?.machine !== undefined) store.environments.set(environmentName, { ...existing, machine });
  if (existing === undefined) {
    store.environments.set(environmentName, {
      name: environmentName,
      uuid: randomUUID(),
      state: "ENABLED",
      maxvCpus: machine.vcpus,
      instanceTypes: ["optimal"],
      resources: {
        type: "EC2",
        allocationStrategy: "BEST_FIT_PROGRESSIVE",
        minvCpus: 0,
        desiredvCpus: 0,
        subnets: [],
        securityGroupIds: [],
      },
      tags: {},
      machine,
    });
  }
  if (!store.queues.has(queueName)) {
    store.queues.set(queueName, {
      name: queueName,
      state: "ENABLED",
      priority: 1,
      environments: [environmentName],
      tags: {},
      jobStateTimeLimitActions: cannotStart,
    });
  }
  if (account.includes("fair-share")) shareQueue(store);
  makeDefinition(store, home, machine, account);
  await store.saveRegistry();
}

/** Gives the default queue a scheduling policy, where it has none. */
function shareQueue(store: Store): void {
  const queue = store.queues.get(queueName);
  if (queue === undefined || queue.schedulingPolicy !== undefined) return;
  if (!store.policies.has(policyName))
    store.policies.set(policyName, { name: policyName, fairShares: {}, tags: {} });
  store.queues.set(queueName, { ...queue, schedulingPolicy: policyName });
}

/** Registers a revision of the default definition, where there is none that will do. */
function makeDefinition(store: Store, home: Home, machine: Size, account: readonly AccountTrait[]): void {
  const revisions = store.definitions.filter(({ name }) => name === definitionName);
  const latest = revisions.filter(({ status }) => status === "ACTIVE").at(-1);
  const byEcsProperties = account.includes("ecs-properties");
  if (latest !== undefined && (!byEcsProperties || latest.ecsTask !== undefined)) return;
  const roleArn = `arn:aws:iam::${home.accountId}:role/NextstrainJobsRole`;
  const name = "main";
  store.definitions.push({
    name: definitionName,
    revision: Math.max(0, ...revisions.map(({ revision }) => revision)) + 1,
    status: "ACTIVE",
    container: {
      ...(byEcsProperties ? { name } : {}),
      image: "nextstrain/base:latest",
      command: [],
      jobRoleArn: roleArn,
      environment: [],
      resourceRequirements: [
        { type: "VCPU", value: String(Math.min(4, machine.vcpus)) },
        { type: "MEMORY", value: String(Math.min(7_400, machine.memoryMiB)) },
      ],
    },
    ...(byEcsProperties ? { ecsTask: { properties: { taskRoleArn: roleArn }, containerName: name } } : {}),
    parameters: {},
    retryStrategy: { attempts: 1, evaluateOnExit: [] },
    timeoutSeconds: 14_400,
    tags: {},
  });
}
