import { plainLine } from "./snakemake-log.ts";

/** One run of a Snakemake job, as the log tells of it. Times are milliseconds since 1970. */
export interface TimedRule {
  readonly rule: string;
  /** Snakemake's number of the job. */
  readonly job: string;
  readonly wildcards: string;
  readonly threads: number;
  readonly startedAt: number;
  /** Undefined where the log ends before it does. */
  endedAt: number | undefined;
  failed: boolean;
}

export interface TimelineReader {
  /** Takes the next line of the log, and when it was written. */
  push(line: string, time: number): void;
  /** All so far, in the order in which they began. */
  rules(): readonly TimedRule[];
}

/** What the indented lines now read belong to. */
type Block =
  | { readonly kind: "none" }
  | {
      readonly kind: "start";
      readonly rule: string;
      job: string;
      wildcards: string;
      threads: number;
      readonly time: number;
    }
  | { readonly kind: "error"; readonly time: number };

/** Reads when each job of a Snakemake run (versions 7 to 9) began and ended. A job that is tried again is there for each time. */
export function createTimelineReader(): TimelineReader {
  const rules: TimedRule[] = [];
  const running = new Map<string, TimedRule>();
  let block: Block = { kind: "none" };

  const begin = () => {
    if (block.kind !== "start" || block.job === "") return;
    const { rule, job, wildcards, threads, time } = block;
    const timed: TimedRule = {
      rule,
      job,
      wildcards,
      threads,
      startedAt: time,
      endedAt: undefined,
      failed: false,
    };
    rules.push(timed);
    running.set(job, timed);
  };
  const end = (job: string, time: number, failed: boolean) => {
    const timed = running.get(job);
    if (timed === undefined) return;
    timed.endedAt = time;
    timed.failed = failed;
    running.delete(job);
  };

  return {
    push(raw, time) {
      const line = plainLine(raw);
      if (line.startsWith(" ")) {
        const [, name, value = ""] = /^ +(jobid|wildcards|threads): (.+)$/.exec(line) ?? [];
        if (block.kind === "error" && name === "jobid") end(value, time, true);
        if (block.kind !== "start") return;
        if (name === "jobid") block.job = value;
        if (name === "wildcards") block.wildcards = value;
        if (name === "threads") block.threads = Number(value) || 1;
        return;
      }
      begin();
      block = { kind: "none" };
      const rule = /^(?:local)?(?:rule|checkpoint) (\S+):$/.exec(line)?.[1];
      if (rule !== undefined) block = { kind: "start", rule, job: "", wildcards: "", threads: 1, time };
      // A rule that declares a message shows it in place of its name and number.
      const [, job = "", message] = /^Job ([0-9]+): (.+)$/.exec(line) ?? [];
      if (message !== undefined)
        block = { kind: "start", rule: message, job, wildcards: "", threads: 1, time };
      if (/^Error in (?:rule|checkpoint) \S+:$/.test(line)) block = { kind: "error", time };
      const finished = /^Finished job(?:id:)? ([0-9]+)\b/.exec(line)?.[1];
      if (finished !== undefined) end(finished, time, false);
    },
    rules() {
      begin();
      if (block.kind === "start") block = { kind: "none" };
      return rules;
    },
  };
}
