import type { ComputeEnvironment } from "../../aws/queue.ts";
import type { Facts } from "../facts.ts";
import { awsCommand, consolePage, listInWords, paste, setUp } from "./places.ts";
import { type Outcome, subject } from "./subject.ts";

/** Whether Batch starts jobs in it. */
export function isUsable({ isEnabled, status }: ComputeEnvironment): boolean {
  return isEnabled && (status === "VALID" || status === "UPDATING" || status === "CREATING");
}

/** What must hold of the compute environments of the queue: where the computers come from. */
export const environmentsSubject = subject({
  id: "environments",
  called: ({ names }) => `the compute environments of the job queue "${names.queue.value}"`,
  async see(facts) {
    const queue = await facts.queue();
    // What is wrong with the queue is told of the queue.
    if (queue.kind !== "seen" || !queue.value.runsContainers) return undefined;
    return queue.value.environments.length > 0 ? facts.environments() : undefined;
  },
  checks: [
    {
      id: "environments.state",
      preflight: true,
      find: (environments, facts) => stateOf(environments, facts),
    },
    {
      id: "environments.kind",
      preflight: true,
      find(environments) {
        if (environments.every(({ runsContainers }) => runsContainers)) return undefined;
        return {
          mark: "wrong",
          says: `${named(environments)} ${environments.length === 1 ? "runs" : "run"} jobs on Kubernetes (Amazon EKS), which take no container overrides: these tell a build's job what to run.`,
          mend: "Name a queue on EC2 or Fargate with --aws-batch-queue.",
        };
      },
    },
    {
      id: "environments.out-of-use",
      find(environments, facts) {
        const bad = environments.find((environment) => !isUsable(environment));
        if (bad === undefined || !environments.some(isUsable)) return undefined;
        return { mark: "caution", ...outOfUse(bad, "run in the others only", facts) };
      },
    },
    {
      id: "environments.idle-cost",
      find(environments, facts) {
        const costly = environments.filter(({ resources }) => (resources?.minVcpus ?? 0) > 0);
        const [first] = costly;
        if (first === undefined) {
          const known = environments.some(({ resources }) => resources !== undefined);
          return known ? { mark: "ok", says: "Without jobs, no computers run, and none cost." } : undefined;
        }
        return {
          mark: "caution",
          says: `${named(costly)} always keeps computers running, jobs or not: its minimum is ${first.resources?.minVcpus} vCPUs, which cost money day and night.`,
          mend: `Let it go down to none:${updateEnvironment(facts, first, "--compute-resources minvCpus=0")}`,
        };
      },
    },
    {
      id: "environments.launch-template",
      find(environments) {
        const floating = environments.filter(
          ({ resources }) => resources?.launchTemplate?.version === "$Latest",
        );
        const template = floating[0]?.resources?.launchTemplate;
        if (template === undefined) return undefined;
        return {
          mark: "caution",
          says: `${named(floating)} uses the version "$Latest" of the launch template ${template.name}, which sets its computers' disks. That stays the version which was the latest when the environment was made, and nobody can see which.`,
          mend: `Nothing, until the disks are to be changed. Then, to have an environment that names the version:${paste("nextstrain setup aws-batch --disk-size 200")}`,
        };
      },
    },
  ],
});

function stateOf(environments: readonly ComputeEnvironment[], facts: Facts): Outcome {
  if (environments.length === 0) {
    return {
      mark: "wrong",
      says: `The job queue "${facts.names.queue.value}" names compute environments that don't exist any more: jobs wait for ever.`,
      mend: `Give it one that does:${paste(consolePage(facts, "batch", "queues"))}${setUp(facts, "Or make one")}`,
    };
  }
  const usable = environments.filter(isUsable);
  const [first] = environments;
  if (usable.length === 0 && first !== undefined) {
    return { mark: "wrong", ...outOfUse(first, "wait for ever", facts) };
  }
  return { mark: "ok", says: `Jobs run on computers of ${named(usable).replace(/^T/, "t")}.` };
}

/** Of an environment that starts no jobs: what is wrong with it, and what to do. */
function outOfUse(bad: ComputeEnvironment, jobs: string, facts: Facts): Omit<Outcome, "mark"> {
  const mend = bad.isEnabled
    ? `See what is wrong with it:${paste(consolePage(facts, "batch", `compute-environments/detail/${bad.arn}`))}`
    : `Enable it:${updateEnvironment(facts, bad, "--state ENABLED")}`;
  const what = bad.isEnabled ? `is ${bad.status}` : "is disabled";
  return {
    says: `${named([bad])} of the job queue "${facts.names.queue.value}" ${what}: jobs ${jobs}.${bad.isEnabled ? ` AWS says: ${bad.statusReason || "nothing more"}` : ""}`,
    mend,
  };
}

function named(environments: readonly ComputeEnvironment[]): string {
  const names = listInWords(environments.map(({ name }) => `"${name}"`));
  return `The compute ${environments.length === 1 ? "environment" : "environments"} ${names}`;
}

function updateEnvironment(facts: Facts, { name }: ComputeEnvironment, change: string): string {
  return awsCommand(facts, `batch update-compute-environment --compute-environment ${name} ${change}`);
}
