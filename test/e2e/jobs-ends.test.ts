// Protects what `nextstrain jobs` tells of jobs of every end that AWS has for them, now and when AWS Batch has forgotten them.
import { RegisterJobDefinitionCommand } from "@aws-sdk/client-batch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useFaults } from "../support/faults.ts";
import { type Front, startFrontOf } from "../support/front.ts";
import { have } from "../support/have.ts";
import { localClients } from "../support/local-clients.ts";
import { runIdOf, runTool } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

describe.skipIf(!(have("zip") && have("unzip")))("a job's end (needs zip and unzip)", () => {
  let place: Workplace;
  let front: Front;
  let env: Record<string, string>;
  let isForgotten = false;

  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    await place.run("local-aws", "start");
    await using clients = await localClients(place.env);
    await clients.batch.send(
      new RegisterJobDefinitionCommand({
        ...{ jobDefinitionName: "retrying", type: "container", retryStrategy: { attempts: 2 } },
        containerProperties: {
          ...{ image: "nextstrain/base", command: [] },
          resourceRequirements: [
            { type: "VCPU", value: "1" },
            { type: "MEMORY", value: "512" },
          ],
        },
      }),
    );
    ({ front, env } = await startFrontOf(place));
    front.change("DescribeJobs", (answer) => (isForgotten ? { ...answer, body: '{"jobs":[]}' } : undefined));
  });
  afterAll(async () => {
    await front[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const jobs = (...args: string[]) => runTool(["jobs", ...args], { env, cwd: place.home });

  test.each<[string, object[], string, RegExp, RegExp, number]>([
    ["success", [], "echo fine", /^State: +SUCCEEDED \(exit status 0\)/m, /^Its log: /m, 1],
    ["failure", [], "exit 7", /^State: +FAILED \(exit status 7\)/m, /^Why the job failed: /m, 1],
    [
      "want of memory",
      [{ fault: "out-of-memory", seconds: 0.2 }],
      "sleep 30",
      /^State: +FAILED \(exit status 137\): OutOfMemoryError/m,
      /^What to do: .*--memory/m,
      1,
    ],
    [
      "time limit",
      [{ fault: "time-limit" }],
      "sleep 30",
      /^State: +FAILED.*: Job attempt duration exceeded timeout/m,
      /^Why the job failed: .*time limit/m,
      1,
    ],
    [
      "computer taken away, and another attempt",
      [{ fault: "spot-reclaim", attempt: 1, seconds: 0.2 }],
      "[ $AWS_BATCH_JOB_ATTEMPT = 2 ] || sleep 30",
      /^State: +SUCCEEDED \(exit status 0\)/m,
      /^Attempt 1: .*Host EC2 \(instance i-\w+\) terminated/m,
      2,
    ],
    [
      "image that is not there",
      [{ fault: "cannot-pull" }],
      "true",
      /^State: +FAILED: CannotPullContainerError/m,
      /^What to do: /m,
      1,
    ],
  ])("%s", async (_, faults, script, state, told, attempts) => {
    await useFaults(place.env, faults);
    const definition = attempts > 1 ? ["--aws-batch-job", "retrying"] : [];
    const build = await place.build(script, "--detach", ...definition);
    const id = runIdOf(build);
    const watched = await jobs("watch", id);
    expect(watched.exitStatus).toBe(/SUCCEEDED/.test(state.source) ? 0 : 1);
    const shown = await jobs("show", id);
    expect(shown.exitStatus).toBe(0);
    expect(shown.stdout).toMatch(state);
    expect(shown.stdout).toMatch(told);
    expect(shown.stdout.match(/^Attempt \d+:/gm)).toHaveLength(attempts);

    isForgotten = true;
    const later = await jobs("show", id);
    const listed = JSON.parse((await jobs("list", "--json", id)).stdout).jobs[0];
    isForgotten = false;
    expect(later.stdout).toMatch(state);
    expect(later.stdout).toMatch(told);
    expect(listed).toMatchObject({
      forgotten: true,
      runId: id,
      status: /State: \+(\w+)/.exec(state.source)?.[1],
    });
    expect(listed.attempts).toHaveLength(attempts);
  });
});
