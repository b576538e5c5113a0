import { hasEnded, type Job } from "../../aws/batch.ts";
import type { ComputeEnvironment } from "../../aws/queue.ts";
import { awsProgram } from "../aws-program.ts";
import { type Fit, fitOf, type JobSize } from "../fit.ts";
import { largerTypes, raiseLimit, resize } from "../resize.ts";
import { quote } from "./advice.ts";
import { type JobEvidence, nameOf, SURROUNDINGS, type Symptom } from "./evidence.ts";

/**
 * Why a job stays RUNNABLE, or did so until its queue ended it; the surest first. Batch gives its reason in `statusReason`, but only once the job is at the
 * head of its queue ("Jobs stuck in a RUNNABLE status"); before that, queue and environments tell.
 */
export const waitingSymptoms: readonly Symptom[] = [
  {
    id: "too-big",
    takes: SURROUNDINGS,
    see: (evidence) => {
      const { job } = evidence;
      const isSaid = /^MISCONFIGURATION:(JOB_RESOURCE_REQUIREMENT|COMPUTE_ENVIRONMENT_MAX_RESOURCE)/.test(
        job.statusReason ?? "",
      );
      const largest = largestOffer(evidence);
      if (!isSaid && largest === undefined) return undefined;
      return {
        says: `The job asks for more than any computer of the queue ${queueOf(job)} can give: ${sizeText(job)}${largest === undefined ? "" : `, where ${largest}`}.${hasEnded(job) ? "" : " It would wait for ever."}`,
        mend: askForLess(evidence),
      };
    },
  },
  {
    id: "computer-type-unsupported",
    see: ({ job }) =>
      startsWith(job, "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED") && {
        says: `The computers that the queue ${queueOf(job)} is to start can't be had as they are set up: ${quote(job.statusReason ?? "")}.`,
        mend: "Choose types of computers that your region has: nextstrain setup aws-batch --instance-types c5; or in the AWS console: Batch, Compute environments, Edit.",
      },
  },
  {
    id: "service-role",
    see: ({ job }) =>
      startsWith(job, "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS") && {
        says: "AWS Batch may not start computers in your account: the role that it does so with (its service role) lacks permissions.",
        mend: "Ask your AWS administrator to attach the policy AWSBatchServiceRole to that role: AWS console, Batch, Compute environments, Service role. `nextstrain setup aws-batch` makes an environment that needs no such role.",
      },
  },
  {
    id: "environments-invalid",
    takes: SURROUNDINGS,
    see: (evidence) => {
      const { job } = evidence;
      const seen = environmentsOf(evidence);
      const broken = seen.filter(({ status }) => status === "INVALID");
      // Others may be disabled.
      const all =
        broken.length > 0 && seen.every(({ isEnabled, status }) => !isEnabled || status === "INVALID");
      if (!all && !startsWith(job, "ACTION_REQUIRED - CE(s)")) return undefined;
      const reason = broken.find(({ statusReason }) => statusReason)?.statusReason;
      return {
        says: `No computers can be started for the queue ${queueOf(job)}: ${named(broken, "its compute environment")} (the setting of which computers to start) is broken${reason === undefined ? "" : `; AWS says ${quote(reason)}`}.`,
        mend: `Mend it in the AWS console: Batch, Compute environments${nameList(broken)}; most often its service role was deleted or renamed. Or run \`nextstrain setup aws-batch --force\`, which makes a new one.`,
      };
    },
  },
  {
    id: "environments-disabled",
    takes: SURROUNDINGS,
    see: (evidence) => {
      const seen = environmentsOf(evidence);
      const [first] = seen;
      if (first === undefined || seen.some(({ isEnabled }) => isEnabled)) return undefined;
      return {
        says: `No computers are started for the queue ${queueOf(evidence.job)}: ${named(seen, "its compute environment")} (the setting of which computers to start) is disabled.`,
        mend: `Enable it: ${awsProgram(evidence, `batch update-compute-environment --compute-environment ${first.name} --state ENABLED`)}`,
      };
    },
  },
  {
    id: "no-environment",
    takes: SURROUNDINGS,
    see: ({ job, environments }) =>
      environments?.kind === "seen" &&
      environments.value.length === 0 && {
        says: `The queue ${queueOf(job)} has no compute environment (the setting of which computers to start): nothing can run its jobs.`,
        mend: "Run `nextstrain setup aws-batch --force`, or connect one in the AWS console: Batch, Job queues, Edit.",
      },
  },
  {
    id: "queue-broken",
    takes: ["batch:DescribeJobQueues"],
    see: ({ job, queue }) => {
      if (
        queue?.kind === "absent" ||
        (queue?.kind === "seen" && /^(INVALID|DELET)/.test(queue.value.status))
      ) {
        const how =
          queue.kind === "absent"
            ? "is not there any more"
            : `is ${queue.value.status.toLowerCase()}${queue.value.statusReason ? `; AWS says ${quote(queue.value.statusReason)}` : ""}`;
        return {
          says: `The job can't start, because its queue ${queueOf(job)} ${how}.`,
          mend: "Run `nextstrain check-setup aws-batch` to see what is wrong, or name another queue with --aws-batch-queue.",
        };
      }
      return undefined;
    },
  },
  {
    id: "no-capacity",
    takes: SURROUNDINGS,
    see: (evidence) => {
      const { job } = evidence;
      if (!startsWith(job, "CAPACITY:")) return undefined;
      const spot = environmentsOf(evidence).some(({ resources }) => resources?.kind.includes("SPOT"));
      const type = /instance type \[([\w.-]+)\]/.exec(job.statusReason ?? "")?.[1];
      const later = hasEnded(job) ? "Build again later" : "Wait";
      return {
        mark: "caution",
        says: `AWS has none of the computers free that the job needs${type === undefined ? "" : ` (${type})`}.${hasEnded(job) ? "" : " It starts as soon as there is one, which takes minutes or hours."}`,
        mend: spot
          ? `${later}; or let the queue start ordinary computers as well, since spot ones (cheaper, as they are left over from others) can be out of stock: nextstrain setup aws-batch --no-spot.`
          : `${later}; or give AWS more types to choose from: nextstrain setup aws-batch --instance-types c5,c6i,m5.`,
      };
    },
  },
  {
    id: "undetermined",
    see: (evidence) =>
      startsWith(evidence.job, "UNDETERMINED") && {
        mark: "unknown",
        says: "The job is the next of its queue and can't start; AWS Batch itself can't tell why.",
        mend: `Run \`nextstrain check-setup aws-batch\`, which looks at all of the set-up${deniedText(evidence)}. What it doesn't see: the account's limit of vCPUs (AWS console, Service Quotas, EC2), and subnets without a way out to the internet.`,
      },
  },
  {
    id: "other-reason",
    see: ({ job }) =>
      job.statusReason
        ? {
            mark: "unknown",
            says: `The job waits for a reason that AWS gives as ${quote(job.statusReason)}.`,
            mend: "Run `nextstrain check-setup aws-batch` to see whether anything of the set-up is wrong.",
          }
        : undefined,
  },
  {
    id: "nothing-wrong",
    takes: SURROUNDINGS,
    see: (evidence) => ({
      mark: "unknown",
      says: `Nothing is wrong that can be seen${deniedText(evidence)}: AWS takes a few minutes to start a computer, and other jobs may be ahead in the queue ${queueOf(evidence.job)}.`,
      mend: `Wait; this program says so when AWS gives a reason. How full the queue is shows in the AWS console: Batch, Job queues${nameList([{ name: queueOf(evidence.job) }])}.`,
    }),
  },
];

