import { spellTime } from "../../cli/time-text.ts";
import { adviseDisk, adviseMemory, asTimeout, quote } from "./advice.ts";
import {
  definitionOf,
  fateOfWork,
  findReason,
  hasKeptWork,
  isWrapped,
  type JobEvidence,
  nameOf,
  programOf,
  SURROUNDINGS,
  type Symptom,
  TAKEN_AWAY,
} from "./evidence.ts";
import { imageSymptoms } from "./image.ts";
import { FULL_DISK, findLine } from "./log-signs.ts";

/** What Batch, ECS and Docker say of a job that they ended, or never started; the surest first. */
export const failedSymptoms: readonly Symptom[] = [
  {
    id: "time-limit",
    see: ({ job, isLocal }) => {
      if (findReason(job, /^Job attempt duration exceeded timeout/) === undefined) return undefined;
      const limit = job.container?.timeoutSeconds;
      const more = limit === undefined ? "8h" : asTimeout(limit * 2);
      return {
        says: `The job was stopped at its time limit${limit === undefined ? "" : ` of ${spellTime(limit)}`}. ${fateOfWork(job, "stopped")}`,
        mend: isLocal
          ? "Build with more --cpus, so that it ends sooner; or without --aws-batch, where there is no time limit."
          : `Allow more time: nextstrain setup aws-batch --timeout ${more} (or in the AWS console: Batch, ${definitionOf(job)}, Create new revision, Execution timeout); or build with more --cpus, so that it ends sooner.`,
      };
    },
  },
  {
    id: "overrides-too-long",
    see: ({ job }) =>
      findReason(job, /^Container Overrides length must be at most/) && {
        says: "The job was not started: its command and settings are longer than the 8192 characters that AWS Batch takes.",
        mend: "Move long lists of arguments into a file of the workflow, such as one given by --configfile, and build again.",
      },
  },
  {
    id: "out-of-disk",
    see: (evidence) => {
      const { job, logEnd, ruleLogs } = evidence;
      const isFull = findReason(job, FULL_DISK) ?? findLine([...logEnd, ...ruleLogs], FULL_DISK);
      if (isFull === undefined) return undefined;
      return {
        says: "The disk of the computer that the job ran on was full.",
        mend: adviseDisk({ isLocal: evidence.isLocal, onFargate: evidence.job.container?.onFargate }),
      };
    },
  },
  ...imageSymptoms,
  {
    id: "docker-timeout",
    see: ({ job }) => {
      const match = findReason(
        job,
        /^DockerTimeoutError:.*?(?:timed out after waiting (\w+)|$)|^CannotInspectContainerError/s,
      );
      return (
        match && {
          says: `The job's computer was too slow to start the container${match[1] ? ` (it took more than ${match[1]})` : ""}: most often its disk was too busy, for example by several jobs that began at once.`,
          mend: "Build again. Where it comes back, use computers with a faster disk: nextstrain setup aws-batch --disk nvme --instance-types c5d.",
        }
      );
    },
  },
  {
    id: "wrong-processor",
    see: ({ job, isLocal, step, logEnd }) => {
      const said =
        findReason(job, WRONG_PROCESSOR)?.[0] ??
        // A program of the workflow's own is another matter.
        (step === "variables" ? findLine(logEnd, WRONG_PROCESSOR) : undefined);
      return (
        said !== undefined && {
          says: `The image ${job.container?.image || "of the job"} is made for another kind of processor than the job's computer has: x86-64 (Intel, AMD) and ARM (Graviton) can't run each other's programs.`,
          mend: isLocal
            ? "Name an image that is made for this computer's processor with --image, and build again."
            : `Use computers that the image is made for, such as nextstrain setup aws-batch --instance-types c5 for x86-64; or name an image that is made for both, such as nextstrain/base, with --image or in the ${definitionOf(job)}. Then build again.`,
        }
      );
    },
  },
  {
    id: "no-entrypoint",
    see: ({ job }) =>
      findReason(
        job,
        /(?:CannotStartContainerError|OCI runtime|runc).*(?:executable file not found|no such file)/is,
      ) && {
        says: `The image ${job.container?.image || "of the job"} lacks the program that Nextstrain's jobs begin with (/sbin/entrypoint-aws-batch): it is no image for builds.`,
        mend: `Name nextstrain/base, or an image made from it, with --image or in the ${definitionOf(job)}.`,
      },
  },
  {
    id: "out-of-memory",
    takes: SURROUNDINGS,
    see: (evidence) => {
      const { job } = evidence;
      if (findReason(job, /^OutOfMemoryError\b/) === undefined) return undefined;
      return {
        says: `The job was killed because it used more memory than it was given${memoryText(evidence, (memory) => ` (${memory})`)}. ${fateOfWork(job, "killed")}`,
        mend: adviseMemory(evidence),
      };
    },
  },
  {
    id: "host-lost",
    see: ({ job, isLocal }) => {
      if (findReason(job, TAKEN_AWAY) === undefined) return undefined;
      const attempts = job.attempts?.length ?? 1;
      return {
        says: `The computer that the job ran on was taken away${attempts > 1 ? `, ${attempts} times in all` : ""}: AWS takes spot computers (cheaper, as they are left over from others) back when it needs them, or it broke down.`,
        mend: isLocal
          ? "Build again. On local AWS it means that local AWS has ended (by itself, or by `nextstrain local-aws stop`) while the job ran, or that a fault that was asked for ended the job."
          : `Build again${isWrapped(job) ? "; it goes on from what came back" : ", from the beginning, since nothing came back"}. ${attempts > 1 ? "" : "To have AWS Batch do that by itself, build with --retries 2. "}To not be interrupted, set up ordinary computers: nextstrain setup aws-batch --no-spot.`,
      };
    },
  },
  {
    id: "told-to-stop",
    see: ({ job }) =>
      hasKeptWork(job) &&
      !job.wasStopped && {
        says: "The job got a signal to stop: most often, AWS takes its computer back, as it does with spot computers (cheaper, as they are left over from others) when it needs them. It uploaded what it had finished.",
        mend: "Build again, which goes on from there; with --retries 2, AWS Batch does that by itself.",
      },
  },
  {
    id: "cannot-start",
    see: ({ job }) => {
      const reason =
        findReason(job, /^(?:Cannot\w+Error|ResourceInitializationError)\b.*/s) ??
        findReason(job, /^Task failed to start.*/s);
      return (
        reason && {
          says: `The job's container could not be started; AWS says ${quote(reason[0])}.`,
          mend: "Build again, since that may have been one bad computer. Where it comes back, `nextstrain check-setup aws-batch --run-job` tests the set-up by a small job.",
        }
      );
    },
  },
  {
    id: "definition-gone",
    see: ({ job }) =>
      findReason(job, /job definition.*(?:not active|inactive|deregistered)/is) && {
        says: `The job was not started: its ${definitionOf(job)} was taken away meanwhile.`,
        mend: "Build again, with the definition that is there now: `nextstrain check-setup aws-batch` shows it.",
      },
  },
];

