// Protects what a watch of many jobs costs and misses: a request for each hundred, a bounded rate, every end seen, through trouble of AWS's.
import { expect, test } from "vitest";
import { testContext } from "../../../../test/support/context.ts";
import { numberedRun, recordOf } from "../../../../test/support/records.ts";
import { UserError } from "../../../errors.ts";
import { serviceError } from "../testing/fake-job.ts";
import type { Accounts } from "./accounts.ts";
import { factsOf, type KnownJob } from "./known-job.ts";
import { type PollEvent, pollJobs } from "./poll.ts";

const jobs = (count: number): KnownJob[] =>
  Array.from({ length: count }, (_, index) => {
    const record = recordOf(numberedRun(index), { status: undefined });
    return { runId: record.runId, jobId: record.jobId, record };
  });

/** A Batch of which `statusOf` says what each job is at, at a time in milliseconds; undefined: not listed. */
function fakeBatch(statusOf: (id: string, time: number) => string | undefined) {
  const context = testContext();
  const start = context.now();
  const requests: { readonly time: number; readonly ids: number }[] = [];
  const time = () => context.now() - start;
  const send = async ({ input }: { input: { jobs: string[] } }) => {
    requests.push({ time: time(), ids: input.jobs.length });
    context.advance(50);
    return {
      jobs: input.jobs.flatMap((jobId) => {
        const status = statusOf(jobId, time());
        return status === undefined
          ? []
          : [{ jobId, jobName: "j", status, container: {}, startedAt: 1, stoppedAt: 2 }];
      }),
    };
  };
  const account = {
    aws: { batch: { send }, isLocal: false, region: { value: "us-east-1", source: "test" } },
    context,
    isByOption: false,
  };
  const accounts = { own: async () => account, of: async () => account } as unknown as Accounts;
  const poll = async (known: readonly KnownJob[], { until = 600_000, patience = 60_000 } = {}) => {
    const events: PollEvent[] = [];
    const ending = new AbortController();
    const options = {
      ...{ signal: ending.signal, patience },
      async sleep(milliseconds: number) {
        context.advance(milliseconds);
        if (time() > until) ending.abort();
        ending.signal.throwIfAborted();
      },
    };
    const error: unknown = await (async () => {
      for await (const event of pollJobs(context, accounts, known, options)) events.push(event);
    })().catch((thrown: unknown) => thrown);
    return { events, error, time: time() };
  };
  return { requests, poll };
}

const states = (events: readonly PollEvent[]) =>
  events.flatMap((event) => (event.kind === "changed" ? [factsOf(event.known).status] : []));

test("1,000 jobs cost 20 requests in any 10 seconds at most", async () => {
  const { requests, poll } = fakeBatch(() => "RUNNING");
  await poll(jobs(1_000), { until: 120_000 });
  expect(requests.length).toBeGreaterThan(100);
  expect(Math.max(...requests.map(({ ids }) => ids))).toBe(100);
  for (const { time } of requests) {
    expect(
      requests.filter((other) => other.time >= time && other.time < time + 10_000).length,
    ).toBeLessThanOrEqual(20);
  }
});

test("each state is told once, and the watch ends when all jobs have; those that have ended are not asked for again", async () => {
  const known = jobs(150);
  const last = known[0]?.jobId;
  const { requests, poll } = fakeBatch((id, time) =>
    time > 5_000 && (id !== last || time > 60_000) ? "SUCCEEDED" : "RUNNING",
  );
  const { events, error } = await poll(known);
  expect(error).toBeUndefined();
  expect(states(events).filter((status) => status === "RUNNING")).toHaveLength(150);
  expect(states(events).filter((status) => status === "SUCCEEDED")).toHaveLength(150);
  expect(requests.at(-1)?.ids).toBe(1);
});

test("an answer that lacks a job is no end of it, but one that goes on lacking it is", async () => {
  const [job] = jobs(1);
  const { poll } = fakeBatch((_, time) =>
    time > 1_000 && time < 2_000 ? undefined : time > 20_000 ? undefined : "RUNNING",
  );
  const { events } = await poll(job ? [job] : []);
  expect(states(events)).toEqual(["RUNNING", "UNKNOWN"]);
});

test("goes on through trouble that passes, said once, and ends with what lasts", async () => {
  const failing = (from: number, to: number) => (_: string, time: number) => {
    if (time > from && time < to) throw serviceError("ServiceUnavailable", 503);
    return time > 90_000 ? "FAILED" : "RUNNING";
  };
  const passed = await fakeBatch(failing(10_000, 50_000)).poll(jobs(3));
  expect(passed.events.filter(({ kind }) => kind !== "changed").map(({ kind }) => kind)).toEqual([
    "trouble",
    "recovered",
  ]);
  expect(states(passed.events).filter((status) => status === "FAILED")).toHaveLength(3);
  const lasting = await fakeBatch(failing(10_000, Number.POSITIVE_INFINITY)).poll(jobs(3));
  expect(lasting.error).toBeInstanceOf(UserError);
  expect((lasting.error as UserError).message).toMatch(/^AWS could not be reached for 1 minute/);
});