function startsWith({ statusReason }: Job, words: string): boolean {
  return statusReason?.startsWith(words) ?? false;
}

function queueOf({ origin }: Job): string {
  return nameOf(origin?.queue) ?? "of the job";
}

function environmentsOf({ environments }: JobEvidence): readonly ComputeEnvironment[] {
  return environments?.kind === "seen" ? environments.value : [];
}

function named(environments: readonly { readonly name: string }[], otherwise: string): string {
  const names = environments.map(({ name }) => name).join(", ");
  if (names === "") return otherwise;
  return environments.length === 1
    ? `the compute environment ${names}`
    : `each compute environment (${names})`;
}

function nameList(named: readonly { readonly name: string }[]): string {
  const names = named.map(({ name }) => name).join(", ");
  return names === "" ? "" : `, ${names}`;
}

/** Says what the user may not look at, where that is why little can be told. */
function deniedText({ environments }: JobEvidence): string {
  return environments?.kind === "denied"
    ? ` (the compute environments can't be: you lack the permission ${environments.permission})`
    : "";
}

function sizeOf({ container }: Job): JobSize | undefined {
  const { vcpus, memoryMib } = container ?? {};
  return vcpus === undefined || memoryMib === undefined ? undefined : { vcpus, memoryMib };
}

function sizeText(job: Job): string {
  const size = sizeOf(job);
  return size === undefined ? "its size" : `${size.vcpus} vCPUs (cores) and ${size.memoryMib} MiB of memory`;
}