/** What remains where nobody gives a reason: how the container ended, and what its log says last. */
export const exitSymptoms: readonly Symptom[] = [
  {
    id: "killed",
    takes: SURROUNDINGS,
    see: (evidence) => {
      const { job, isLocal } = evidence;
      if (job.exitCode !== 137) return undefined;
      return {
        says: `The job was killed from outside (exit status 137): most likely it used more memory than it was given${memoryText(evidence, (memory) => ` (${memory})`)}.`,
        mend: isLocal
          ? `${adviseMemory(evidence)} Close other programs on this computer.`
          : adviseMemory(evidence),
      };
    },
  },
  {
    id: "program-out-of-memory",
    takes: SURROUNDINGS,
    see: (evidence) => {
      const line = findLine([...evidence.logEnd, ...evidence.ruleLogs], OUT_OF_MEMORY);
      return (
        line !== undefined && {
          says: `A program in the job ran out of memory; the log says ${quote(line)}.${memoryText(evidence, (memory) => ` The job had ${memory}.`)}`,
          mend: adviseMemory(evidence),
        }
      );
    },
  },
  {
    id: "program-not-found",
    see: ({ job, withoutImage }) =>
      job.exitCode === 127 && {
        says: `Exit status 127 says that a program was not found in the job: ${programOf(job)}, or one that it runs; the log names it.`,
        mend: withoutImage
          ? "Where local AWS runs jobs without their image, they run the programs of this computer: install what is missing, and see that it is on the PATH. Then `nextstrain local-aws stop`, since local AWS keeps the PATH it was started with, and build again."
          : `Use an image that has it: --image, or that of the ${definitionOf(job)} (now ${job.container?.image || "unknown"}).`,
      },
  },
  {
    id: "program-of-another-processor",
    see: ({ logEnd, ruleLogs }) => {
      const line = findLine([...logEnd, ...ruleLogs], WRONG_PROCESSOR);
      return (
        line !== undefined && {
          says: `A program in the job is made for another kind of processor than the job's computer has; the log says ${quote(line)}.`,
          mend: "Have the workflow use a copy of it that is made for that processor (x86-64 for Intel and AMD, ARM for Graviton), or run jobs on computers of the other kind. Then build again.",
        }
      );
    },
  },
  {
    id: "program-not-executable",
    see: ({ job }) =>
      job.exitCode === 126 && {
        says: `Exit status 126 says that a program was found in the job and could not be run: ${programOf(job)}, or one that it runs; the log names it.`,
        mend: "Make it executable (chmod +x FILE) if it is a script of your workflow, see that its first line names a program that the image has, and build again.",
      },
  },
];

/** The kernel's word (ENOEXEC), as runc, Docker and bash pass it on. */
const WRONG_PROCESSOR = /exec format error/i;

/** Signs of memory that ran out, of bash, Python and NumPy, C++, the C library, R, and Augur (of a program that it runs). */
const OUT_OF_MEMORY =
  /: line \d+: +\d+ Killed\b|^(?:[\w.]+\._?(?:Array)?)?MemoryError\b|\bstd::bad_alloc\b|Cannot allocate memory|cannot allocate vector of size|died with <Signals\.SIGKILL|exited from fatal signal SIGKILL/;

/** The memory that the job had, in a phrase; nothing where Batch doesn't say. */
function memoryText({ job }: JobEvidence, phrase: (memory: string) => string): string {
  const memory = job.container?.memoryMib;
  return memory === undefined ? "" : phrase(`${memory} MiB`);
}

/** What a queue says that ends jobs which can't start (`jobStateTimeLimitActions`), with the reason that they waited for. */
export function reasonGivenUp({ job }: JobEvidence): string | undefined {
  return findReason(job, /^(?:Cancell?ed|Terminated) by JobStateTimeLimit action due to reason: (.+)/s)?.[1];
}

/** Name of the queue of a job, for people. */
export function queueText({ job }: JobEvidence): string {
  const name = nameOf(job.origin?.queue);
  return name === undefined ? "its queue" : `its queue ${name}`;
}
