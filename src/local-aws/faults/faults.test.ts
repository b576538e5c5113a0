import { describe, expect, test } from "vitest";
import { createFaults, type FaultyRequest } from "./faults.ts";
import { parsePlan } from "./plan.ts";

const faultsOf = (plan: object) => {
  const faults = createFaults(() => 0);
  faults.use(parsePlan(JSON.stringify(plan)));
  return faults;
};

const download: FaultyRequest = {
  service: "s3",
  operation: "GetObject",
  path: "/nextstrain-jobs/run.zip",
  from: "user",
  accessKeyId: "KEY",
};

const job = { jobId: "id", jobName: "run", definition: "nextstrain-job", attempt: 1 };

describe("a plan", () => {
  test.each([
    ["[]", "not a JSON object"],
    ['{"rule": []}', 'no member "rule"'],
    ['{"rules": 1}', "rules must be an array"],
    ['{"seed": "x", "rules": []}', "seed must be a whole number"],
    ['{"rules": [{"fault": "flood"}]}', "rules[0].fault must be one of latency, "],
    [
      '{"rules": [{"fault": "throttle", "probability": 20}]}',
      "rules[0].probability must be a number from 0 to 1",
    ],
    ['{"rules": [{"fault": "latency"}]}', "needs ms"],
    ['{"rules": [{"fault": "cut", "at": "end"}]}', "one of before, request, body, after"],
    ['{"rules": [{"fault": "lost-stream", "job": "x"}]}', 'rules[0] (lost-stream) has no member "job"'],
  ])("%s is refused", (plan, reason) => {
    expect(() => parsePlan(plan)).toThrow(reason);
  });

  test("reaches the requests it names, and no others", () => {
    const faults = faultsOf({
      rules: [{ fault: "throttle", service: "s3", operation: "get*", path: "*.zip", from: "user" }],
    });
    expect(faults.ofRequest(download).failure).toEqual({ kind: "throttled" });
    for (const other of [
      { service: "batch" },
      { operation: "PutObject" },
      { path: "/nextstrain-jobs/run.json.gz" },
      { from: "job" } as const,
    ]) {
      expect(faults.ofRequest({ ...download, ...other }).failure).toBeUndefined();
    }
  });

  test("adds delays up until something fails", () => {
    const rules = [
      { fault: "latency", ms: 10 },
      { fault: "latency", ms: 20, service: "s3" },
      { fault: "cut" },
      { fault: "latency", ms: 40 },
    ];
    expect(faultsOf({ rules }).ofRequest(download)).toEqual({
      delayMs: 30,
      failure: { kind: "cut", at: "before" },
    });
  });

  test("lets pass, and strikes, as often as it says", () => {
    const faults = faultsOf({ rules: [{ fault: "error", skip: 2, count: 2 }] });
    const failed = Array.from({ length: 6 }, () => faults.ofRequest(download).failure !== undefined);
    expect(failed).toEqual([false, false, true, true, false, false]);
    expect(faults.report().rules[0]).toMatchObject({ matched: 6, applied: 2 });
  });

  test("does the same with the same seed, whatever other rules have matched", () => {
    const rules = [
      { fault: "any", service: "s3", probability: 0.3 },
      { fault: "throttle", service: "batch", probability: 0.3 },
    ];
    const outcomes = (seed: number, between: () => void) => {
      const faults = faultsOf({ seed, rules });
      return Array.from({ length: 100 }, () => {
        between();
        return faults.ofRequest(download).failure;
      });
    };
    const first = outcomes(5, () => {});
    const other = faultsOf({ rules });
    expect(outcomes(5, () => void other.ofRequest({ ...download, service: "batch" }))).toEqual(first);
    expect(outcomes(6, () => {})).not.toEqual(first);
    const failures = first.filter((one) => one !== undefined);
    expect(failures.length).toBeGreaterThan(15);
    expect(failures.length).toBeLessThan(45);
    expect(new Set(failures.map((one) => JSON.stringify(one))).size).toBe(7);
  });
});

