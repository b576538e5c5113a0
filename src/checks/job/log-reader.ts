import { lastState } from "../../cli/control-characters.ts";
import { createProgressReader, type FailedRule, type Progress } from "../../workflow/snakemake-log.ts";
import { FILE_OF_ZIP, type Step, stepOf } from "./log-signs.ts";

/** What of an attempt's log a diagnosis looks at. */
export interface LogEvidence {
  /** Oldest line first. */
  readonly logEnd: readonly string[];
  readonly step: Step;
  readonly failedRules: readonly FailedRule[];
}

/** Reads the log of one attempt as it comes, and keeps what tells how it went: bounded, however long the log is. */
export interface JobLogReader {
  /** Takes the next lines of the log; one message may hold several. */
  push(messages: readonly string[]): void;
  seen(): LogEvidence;
  progress(): Progress;
}

const LINES = 200;
/** Characters that are kept of a line. */
const WIDTH = 2_000;

export interface JobLogOptions {
  /** URL of the job's archive, which the entrypoint names. */
  readonly archive: string;
  /** Whether the first line that comes is the log's first. */
  readonly fromStart: boolean;
}

export function createJobLogReader({ archive, fromStart }: JobLogOptions): JobLogReader {
  let lines: string[] = [];
  // The entrypoint's own lines are few: where the beginning is missing, it is far behind.
  let step: Step = fromStart ? "variables" : "running the program";
  const rules = createProgressReader();

  const take = (line: string): void => {
    step = stepOf(line, archive) ?? step;
    rules.push(line);
    // A line for each file would leave no room for what the program said last.
    if (step !== "running the program" && FILE_OF_ZIP.test(line)) return;
    // A slice would keep all of a long line in memory.
    lines.push(line.length > WIDTH ? Buffer.from(line.slice(0, WIDTH)).toString() : line);
    if (lines.length > 2 * LINES) lines = lines.slice(-LINES);
  };

  return {
    push(messages) {
      for (const message of messages) for (const line of message.split("\n")) take(lastState(line));
    },
    seen: () => ({ logEnd: lines.slice(-LINES), step, failedRules: rules.state().failed }),
    progress: () => rules.state(),
  };
}
