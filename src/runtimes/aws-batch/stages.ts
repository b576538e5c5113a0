import type { Job } from "../../aws/batch.ts";
import type { LogLine } from "../../aws/logs.ts";
import type { Diagnosis } from "../../checks/job/diagnose.ts";
import { withoutControls } from "../../cli/control-characters.ts";
import type { Io } from "../../cli/io.ts";
import type { JobEvent } from "./watch.ts";

const WITHOUT_LOG = {
  denied:
    "The job's log can't be shown: AWS does not allow it (logs:GetLogEvents on the log group /aws/batch/job). The watch goes on by the job's states.",
  "lasting trouble":
    "The rest of the job's log can't be shown: CloudWatch Logs could not be reached for too long. It is kept there.",
  missing:
    "The job's log can't be shown: CloudWatch Logs has no stream of it. Where that is so for every job, the instance role lacks logs:CreateLogStream and logs:PutLogEvents.",
} as const;

/** Prints what happens to a job, a line for each event. Scripts read these lines: the words before the values stay. */
export function reportJobEvent(io: Io, event: JobEvent): void {
  switch (event.kind) {
    case "status":
      if (event.job.status !== "SUCCEEDED" && event.job.status !== "FAILED")
        io.out(`Job now ${event.job.status}`);
      return;
    case "log":
      // In one go: each write is a system call, and a page has up to thousands of lines.
      io.out(event.lines.map((line) => renderLogLine(line, io.colours)).join("\n"), {
        hasColours: io.colours,
      });
      return;
    case "trouble":
      io.warn(`AWS can't be reached for now (${event.reason}). The job goes on; still trying.`);
      return;
    case "locked-out":
      io.warn(
        `AWS no longer accepts the credentials in use (${event.reason}). Renew them (for SSO: \`aws sso login\`); the job goes on, and so does the watch once they are there.`,
      );
      return;
    case "recovered":
      io.err("AWS can be reached again.");
      return;
    case "waiting":
      for (const line of renderDiagnosis("The job waits", event.diagnosis)) io.err(line);
      return;
    case "no-log":
      io.warn(WITHOUT_LOG[event.why]);
      return;
    case "ended":
      for (const line of renderEnd(event.job)) io.out(line);
      return;
  }
}

/** What is wrong, after an introduction, and the next step: a line each, that can do nothing to a terminal. */
export function renderDiagnosis(introduction: string, { says, mend }: Diagnosis): string[] {
  return [`${introduction}: ${says}`, `What to do: ${mend}`].map((line) =>
    withoutControls(line, { keepColours: false }),
  );
}

function renderLogLine({ timestamp, message }: LogLine, colours: boolean): string {
  const time = new Date(timestamp).toISOString().replace(/\.\d+Z$/, "+00:00");
  return `[batch] [${time}] ${withoutControls(message, { keepColours: colours })}`;
}

function renderEnd(job: Job): string[] {
  const duration =
    job.startedAt !== undefined && job.stoppedAt !== undefined
      ? ` after ${((job.stoppedAt - job.startedAt) / 60_000).toFixed(1)} minutes`
      : "";
  const exited = job.exitCode === undefined ? "" : ` (exited ${job.exitCode})`;
  const lines = [`Job ${job.status}${duration}${exited}`];
  // "Essential container in task exited" is how Batch words an ordinary end.
  const reasons = [job.reason, job.statusReason].filter(
    (reason) => reason && !/^Essential container/.test(reason),
  );
  if (job.status === "FAILED" && reasons.length > 0)
    lines.push(`Reason: ${[...new Set(reasons)].join("; ")}`);
  return lines;
}
