// Protects a watch of 200 jobs while AWS throttles, fails and cuts connections: every end is seen, and every result comes home.
import { setMaxListeners } from "node:events";
import { expect, test } from "vitest";
import { openAws } from "../../src/aws/clients.ts";
import { findLocalAws } from "../../src/aws/local-aws.ts";
import { launch } from "../../src/runtimes/aws-batch/launch.ts";
import { buildRequest } from "../support/build-request.ts";
import { testContext } from "../support/context.ts";
import { useFaults } from "../support/faults.ts";
import { have } from "../support/have.ts";
import { breaches } from "../support/json-schema.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const COUNT = 200;
/** Builds that are started at once. */
const AT_ONCE = 8;
/** Every so many jobs, one fails; it has a result all the same. */
const ONE_FAILS = 20;

/** Starts all of them, by the code of `nextstrain build` in this process: programs would take ten times as long. Returns the ids of the jobs. */
async function startAll(place: Workplace): Promise<string[]> {
  const { signal } = new AbortController();
  // All of them listen to the same one.
  setMaxListeners(0, signal);
  const context = { ...testContext({ env: place.env, home: place.home, signal }), now: Date.now };
  const local = await findLocalAws(context);
  if (local === undefined) throw new Error("local AWS is not running");
  using aws = await openAws(context, local);
  const ids: string[] = [];
  let next = 0;
  const startNext = async () => {
    for (let number = next++; number < COUNT; number = next++) {
      const script = `echo ${number} > result-${number}.txt; exit ${number % ONE_FAILS === 0 ? 3 : 0}`;
      const request = buildRequest(place.directory, { program: "sh", programArguments: ["-c", script] });
      const run = await launch(context, aws, request, {
        ...{ localAws: true, job: named("nextstrain-job"), queue: named("nextstrain-job-queue") },
        ...{ bucket: named("nextstrain-jobs"), image: undefined, cpus: 1, memoryMib: undefined },
        ...{
          gracefulStop: false,
          checkpointSeconds: 0,
          retries: undefined,
          share: undefined,
          priority: undefined,
          tags: {},
        },
        ...{ encryption: undefined, attach: undefined, cancel: false, detach: true, notify: undefined },
        ...{ detachOnInterrupt: false, download: true, wanted: undefined, excludeFromUpload: [] },
        ...{ logs: false, patience: 900_000, jobInfo: undefined },
      });
      ids[number] = run.jobId;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, startNext));
  return ids;
}

function named(value: string) {
  return { value, source: "the test" };
}

test.skipIf(!(have("zip") && have("unzip")))(
  "of 200 jobs under faults, every end is seen and every result brought (needs zip and unzip)",
  { timeout: 1_800_000 },
  async () => {
    await using place = await workplace();
    await place.write("Snakefile", "");
    // None starts before it is watched.
    const wait = { fault: "no-capacity" };
    await useFaults(place.env, [wait]);
    const ids = await startAll(place);
    expect(new Set(ids).size).toBe(COUNT);

    const watch = place.start("jobs", "watch", "--json");
    const eventsOf = (kind: string) =>
      watch
        .said()
        .stdout.split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line))
        .filter(({ event }) => event === kind);
    await expect.poll(() => eventsOf("state").length, { timeout: 300_000 }).toBe(COUNT);
    for (const { job } of eventsOf("state")) expect(job.status).toMatch(/^(SUBMITTED|PENDING|RUNNABLE)$/);

    const user = { from: "user" };
    await useFaults(place.env, [
      { fault: "throttle", operation: "DescribeJobs", probability: 0.3, ...user },
      { fault: "throttle", service: "s3", probability: 0.1, ...user },
      { fault: "cut", at: "before", probability: 0.05, ...user },
      { fault: "cut", at: "body", operation: "GetObject", probability: 0.1, ...user },
      { fault: "cut", at: "after", operation: "DescribeJobs", probability: 0.1, ...user },
    ]);
    const { exitStatus } = await watch.ended;
    expect(exitStatus).toBe(1);
    const applied = JSON.parse((await place.run("local-aws", "status", "--json")).stdout).faults.rules;
    for (const rule of applied) expect(rule.applied, JSON.stringify(rule)).toBeGreaterThan(0);

    const ends = new Map<string, string[]>();
    for (const event of eventsOf("state")) {
      expect(breaches(event, "stateEvent")).toEqual([]);
      const { jobId, status } = event.job;
      if (/^(SUCCEEDED|FAILED)$/.test(status)) ends.set(jobId, [...(ends.get(jobId) ?? []), status]);
    }
    const wanted = ids.map((_, number) => [number % ONE_FAILS === 0 ? "FAILED" : "SUCCEEDED"]);
    expect(ids.map((id) => ends.get(id))).toEqual(wanted);
    const results = eventsOf("results");
    expect(results.map(({ jobId, error }) => [jobId, error]).toSorted()).toEqual(
      ids.map((id) => [id, null]).toSorted(),
    );
    for (let number = 0; number < COUNT; number += 1)
      expect(await place.read(`result-${number}.txt`)).toBe(`${number}\n`);
  },
);
