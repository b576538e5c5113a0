import { AwsError } from "../http.ts";

/** Where the connection of a `cut` ends: see README.md, "Faults". */
const cutPlaces = ["before", "request", "body", "after"] as const;
export type CutPlace = (typeof cutPlaces)[number];

/** Which requests a rule is for; what is absent matches all. Patterns know `*` and `?`, and not case. */
interface RequestMatch {
  /** As in the signature: `s3`, `batch`, `logs`, `sts`, `iam`. */
  readonly service?: string;
  readonly operation?: string;
  /** Of the URL, percent-decoded: bucket and key for S3. */
  readonly path?: string;
  /** Whose requests: those of jobs, or of everybody else. */
  readonly from?: "user" | "job";
}

/** Which attempts of which jobs. */
interface JobMatch {
  /** Pattern of the job's name. */
  readonly job?: string;
  /** Pattern of the definition's name. */
  readonly definition?: string;
  /** From 1. */
  readonly attempt?: number;
  /** Of an array's child, from 0. */
  readonly index?: number;
}

/** Which log streams of jobs. */
interface StreamMatch {
  /** Pattern of the stream's name. */
  readonly stream?: string;
}

/** How often a rule is applied to what it matches. */
interface Often {
  /** From 0 to 1; by default 1. */
  readonly probability?: number;
  /** Matches that are let pass at first; by default 0. */
  readonly skip?: number;
  /** How many times at most. */
  readonly count?: number;
}

export type RequestRule = RequestMatch &
  Often &
  (
    | { readonly fault: "latency"; readonly ms: number }
    | { readonly fault: "throttle" }
    | { readonly fault: "error"; readonly status?: 500 | 503 }
    | { readonly fault: "cut"; readonly at?: CutPlace }
    /** `seconds` after the first request that their key signed; at once without. */
    | { readonly fault: "expired-credentials"; readonly seconds?: number }
    | { readonly fault: "any" }
  );

export type JobRule = JobMatch &
  Often &
  (
    | {
        readonly fault: "spot-reclaim";
        readonly seconds?: number;
        readonly line?: string;
        /** Seconds from the notice to the end; at once without. */
        readonly notice?: number;
        /** Whether ECS stops the job at the notice. */
        readonly drain?: boolean;
      }
    /** `seconds` after the start or, with `line`, after a line of the job's log that has that in it. */
    | { readonly fault: "out-of-memory" | "time-limit"; readonly seconds?: number; readonly line?: string }
    | { readonly fault: "cannot-pull"; readonly message?: string }
    | { readonly fault: "cannot-start"; readonly message?: string }
    | { readonly fault: "no-capacity"; readonly seconds?: number; readonly message?: string }
  );

export type LogRule = StreamMatch &
  Often &
  (
    | { readonly fault: "late-lines"; readonly ms: number }
    | { readonly fault: "late-stream"; readonly ms: number }
    | { readonly fault: "lost-stream" }
    | { readonly fault: "lost-lines" }
    /** Tokens of GetLogEvents, `seconds` after they were given out last. */
    | { readonly fault: "expired-tokens"; readonly seconds?: number }
  );

export type Rule = RequestRule | JobRule | LogRule;

/** What local AWS is to do wrong, and the seed that makes chance repeat itself. */
export interface FaultPlan {
  readonly seed: number;
  readonly rules: readonly Rule[];
}

const requestMembers = ["service", "operation", "path", "from"];
const jobMembers = ["job", "definition", "attempt", "index"];

