import type { JobQueue } from "../../aws/queue.ts";
import type { Facts } from "../facts.ts";
import { awsCommand, consolePage, paste, sameName, setUp } from "./places.ts";
import { type Outcome, subject } from "./subject.ts";

/** Of jobs whose size no computer, or no environment, has (JobStateTimeLimitAction). */
const GIVE_UP = [
  "reason=MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT,state=RUNNABLE,maxTimeSeconds=1800,action=CANCEL",
  "reason=MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE,state=RUNNABLE,maxTimeSeconds=1800,action=CANCEL",
];

/** What must hold of the job queue. */
export const queueSubject = subject({
  id: "queue",
  called: ({ names }) => `the job queue "${names.queue.value}"`,
  see: (facts) => facts.queue(),
  absent: (facts) => ({
    mark: "wrong",
    says: `There is no job queue "${facts.names.queue.value}" (from ${facts.names.queue.source}) in AWS Batch, in the region ${facts.aws.region.value}.`,
    mend: `Check the name and the region, or name another with --aws-batch-queue. What there is:${awsCommand(facts, "batch describe-job-queues --query 'jobQueues[].jobQueueName'")}${setUp(facts, "To make one", sameName("--aws-batch-queue", facts.names.queue))}`,
  }),
  checks: [
    {
      id: "queue.state",
      preflight: true,
      find(queue, facts) {
        const called = `The job queue "${queue.name}" (from ${facts.names.queue.source})`;
        if (queue.isEnabled) return { mark: "ok", says: `${called} takes jobs.` };
        return {
          mark: "wrong",
          says: `${called} is disabled: it takes no jobs.`,
          mend: `Enable it:${awsCommand(facts, `batch update-job-queue --job-queue ${queue.name} --state ENABLED`)}`,
        };
      },
    },
    {
      id: "queue.status",
      preflight: true,
      find({ name, status, statusReason }, facts) {
        if (status === "VALID" || status === "UPDATING" || status === "CREATING") return undefined;
        return {
          mark: "wrong",
          says: `The job queue "${name}" is ${status}: jobs in it never start. AWS says: ${statusReason || "nothing more"}`,
          mend: `See what is wrong with it and its compute environments:${paste(consolePage(facts, "batch", "queues"))}`,
        };
      },
    },
    {
      id: "queue.environments",
      preflight: true,
      find({ name, environments }, facts) {
        if (environments.length > 0) return undefined;
        return {
          mark: "wrong",
          says: `The job queue "${name}" has no compute environment, that is, nothing to run jobs on.`,
          mend: `Give it one of those that there are:${awsCommand(facts, "batch describe-compute-environments --query 'computeEnvironments[].computeEnvironmentName'")}\nby this command, with its name:${awsCommand(facts, `batch update-job-queue --job-queue ${name} --compute-environment-order order=1,computeEnvironment=NAME`)}${setUp(facts, "Or make one")}`,
        };
      },
    },
    {
      id: "queue.kind",
      preflight: true,
      find({ name, runsContainers }) {
        if (runsContainers) return undefined;
        return {
          mark: "wrong",
          says: `The job queue "${name}" runs jobs on Kubernetes (Amazon EKS), which take no container overrides: these tell a build's job what to run.`,
          mend: "Name a queue on EC2 or Fargate with --aws-batch-queue.",
        };
      },
    },
    {
      id: "queue.share",
      preflight: true,
      find: findShare,
    },
    {
      id: "queue.gives-up",
      find({ name, givesUp }, facts) {
        if (givesUp)
          return {
            mark: "ok",
            says: `Jobs that can never start are taken off the job queue "${name}".`,
          };
        return {
          mark: "caution",
          says: `The job queue "${name}" keeps jobs that can never start: one that is too large for it holds up all that come after it.`,
          mend: `Have it give up on such a job after half an hour:${awsCommand(facts, `batch update-job-queue --job-queue ${name} --job-state-time-limit-actions ${GIVE_UP.join(" ")}`)}`,
        };
      },
    },
  ],
});

/** Whether a share is named where the queue wants one, and only there. */
function findShare({ name, schedulingPolicy }: JobQueue, facts: Facts): Outcome | undefined {
  const { share, priority } = facts.asked;
  if (schedulingPolicy === undefined) {
    const unused = [
      ...(share === undefined ? [] : [`the share "${share.value}" (from ${share.source})`]),
      ...(priority === undefined ? [] : [`the priority ${priority.value} (from ${priority.source})`]),
    ];
    if (unused.length === 0) return undefined;
    return {
      mark: "caution",
      says: `The job queue "${name}" has no fair shares: jobs are submitted without ${unused.join(" and ")}.`,
      mend: "Leave that out for this queue.",
    };
  }
  if (share !== undefined) {
    return { mark: "ok", says: `Jobs count towards the share "${share.value}" (from ${share.source}).` };
  }
  return {
    mark: "wrong",
    says: `The job queue "${name}" has fair shares, and takes only jobs that name theirs.`,
    mend: `Ask the administrator of the queue which share is yours, and name it with --aws-batch-share, NEXTSTRAIN_AWS_BATCH_SHARE or "share" in the config file. Shares that have a weight of their own:${awsCommand(facts, `batch describe-scheduling-policies --arns ${schedulingPolicy} --query 'schedulingPolicies[].fairsharePolicy.shareDistribution[].shareIdentifier'`)}`,
  };
}
