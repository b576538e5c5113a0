import { CONTAINER_BUILD } from "../../workflow/build-root.ts";
import { type ProgramError, readProgramError } from "../../workflow/snakemake-errors.ts";
import { quote } from "./advice.ts";
import { type JobEvidence, programOf, type Symptom, type Told } from "./evidence.ts";
import { programLines } from "./log-signs.ts";

/** What keeps Snakemake, or another program of the job, from beginning; and what remains where nothing is known of it. */
export const programSymptoms: readonly Symptom[] = [
  told("workflow-inputs-missing", (error) => {
    if (error.name !== "MissingInputException") return undefined;
    const files = error.affected.length > 0 ? error.affected.join(", ") : error.message;
    return {
      says: `${error.rule === undefined ? "The workflow" : `The rule ${error.rule} of the workflow`} needs files that are not there, and that no rule makes: ${quote(files)}.`,
      mend: `Put them where the workflow looks for them, and see that no --exclude-from-upload keeps them here; or mend their names${placeText(error)}. Then build again.`,
    };
  }),
  told("workflow-target-unknown", (error) => {
    if (error.name !== "MissingRuleException") return undefined;
    return {
      says: `No rule of the workflow makes what it was asked for; Snakemake says ${quote(error.message)}.`,
      mend: "Check the names of the targets on the command line, and build again.",
    };
  }),
  told("workflow-config-missing", (error) => {
    const file = /defines configfile (\S+) but it is not present/.exec(error.message)?.[1];
    if (file === undefined) return undefined;
    return {
      says: `The workflow's config file is not there: ${quote(file)}.`,
      mend: `Put it there, and see that no --exclude-from-upload keeps it here; or mend its name${placeText(error)}. Then build again.`,
    };
  }),
  told("workflow-config-broken", (error) => {
    if (!/^Config file is not valid/.test(error.message)) return undefined;
    return {
      says: `A config file of the workflow is neither valid YAML nor JSON${error.place === undefined ? "" : `: the one that is named${placeText(error)}`}.`,
      mend: "Look for a tab, a colon without a blank after it, or a quotation mark that is not closed. Then build again.",
    };
  }),
  told("workflow-locked", (error) => {
    if (error.name !== "LockException") return undefined;
    return {
      says: "Snakemake found the directory locked: by another Snakemake that ran there, or that was killed there.",
      mend: "Where the workflow itself starts a second Snakemake in the directory, give that one --nolock. Else have Snakemake take the lock away, by building once with --unlock after the directory; then build again.",
    };
  }),
  told("command-line-refused", (error, { job }) => {
    if (error.name !== "usage") return undefined;
    return {
      says: `The program ${programOf(job)} refused its command line: ${quote(error.message)}.`,
      mend: "Check the options that follow the directory on the command line: the job's image may have another version of the program than this computer. Then build again.",
    };
  }),
  told("workflow-broken", (error) => {
    if (error.place === undefined) return undefined;
    return {
      says: `Snakemake could not go on with the workflow because of an error${placeText(error)}: ${errorText(error)}.`,
      mend: "Mend it there, and build again.",
    };
  }),
  told("program-error", (error, { job }) => ({
    says: `The program ${programOf(job)} ended with an error: ${errorText(error)}.`,
    mend: "Mend what it complains of, and build again. Where it looks like a fault of the program itself, try another version of it: --image names another image.",
  })),
];

/** What remains where nobody gives a reason and nothing is known of the program. */
export const lastSymptom: Symptom = {
  id: "program-failed",
  see: ({ job, logEnd }) => ({
    says:
      job.exitCode === undefined
        ? "The job failed, and AWS gives no reason."
        : `The program ${programOf(job)} ended with exit status ${job.exitCode}${logEnd.length === 0 ? ", and its log shows nothing" : ""}.`,
    mend:
      job.exitCode === undefined
        ? "Build again. Where it comes back, `nextstrain check-setup aws-batch --run-job` tests the set-up by a small job."
        : logEnd.length === 0
          ? "To see why, build on this computer: --docker or --ambient in place of --aws-batch."
          : "Mend what the end of its log complains of, and build again.",
  }),
};

/** A symptom by what the program says of itself, once it has been started. */
function told(id: string, see: (error: ProgramError, evidence: JobEvidence) => Told | undefined): Symptom {
  return {
    id,
    see: (evidence) => {
      const { step, logEnd } = evidence;
      if (step === "variables" || step.endsWith("the directory")) return undefined;
      const error = readProgramError(programLines(logEnd));
      return error && see(error, evidence);
    },
  };
}

function errorText({ name, message }: ProgramError): string {
  return quote(message === "" ? name : `${name}: ${message}`);
}

/** ` in Snakefile, line 3` */
function placeText({ place }: ProgramError): string {
  if (place === undefined) return "";
  const prefix = `${CONTAINER_BUILD}/`;
  const file = place.file.startsWith(prefix) ? place.file.slice(prefix.length) : place.file;
  return ` in ${quote(file)}, line ${place.line}`;
}
