import type { Job, JobAttempt } from "../../aws/batch.ts";
import { isCuredByAllowing, quoteRefusal, type Refusal } from "../../aws/refusal.ts";
import { adviseOnRefusal } from "../../aws/refusal-advice.ts";
import { quote } from "../../checks/job/advice.ts";
import type { Diagnosis } from "../../checks/job/diagnose.ts";
import { TAKEN_AWAY } from "../../checks/job/evidence.ts";
import { withoutControls } from "../../cli/control-characters.ts";
import type { Io } from "../../cli/io.ts";
import { createLogRenderer } from "./log-lines.ts";
import type { JobEvent } from "./watch.ts";

/** Why the log is not shown. */
function withoutLog(event: Extract<JobEvent, { readonly kind: "no-log" }>): string {
  const goesOn = "The watch goes on by the job's states.";
  switch (event.why) {
    case "refused":
      return `The job's log can't be shown: ${event.reason}. ${goesOn}`;
    case "elsewhere":
      return `The job's log can't be shown: its job definition sends it to ${event.where}. ${goesOn}`;
    case "lasting trouble":
      return "The rest of the job's log can't be shown: CloudWatch Logs could not be reached for too long. It is kept there.";
    case "denied":
      return `The job's log can't be shown: AWS does not allow it (logs:GetLogEvents on the log group ${event.group}). ${goesOn}${explainRefusal(event.refusal)}`;
    case "missing":
      return `The job's log can't be shown: CloudWatch Logs has no stream of it in the log group ${event.group}. Where that is so for every job, the instance role lacks logs:CreateLogStream and logs:PutLogEvents.`;
  }
}

/**
 * Prints what happens to a job, a line for each event. Scripts read these lines: the words before the values stay.
 * @param everyFile whether the log is to be shown with the line that the entrypoint's zip and unzip print for each file
 */
export function createReport(io: Io, everyFile: boolean): (event: JobEvent) => void {
  const log = createLogRenderer({ colours: io.colours, everyFile });
  // In one go: each write is a system call, and a page has up to thousands of lines.
  const print = (lines: readonly string[]) => {
    if (lines.length > 0) io.out(lines.join("\n"), { hasColours: io.colours });
  };
  return (event) => {
    if (event.kind === "log") return print(log.push(event));
    if (event.kind === "ended") print(log.flush());
    reportOther(io, event);
  };
}

function reportOther(io: Io, event: Exclude<JobEvent, { readonly kind: "log" }>): void {
  switch (event.kind) {
    case "status":
      if (event.job.status !== "SUCCEEDED" && event.job.status !== "FAILED")
        io.out(`Job now ${event.job.status}`);
      return;
    case "attempt":
      io.out(
        `Attempt ${event.number} of ${event.of}${event.after ? `, after ${renderAttempt(event.after)}` : ""}`,
      );
      return;
    case "trouble":
      io.warn(`AWS can't be reached for now (${event.reason}). The job goes on; still trying.`);
      return;
    case "locked-out":
      io.warn(
        `AWS no longer accepts the credentials in use (${event.reason}). Renew them (for SSO: \`aws sso login\`); the job goes on, and so does the watch once they are there.`,
      );
      return;
    case "unlisted":
      io.warn("AWS Batch does not list the job for now. Still asking.");
      return;
    case "recovered":
      io.err(event.from === "unlisted" ? "AWS Batch lists the job again." : "AWS can be reached again.");
      return;
    case "waiting":
      for (const line of renderDiagnosis("The job waits", event.diagnosis)) io.err(line);
      return;
    case "no-log":
      io.warn(withoutLog(event));
      return;
    case "ended":
      for (const line of renderEnd(event.job)) io.out(line);
      return;
  }
}

/** AWS's own sentence; and who can cure it, where the permission that was named would not. */
function explainRefusal(refusal: Refusal): string {
  const advice = isCuredByAllowing(refusal) ? "" : ` ${adviseOnRefusal(refusal)}`;
  return quoteRefusal(refusal) + advice;
}

/** What is wrong, after an introduction, and the next step: a line each, that can do nothing to a terminal. */
export function renderDiagnosis(introduction: string, { says, mend }: Diagnosis): string[] {
  return [`${introduction}: ${says}`, `What to do: ${mend}`].map((line) =>
    withoutControls(line, { keepColours: false }),
  );
}

/** How an attempt ended, in a phrase. */
function renderAttempt({ reason, statusReason, exitCode }: JobAttempt): string {
  const said = [reason, statusReason].find((one) => one && !isOrdinary(one));
  if (said === undefined) return exitCode === undefined ? "one that failed" : `exit status ${exitCode}`;
  const words = quote(withoutControls(said, { keepColours: false }));
  return TAKEN_AWAY.test(said) ? `a Spot reclaim: ${words}` : words;
}

/** "Essential container in task exited" is how Batch words an ordinary end. */
function isOrdinary(reason: string): boolean {
  return /^Essential container/.test(reason);
}

function renderEnd(job: Job): string[] {
  const duration =
    job.startedAt !== undefined && job.stoppedAt !== undefined
      ? ` after ${((job.stoppedAt - job.startedAt) / 60_000).toFixed(1)} minutes`
      : "";
  const exited = job.exitCode === undefined ? "" : ` (exited ${job.exitCode})`;
  const lines = [`Job ${job.status}${duration}${exited}`];
  const reasons = [job.reason, job.statusReason].filter((reason) => reason && !isOrdinary(reason));
  if (job.status === "FAILED" && reasons.length > 0)
    lines.push(`Reason: ${[...new Set(reasons)].join("; ")}`);
  return lines;
}
