import { matchesGlob } from "../glob.ts";
import { chance } from "./chance.ts";
import type { CutPlace, FaultPlan, JobRule, LogRule, RequestRule, Rule } from "./plan.ts";

/** A request, as far as rules look at it. */
export interface FaultyRequest {
  readonly service: string;
  readonly operation: string;
  readonly path: string;
  readonly from: "user" | "job";
  readonly accessKeyId: string;
}

/** What is done to one request: a delay, then at most one failure. */
export interface RequestFault {
  readonly delayMs: number;
  readonly failure?:
    | { readonly kind: "throttled" | "internal" | "unavailable" | "expired" }
    | { readonly kind: "cut"; readonly at: CutPlace };
}

/** What is done to one attempt of a job. */
export type JobFault =
  | { readonly kind: "out-of-memory" | "time-limit"; readonly afterMs: number; readonly line?: string }
  | {
      readonly kind: "spot-reclaim";
      readonly afterMs: number;
      readonly line?: string;
      readonly noticeMs: number;
      readonly drains: boolean;
    }
  | { readonly kind: "cannot-start"; readonly reason: string };

export interface FaultyJob {
  readonly jobId: string;
  readonly jobName: string;
  readonly definition: string;
  /** From 1. */
  readonly attempt: number;
  /** Of an array's child, from 0. */
  readonly index?: number;
}

/** What is done to one log stream of a job. */
export interface StreamFault {
  readonly isLost: boolean;
  /** Until the stream is there. */
  readonly missingMs: number;
}

/** The plan in force, and how far it has come. */
export interface Faults {
  /** Begins with the plan afresh; undefined: with none. */
  use(plan: FaultPlan | undefined): void;
  report(): {
    readonly seed: number;
    readonly rules: readonly (Rule & { matched: number; applied: number })[];
  };
  ofRequest(request: FaultyRequest): RequestFault;
  /** Milliseconds that the attempt has yet to wait for capacity; Infinity as long as the plan is in force. */
  capacityWait(job: FaultyJob, now: number): number;
  /** Why it waits, where the rule says so. */
  waitReason(job: FaultyJob): string | undefined;
  ofAttempt(job: FaultyJob): JobFault | undefined;
  ofStream(stream: string): StreamFault;
  /** Milliseconds by which these lines come late. */
  lateness(stream: string): number;
  isLineLost(stream: string): boolean;
  /** Whether a token of the stream, given out so many milliseconds ago, is refused. */
  isTokenExpired(stream: string, ageMs: number): boolean;
}

const isRequestRule = (rule: Rule): rule is RequestRule =>
  ["latency", "throttle", "error", "cut", "expired-credentials", "any"].includes(rule.fault);
const isJobRule = (rule: Rule): rule is JobRule =>
  ["spot-reclaim", "out-of-memory", "time-limit", "cannot-pull", "cannot-start", "no-capacity"].includes(
    rule.fault,
  );
const isLogRule = (rule: Rule): rule is LogRule => !isRequestRule(rule) && !isJobRule(rule);

/** In force together with a rule: how often it has matched, and how often it was applied. */
interface Counted<R extends Rule> {
  readonly rule: R;
  readonly number: number;
  matched: number;
  applied: number;
}

const defaultPullError =
  "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref: not found";

const defaultStartError = "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s";