/** The members that each kind of fault knows, beside those of Often. */
const members: Readonly<Record<Rule["fault"], readonly string[]>> = {
  latency: [...requestMembers, "ms"],
  throttle: requestMembers,
  error: [...requestMembers, "status"],
  cut: [...requestMembers, "at"],
  "expired-credentials": [...requestMembers, "seconds"],
  any: requestMembers,
  "spot-reclaim": [...jobMembers, "seconds", "line", "notice", "drain"],
  "out-of-memory": [...jobMembers, "seconds", "line"],
  "time-limit": [...jobMembers, "seconds", "line"],
  "cannot-pull": [...jobMembers, "message"],
  "cannot-start": [...jobMembers, "message"],
  "no-capacity": [...jobMembers, "seconds", "message"],
  "late-lines": ["stream", "ms"],
  "late-stream": ["stream", "ms"],
  "lost-stream": ["stream"],
  "lost-lines": ["stream"],
  "expired-tokens": ["stream", "seconds"],
};

const isNumber = (min: number, max = Number.MAX_SAFE_INTEGER, whole = false) => ({
  test: (value: unknown) =>
    typeof value === "number" && value >= min && value <= max && (!whole || Number.isInteger(value)),
  wanted: `a ${whole ? "whole number" : "number"} from ${min}${max < Number.MAX_SAFE_INTEGER ? ` to ${max}` : ""}`,
});
const isBoolean = { test: (value: unknown) => typeof value === "boolean", wanted: "true or false" };
const isText = { test: (value: unknown) => typeof value === "string", wanted: "a string" };
const isOneOf = (...values: readonly (string | number)[]) => ({
  test: (value: unknown) => values.some((one) => one === value),
  wanted: `one of ${values.join(", ")}`,
});

const checks: Readonly<Record<string, { test(value: unknown): boolean; readonly wanted: string }>> = {
  service: isText,
  operation: isText,
  path: isText,
  from: isOneOf("user", "job"),
  job: isText,
  definition: isText,
  attempt: isNumber(1, 10, true),
  index: isNumber(0, 9_999, true),
  line: isText,
  notice: isNumber(0, 86_400),
  drain: isBoolean,
  stream: isText,
  message: isText,
  ms: isNumber(0, 3_600_000),
  seconds: isNumber(0, 86_400),
  status: isOneOf(500, 503),
  at: isOneOf(...cutPlaces),
  probability: isNumber(0, 1),
  skip: isNumber(0, undefined, true),
  count: isNumber(1, undefined, true),
};

/** @throws AwsError ValidationException that says where the plan is wrong */
export function parsePlan(text: string): FaultPlan {
  let plan: unknown;
  try {
    plan = JSON.parse(text);
  } catch {
    throw wrong("The fault plan is not valid JSON.");
  }
  if (!isRecord(plan)) throw wrong("The fault plan is not a JSON object.");
  const { seed = 1, rules, ...others } = plan;
  const stray = Object.keys(others)[0];
  if (stray !== undefined) throw wrong(`The fault plan has no member "${stray}"; it has seed and rules.`);
  if (typeof seed !== "number" || !Number.isInteger(seed)) throw wrong("seed must be a whole number.");
  if (!Array.isArray(rules)) throw wrong("rules must be an array.");
  return { seed, rules: rules.map((rule: unknown, number) => readRule(rule, `rules[${number}]`)) };
}

function readRule(rule: unknown, where: string): Rule {
  if (!isRecord(rule)) throw wrong(`${where} is not a JSON object.`);
  const { fault } = rule;
  if (typeof fault !== "string" || !Object.hasOwn(members, fault)) {
    throw wrong(`${where}.fault must be one of ${Object.keys(members).join(", ")}.`);
  }
  const known = ["fault", "probability", "skip", "count", ...members[fault as Rule["fault"]]];
  for (const [name, value] of Object.entries(rule)) {
    if (!known.includes(name)) throw wrong(`${where} (${fault}) has no member "${name}".`);
    const check = checks[name];
    if (check !== undefined && !check.test(value)) throw wrong(`${where}.${name} must be ${check.wanted}.`);
  }
  if (members[fault as Rule["fault"]].includes("ms") && rule.ms === undefined) {
    throw wrong(`${where} (${fault}) needs ms, in milliseconds.`);
  }
  // Each member has been checked against the table.
  return rule as unknown as Rule;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function wrong(message: string): AwsError {
  return new AwsError("ValidationException", message, 400);
}