describe("what expires", () => {
  let time = 0;
  const timed = (...rules: object[]) => {
    const faults = createFaults(() => time);
    faults.use(parsePlan(JSON.stringify({ rules })));
    return faults;
  };

  test("a key does so many seconds after its first request, another one by itself", () => {
    const faults = timed({ fault: "expired-credentials", seconds: 5, service: "s3" });
    const outcome = (at: number, accessKeyId: string) => {
      time = at;
      return faults.ofRequest({ ...download, accessKeyId }).failure?.kind;
    };
    const seen = [outcome(0, "A"), outcome(4_999, "A"), outcome(5_000, "A"), outcome(5_000, "B")];
    expect(seen).toEqual([undefined, undefined, "expired", undefined]);
    expect([outcome(9_999, "B"), outcome(10_000, "B")]).toEqual([undefined, "expired"]);
    expect(faults.report().rules[0]).toMatchObject({ applied: 2 });
  });

  test("a token of the log does by its age", () => {
    const faults = timed({ fault: "expired-tokens", seconds: 2, stream: "one*" });
    const refused = [faults.isTokenExpired("one/x", 1_999), faults.isTokenExpired("one/x", 2_000)];
    expect([...refused, faults.isTokenExpired("two/x", 9_000)]).toEqual([false, true, false]);
  });
});

describe("an attempt of a job", () => {
  test("may be that of one child of an array", () => {
    const rules = [{ fault: "out-of-memory", index: 2 }];
    const faults = faultsOf({ rules });
    expect(faults.ofAttempt({ ...job, jobId: "id:1", index: 1 })).toBeUndefined();
    expect(faults.ofAttempt(job)).toBeUndefined();
    expect(faults.ofAttempt({ ...job, jobId: "id:2", index: 2 })).toMatchObject({ kind: "out-of-memory" });
  });

  test("is hit where its name, definition and number fit", () => {
    const rules = [{ fault: "spot-reclaim", job: "r*", definition: "nextstrain-*", attempt: 2, seconds: 3 }];
    const faults = faultsOf({ rules });
    expect(faults.ofAttempt(job)).toBeUndefined();
    expect(faults.ofAttempt({ ...job, attempt: 2 })).toEqual({
      ...{ kind: "spot-reclaim", afterMs: 3000, noticeMs: 0, drains: false },
    });
    expect(faults.ofAttempt({ ...job, attempt: 2, jobName: "other" })).toBeUndefined();
  });

  test("waits for capacity as long as the rule says, decided once", () => {
    const faults = faultsOf({ rules: [{ fault: "no-capacity", seconds: 10, count: 1 }] });
    expect(faults.capacityWait(job, 1000)).toBe(10_000);
    expect(faults.capacityWait(job, 5000)).toBe(6000);
    expect(faults.capacityWait(job, 12_000)).toBe(0);
    expect(faults.capacityWait({ ...job, jobId: "next" }, 1000)).toBe(0);
    expect(faults.waitReason(job)).toBeUndefined();
  });

  test("waits with the words of the rule", () => {
    const faults = faultsOf({ rules: [{ fault: "no-capacity", message: "UNDETERMINED - x" }] });
    expect(faults.capacityWait(job, 1000)).toBe(Number.POSITIVE_INFINITY);
    expect(faults.waitReason(job)).toBe("UNDETERMINED - x");
    expect(faults.waitReason({ ...job, attempt: 2 })).toBeUndefined();
  });

  test("can't start for the reason of the rule, or takes too long", () => {
    const faults = faultsOf({
      rules: [
        { fault: "cannot-start", attempt: 1, message: "ResourceInitializationError: x" },
        { fault: "cannot-start", attempt: 2 },
        { fault: "time-limit", attempt: 3, seconds: 2 },
      ],
    });
    const of = (attempt: number) => faults.ofAttempt({ ...job, attempt });
    expect(of(1)).toEqual({ kind: "cannot-start", reason: "ResourceInitializationError: x" });
    expect(of(2)).toMatchObject({ reason: expect.stringMatching(/^DockerTimeoutError: /) });
    expect(of(3)).toEqual({ kind: "time-limit", afterMs: 2000 });
  });
});