/** `now` gives milliseconds. */
export function createFaults(now: () => number): Faults {
  let seed = 1;
  let counted: Counted<Rule>[] = [];
  /** Attempts that wait for capacity: since when, and for how long. */
  let waits = new Map<string, { readonly since: number; readonly ms: number; readonly reason?: string }>();
  /** When a key was first seen by a rule. */
  let keys = new Map<string, number>();

  /** Whether a rule that matches is applied this time. */
  function strikes(one: Counted<Rule>): boolean {
    const { skip = 0, count = Number.POSITIVE_INFINITY, probability = 1 } = one.rule;
    one.matched += 1;
    if (one.matched <= skip || one.applied >= count) return false;
    if (chance(seed, one.number, one.matched) >= probability) return false;
    one.applied += 1;
    return true;
  }

  const only = <R extends Rule>(is: (rule: Rule) => rule is R): Counted<R>[] =>
    counted.filter((one): one is Counted<R> => is(one.rule));

  function failureOf({ rule, number, matched }: Counted<RequestRule>): RequestFault["failure"] {
    switch (rule.fault) {
      case "throttle":
        return { kind: "throttled" };
      case "error":
        return { kind: rule.status === 503 ? "unavailable" : "internal" };
      case "cut":
        return { kind: "cut", at: rule.at ?? "before" };
      case "expired-credentials":
        return { kind: "expired" };
      case "any":
        return anyFailure(chance(seed, number, matched, "kind"));
      case "latency":
        return undefined;
    }
  }

  function hasExpired({ rule, number }: Counted<RequestRule>, { accessKeyId }: FaultyRequest): boolean {
    if (rule.fault !== "expired-credentials") return true;
    const key = `${number} ${accessKeyId}`;
    const first = keys.get(key) ?? now();
    keys.set(key, first);
    return now() - first >= (rule.seconds ?? 0) * 1000;
  }

  const forJob =
    (job: FaultyJob) =>
    ({ rule }: Counted<JobRule>): boolean =>
      fits(rule.job, job.jobName) &&
      fits(rule.definition, job.definition) &&
      (rule.attempt === undefined || rule.attempt === job.attempt) &&
      (rule.index === undefined || rule.index === job.index);

  const forStream =
    (stream: string) =>
    ({ rule }: Counted<LogRule>): boolean =>
      fits(rule.stream, stream);

  return {
    use(plan) {
      seed = plan?.seed ?? 1;
      counted = (plan?.rules ?? []).map((rule, number) => ({ rule, number, matched: 0, applied: 0 }));
      waits = new Map();
      keys = new Map();
    },
    report: () => ({
      seed,
      rules: counted.map(({ rule, matched, applied }) => ({ ...rule, matched, applied })),
    }),
    ofRequest(request) {
      let delayMs = 0;
      for (const one of only(isRequestRule)) {
        const { rule } = one;
        if (!fits(rule.service, request.service) || !fits(rule.operation, request.operation)) continue;
        if (!fits(rule.path, request.path)) continue;
        if (rule.from !== undefined && rule.from !== request.from) continue;
        if (!hasExpired(one, request) || !strikes(one)) continue;
        if (rule.fault === "latency") delayMs += rule.ms;
        const failure = failureOf(one);
        if (failure !== undefined) return { delayMs, failure };
      }
      return { delayMs };
    },
    capacityWait(job, now) {
      const key = waitKey(job);
      let wait = waits.get(key);
      if (wait === undefined) {
        const one = only(isJobRule)
          .filter(forJob(job))
          .find(({ rule }) => rule.fault === "no-capacity");
        const rule = one !== undefined && strikes(one) ? one.rule : undefined;
        const seconds = rule?.fault === "no-capacity" ? (rule.seconds ?? Number.POSITIVE_INFINITY) : 0;
        const said =
          rule?.fault === "no-capacity" && rule.message !== undefined ? { reason: rule.message } : {};
        wait = { since: now, ms: seconds * 1000, ...said };
        waits.set(key, wait);
      }
      return Math.max(0, wait.since + wait.ms - now);
    },
    waitReason: (job) => waits.get(waitKey(job))?.reason,
    ofAttempt(job) {
      for (const one of only(isJobRule).filter(forJob(job))) {
        const { rule } = one;
        if (rule.fault === "no-capacity" || !strikes(one)) continue;
        if (rule.fault === "cannot-pull") {
          return { kind: "cannot-start", reason: pullError(rule.message) };
        }
        if (rule.fault === "cannot-start") {
          return { kind: "cannot-start", reason: rule.message ?? defaultStartError };
        }
        const { seconds = 0, line } = rule;
        const moment = { afterMs: seconds * 1000, ...(line === undefined ? {} : { line }) };
        if (rule.fault !== "spot-reclaim") return { kind: rule.fault, ...moment };
        const { notice = 0, drain = false } = rule;
        return { kind: rule.fault, ...moment, noticeMs: notice * 1000, drains: drain };
      }
      return undefined;
    },
    ofStream(stream) {
      for (const one of only(isLogRule).filter(forStream(stream))) {
        const { rule } = one;
        if (rule.fault !== "lost-stream" && rule.fault !== "late-stream") continue;
        if (!strikes(one)) continue;
        if (rule.fault === "lost-stream") return { isLost: true, missingMs: 0 };
        return { isLost: false, missingMs: rule.ms };
      }
      return { isLost: false, missingMs: 0 };
    },
    lateness(stream) {
      for (const one of only(isLogRule).filter(forStream(stream))) {
        if (one.rule.fault === "late-lines" && strikes(one)) return one.rule.ms;
      }
      return 0;
    },
    isLineLost: (stream) =>
      only(isLogRule)
        .filter(forStream(stream))
        .some((one) => one.rule.fault === "lost-lines" && strikes(one)),
    isTokenExpired: (stream, ageMs) =>
      only(isLogRule)
        .filter(forStream(stream))
        .some(
          (one) =>
            one.rule.fault === "expired-tokens" && ageMs >= (one.rule.seconds ?? 0) * 1000 && strikes(one),
        ),
  };
}

const waitKey = ({ jobId, attempt }: FaultyJob): string => `${jobId} ${attempt}`;

const fits = (pattern: string | undefined, text: string): boolean =>
  pattern === undefined || matchesGlob(pattern, text, { ignoreCase: true });

function pullError(message: string | undefined): string {
  if (message === undefined) return defaultPullError;
  return message.startsWith("CannotPullContainerError") ? message : `CannotPullContainerError: ${message}`;
}

/** The ways in which a request can fail and be tried again. */
const failures: readonly NonNullable<RequestFault["failure"]>[] = [
  { kind: "throttled" },
  { kind: "internal" },
  { kind: "unavailable" },
  { kind: "cut", at: "before" },
  { kind: "cut", at: "request" },
  { kind: "cut", at: "body" },
  { kind: "cut", at: "after" },
];

const anyFailure = (draw: number) => failures[Math.floor(draw * failures.length)];
