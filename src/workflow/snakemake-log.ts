/** A rule that failed. */
export interface FailedRule {
  readonly rule: string;
  /** Its log files as in the Snakefile, relative to where Snakemake runs. */
  readonly logs: readonly string[];
}

/** How far a Snakemake run has come. */
export interface Progress {
  /** Steps. */
  readonly done: number;
  /** Steps in all; undefined until Snakemake has said so. */
  readonly total: number | undefined;
  /** Rules (or the messages they declare) of the jobs that run now, in the order they began. */
  readonly running: readonly string[];
  readonly failed: readonly FailedRule[];
}

export interface ProgressReader {
  /** Takes the next line of the log, with or without our own prefix, colours, and a newline at its end. */
  push(line: string): void;
  state(): Progress;
}

// Control sequences (ECMA-48 5.4), which Snakemake writes for colours.
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they consist of
const CONTROL = /\x1b\[[0-?]*[ -/]*[@-~]/g;
/** What a progress bar has written over. */
const OVERWRITTEN = /^.*\r/s;
const OUR_PREFIX = /^\[batch\] \[[^\]]*\] /;

/** A line of a log as it is shown last, without colours, our own prefix and blanks at its end. */
export function plainLine(line: string): string {
  return line.replace(CONTROL, "").replace(OUR_PREFIX, "").trimEnd().replace(OVERWRITTEN, "");
}

/** With --keep-going thousands of jobs may fail: so many are remembered. */
const MOST_FAILURES = 500;

interface Failure {
  readonly rule: string;
  readonly logs: string[];
  job: string | undefined;
}

/** What the indented lines now read belong to. */
type Block =
  | { readonly kind: "none" }
  | { readonly kind: "stats" }
  | { readonly kind: "start"; readonly rule: string }
  | { readonly kind: "error"; readonly failure: Failure };

/**
 * Reads a run's progress off Snakemake's log (versions 7 to 9), line by line. Lines that are not Snakemake's own,
 * which are most, are passed over.
 */
export function createProgressReader(): ProgressReader {
  let done = 0;
  let total: number | undefined;
  const running = new Map<string, string>();
  let failed: Failure[] = [];
  let block: Block = { kind: "none" };

  /** What a line that isn't indented means, by its pattern. */
  const meanings: readonly (readonly [RegExp, (match: RegExpExecArray) => void])[] = [
    [
      /^(?:local)?(?:rule|checkpoint) (\S+):$/,
      ([, rule = ""]) => {
        block = { kind: "start", rule };
      },
    ],
    // A rule that declares a message shows it instead of its name.
    [/^Job ([0-9]+): (.+)$/, ([, job = "", message = ""]) => void running.set(job, message)],
    [/^Finished job(?:id:)? ([0-9]+)\b/, ([, job = ""]) => void running.delete(job)],
    [
      /^Trying to restart job ([0-9]+)\./,
      ([, job]) => {
        failed = failed.filter((failure) => failure.job !== job);
      },
    ],
    [
      /^([0-9]+) of ([0-9]+) steps \([0-9.]+%\) done$/,
      ([, steps, all]) => {
        // Snakemake starts itself anew for some jobs, and each of those counts its own single step.
        if (total !== undefined && Number(all) < total) return;
        done = Math.max(done, Number(steps));
        total = Number(all);
      },
    ],
    [
      /^Error in (?:rule|checkpoint) (\S+):$/,
      ([, rule = ""]) => {
        const failure: Failure = { rule, logs: [], job: undefined };
        if (failed.length < MOST_FAILURES) failed.push(failure);
        block = { kind: "error", failure };
      },
    ],
    [
      /^Job (?:stats|counts):$/,
      () => {
        block = { kind: "stats" };
      },
    ],
  ];

  const readTop = (line: string): void => {
    block = { kind: "none" };
    for (const [pattern, apply] of meanings) {
      const match = pattern.exec(line);
      if (match) {
        apply(match);
        return;
      }
    }
  };

  const readStats = (line: string): void => {
    const match = /^total\s+([0-9]+)/.exec(line);
    if (match) total = Math.max(total ?? 0, Number(match[1]));
    // The table ends with its last row; an empty line may come before it.
    if (match || !/^(?:job|-|\S+\s+[0-9])/.test(line)) block = { kind: "none" };
  };

  const readIndented = (line: string): void => {
    const jobid = /^ +jobid: ([0-9]+)$/.exec(line)?.[1];
    const logs = /^ +log: (.+?)(?: \(check log file.*\))?$/.exec(line)?.[1];
    if (block.kind === "start" && jobid) running.set(jobid, block.rule);
    if (block.kind === "error") {
      if (jobid) {
        running.delete(jobid);
        block.failure.job = jobid;
      }
      if (logs) for (const log of logs.split(", ")) block.failure.logs.push(log);
    }
  };

  return {
    push(raw) {
      const line = plainLine(raw);
      if (line === "") return;
      if (line.startsWith(" ")) readIndented(line);
      else if (block.kind === "stats") readStats(line);
      else readTop(line);
    },
    state: () => ({
      done,
      total,
      running: [...running.values()],
      failed: failed.map(({ rule, logs }) => ({ rule, logs: [...logs] })),
    }),
  };
}
