import { hasEnded } from "../../aws/batch.ts";
import type { Finding } from "../finding.ts";
import { quote } from "./advice.ts";
import { entrypointSymptoms } from "./entrypoint.ts";
import {
  fateOfWork,
  findReason,
  hasKeptWork,
  type JobEvidence,
  reasonsOf,
  SURROUNDINGS,
  type Symptom,
} from "./evidence.ts";
import { exitSymptoms, failedSymptoms, queueText, reasonGivenUp } from "./failed.ts";
import { waitingSymptoms } from "./waiting.ts";
import { lastSymptom, programSymptoms } from "./workflow.ts";

/** What is wrong with a job, and the next step. */
export interface Diagnosis extends Finding {
  readonly mend: string;
  /** IAM actions that it could say more with: they show the job's queue and its environments. */
  readonly takes: readonly string[];
}

/** A job that a queue took off again is told of by what kept it waiting. */
const givenUp: Symptom = {
  id: "queue-gave-up",
  takes: SURROUNDINGS,
  see: (evidence) => {
    const reason = reasonGivenUp(evidence);
    if (reason === undefined) return undefined;
    const waiting = firstOf(waitingSymptoms, {
      ...evidence,
      job: { ...evidence.job, statusReason: reason },
    });
    return {
      says: `The job never started: ${queueText(evidence)} is set to end jobs that can't. ${waiting?.says ?? ""}`.trim(),
      mend: waiting?.mend ?? "Run `nextstrain check-setup aws-batch`.",
    };
  },
};

/** Ended on request: nobody else gives a reason in words of their own. */
const stopped: Symptom = {
  id: "stopped",
  see: ({ job }) => {
    const cancelled = findReason(job, /^Cancelled by the user\.?$/);
    if (!job.wasStopped && cancelled === undefined) return undefined;
    const reason = reasonsOf(job).find((one) => !/^(?:Essential container|OutOfMemory|Cannot)/.test(one));
    return {
      says: `The job was stopped on request${reason === undefined ? "" : `; the reason given is ${quote(reason)}`}. ${fateOfWork(job, "stopped")}`,
      mend: hasKeptWork(job)
        ? "Build again to go on from there."
        : "If that was not meant to be, build again.",
    };
  },
};

const rulesFailed: Symptom = {
  id: "rules-failed",
  see: ({ failedRules }) => {
    const [first] = failedRules;
    if (first === undefined) return undefined;
    const names = failedRules.slice(0, 5).join(", ");
    const more = failedRules.length > 5 ? ` and ${failedRules.length - 5} more` : "";
    return {
      says:
        failedRules.length === 1
          ? `The rule ${first} of the workflow failed.`
          : `${failedRules.length} rules of the workflow failed: ${names}${more}.`,
      mend: "Mend what its log complains of, or the job's log where the rule has none of its own, and build again: what came back finished is not made again.",
    };
  },
};

/** Words that nobody here knows: of a newer Batch, or of somebody who stopped the job by another way. */
const otherFailure: Symptom = {
  id: "other-failure",
  see: ({ job }) => {
    const reason = reasonsOf(job).find((one) => !/^Essential container/.test(one));
    return (
      reason !== undefined && {
        says: `The job failed for a reason that is given as ${quote(reason)}.`,
        mend: "If somebody stopped it and that was not meant to be, build again. Else `nextstrain check-setup aws-batch` shows whether anything of the set-up is wrong.",
      }
    );
  },
};

/** All of the table, in the order of {@link diagnose}: what ends jobs, then what keeps them waiting. */
export const symptoms = {
  failed: [
    givenUp,
    ...failedSymptoms,
    stopped,
    ...entrypointSymptoms,
    ...exitSymptoms,
    rulesFailed,
    ...programSymptoms,
    otherFailure,
    lastSymptom,
  ],
  waiting: waitingSymptoms,
} as const;

/**
 * What is wrong with a job, and what to do: of one that waits (RUNNABLE) or has failed. Undefined where nothing is to be
 * said: it gets on.
 */
export function diagnose(evidence: JobEvidence): Diagnosis | undefined {
  const { job } = evidence;
  if (job.status === "RUNNABLE") return firstOf(symptoms.waiting, evidence);
  if (!hasEnded(job) || job.status === "SUCCEEDED") return undefined;
  return firstOf(symptoms.failed, evidence);
}

function firstOf(table: readonly Symptom[], evidence: JobEvidence): Diagnosis | undefined {
  for (const { id, takes = [], see } of table) {
    const told = see(evidence);
    if (told) return { id: `job.${id}`, mark: told.mark ?? "wrong", says: told.says, mend: told.mend, takes };
  }
  return undefined;
}