/** Where the job fits into none of the enabled environments: the most that there is, in words. */
function largestOffer(evidence: JobEvidence): string | undefined {
  const best = closestOf(evidence);
  if (best?.kind === "over-computers") {
    const { type, vcpus, memoryMib } = best.largest;
    return `the largest (${type}) has ${vcpus} vCPUs and ${memoryMib} MiB for a job`;
  }
  return best?.kind === "over-limit" ? `there may be ${best.maxVcpus} vCPUs at most at a time` : undefined;
}

/** Of the environments that the job fits into none of, how the one fails that is told of. */
function closestOf(evidence: JobEvidence): Fit | undefined {
  const misfits = misfitsOf(evidence);
  return misfits?.find((fit) => fit.kind === "over-limit") ?? misfits?.[0];
}

/** How the job doesn't fit into each enabled environment; undefined where it fits into one, or may do so. */
function misfitsOf(evidence: JobEvidence): readonly Fit[] | undefined {
  const size = sizeOf(evidence.job);
  const enabled = environmentsOf(evidence).filter(({ isEnabled }) => isEnabled);
  if (size === undefined || enabled.length === 0) return undefined;
  const fits = enabled.map((environment) => fitOf(environment, size));
  return fits.every(({ kind }) => kind === "over-limit" || kind === "over-computers") ? fits : undefined;
}

/** The next step for a job that is too big, with a size that fits. */
function askForLess(evidence: JobEvidence): string {
  const { job, isLocal, isByOption } = evidence;
  const size = sizeOf(job);
  const fit = closestOf(evidence);
  const { build, setUp } = fit && size ? resize(fit, size) : { build: undefined, setUp: raiseAsSaid(job) };
  const less = build === undefined ? "a smaller --cpus and --memory" : `${build} at most`;
  const cancel = `Cancel it (nextstrain build --aws-batch${isByOption ? " --local-aws" : ""} --attach ${job.id} --cancel), and build again`;
  const again = `${hasEnded(job) ? "Build again" : cancel} with ${less}`;
  if (isLocal) return `${again}: jobs of local AWS can have what this computer has.`;
  return setUp === undefined
    ? `${again}.`
    : `${again}; or let the queue have larger computers, or more of them: nextstrain setup aws-batch ${setUp}.`;
}

/** What would help by the reason that AWS gives, where the environments can't be seen. */
function raiseAsSaid(job: Job): string | undefined {
  const size = sizeOf(job);
  if (size === undefined) return undefined;
  return startsWith(job, "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE")
    ? raiseLimit(size)
    : largerTypes(size);
}
