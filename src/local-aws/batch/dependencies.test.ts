// Protects the order that `dependsOn` asks for: who waits for whom, who fails with whom, and what is refused.
import { describe, expect, test } from "vitest";
import { batchForEachTest } from "./testing/bench.ts";
import { call, fakeExecutor, refusal } from "./testing/fakes.ts";

const bench = batchForEachTest();
const { describeJob, running, finished } = bench;

const submit = (input: object = {}) =>
  bench.submit({
    containerOverrides: {
      resourceRequirements: [
        { type: "VCPU", value: "1" },
        { type: "MEMORY", value: "100" },
      ],
    },
    ...input,
  });
const on = (...ids: string[]) => ({ dependsOn: ids.map((jobId) => ({ jobId })) });
const array = (size: number, input: object = {}) => submit({ arrayProperties: { size }, ...input });
const statuses = async (jobId: string, size: number) => {
  const jobs = Array.from({ length: size }, (_, index) => `${jobId}:${index}`);
  const described = await call(bench.batch, "DescribeJobs", { jobs });
  return described.jobs.map(({ status }: { status: string }) => status).join(" ");
};
const end = (jobId: string, exitCode: number) =>
  bench.executor.containers.findLast(({ attempt }) => attempt.jobId === jobId)?.end({ exitCode });
const succeed = async (jobId: string) => {
  await running(jobId);
  end(jobId, 0);
  await finished(jobId);
};
const failed = { status: "FAILED", statusReason: "Dependent Job failed", attempts: [] };

describe("a job that depends on others", () => {
  test("is PENDING until all of them have succeeded", async () => {
    const [first, second] = [await submit(), await submit()];
    const jobId = await submit(on(first, second));
    expect(await describeJob(jobId)).toMatchObject({
      ...{ status: "PENDING", dependsOn: [{ jobId: first }, { jobId: second }] },
    });
    await succeed(first);
    expect((await describeJob(jobId)).status).toBe("PENDING");
    expect(bench.executor.containers).toHaveLength(2);
    await succeed(second);
    await succeed(jobId);
  });

  test("fails with one of them, and so does what depends on it", async () => {
    const first = await submit();
    const second = await submit(on(first));
    const third = await array(2, on(second));
    await running(first);
    end(first, 1);
    expect(await finished(second)).toMatchObject(failed);
    expect(await finished(third)).toMatchObject(failed);
    expect(await finished(`${third}:1`)).toMatchObject(failed);
    const fourth = await submit(on(third));
    expect(await finished(fourth)).toMatchObject(failed);
  });

  test("runs at once where they have succeeded, and can be cancelled while it waits", async () => {
    const first = await submit();
    const waiting = await submit(on(first));
    await call(bench.batch, "CancelJob", { jobId: waiting, reason: "no" });
    expect(await describeJob(waiting)).toMatchObject({ status: "FAILED", statusReason: "no" });
    await succeed(first);
    await running(await submit(on(first)));
  });

  test("waits for a whole array, or for one of its children", async () => {
    const parent = await array(2);
    const forAll = await submit(on(parent));
    const forOne = await submit(on(`${parent}:1`));
    await succeed(`${parent}:1`);
    await running(forOne);
    expect((await describeJob(forAll)).status).toBe("PENDING");
    await succeed(`${parent}:0`);
    await running(forAll);
  });

  test("waits on after a restart", async () => {
    const parent = await array(2);
    const [first, second] = [`${parent}:0`, `${parent}:1`];
    await running(second);
    const blocked = await submit(on(parent));
    const other = await submit({ retryStrategy: { attempts: 2 } });
    const waiting = await array(2, on(other));
    await bench.batch.close();
    bench.executor = fakeExecutor();
    bench.batch = await bench.open();
    expect((await describeJob(first)).statusReason).toMatch(/^Host EC2 /);
    expect(await describeJob(blocked)).toMatchObject(failed);
    expect(await statuses(waiting, 2)).toBe("PENDING PENDING");
    await succeed(other);
    await running(`${waiting}:1`);
  });
});

describe("an array", () => {
  test("waits with all its children", async () => {
    const first = await submit();
    const parent = await array(2, on(first));
    expect(await describeJob(parent)).toMatchObject({
      ...{ status: "PENDING", arrayProperties: { statusSummary: { PENDING: 2 } } },
    });
    await succeed(first);
    await running(`${parent}:0`);
    await running(`${parent}:1`);
  });

  test("that is SEQUENTIAL runs one child at a time, and no more once one has failed", async () => {
    const parent = await array(4, { dependsOn: [{ type: "SEQUENTIAL" }] });
    await running(`${parent}:0`);
    expect(await statuses(parent, 4)).toBe("RUNNING PENDING PENDING PENDING");
    await succeed(`${parent}:0`);
    await running(`${parent}:1`);
    expect((await describeJob(`${parent}:1`)).dependsOn).toEqual([{ jobId: `${parent}:0` }]);
    expect(await statuses(parent, 4)).toBe("SUCCEEDED RUNNING PENDING PENDING");
    end(`${parent}:1`, 1);
    expect(await finished(parent)).toMatchObject({ statusReason: "Array Child Job failed" });
    expect(await describeJob(`${parent}:3`)).toMatchObject(failed);
  });

  test("that is N_TO_N waits child by child", async () => {
    const first = await array(3);
    const second = await array(3, { dependsOn: [{ jobId: first, type: "N_TO_N" }] });
    await succeed(`${first}:1`);
    await running(`${second}:1`);
    expect(await statuses(second, 3)).toBe("PENDING RUNNING PENDING");
    await running(`${first}:2`);
    end(`${first}:2`, 1);
    expect(await finished(`${second}:2`)).toMatchObject(failed);
    end(`${second}:1`, 0);
    await succeed(`${first}:0`);
    await succeed(`${second}:0`);
    expect(await finished(second)).toMatchObject({
      ...{ status: "FAILED", statusReason: "Array Child Job failed" },
      arrayProperties: { statusSummary: { SUCCEEDED: 2, FAILED: 1 } },
    });
  });

  test("of 10,000 children in sequence fails as a whole in one go", async () => {
    const parent = await array(10_000, { dependsOn: [{ type: "SEQUENTIAL" }] });
    await running(`${parent}:0`);
    end(`${parent}:0`, 1);
    expect((await finished(parent)).arrayProperties.statusSummary.FAILED).toBe(10_000);
  });
});

describe("SubmitJob refuses", () => {
  const base = { jobName: "j", jobQueue: "nextstrain-job-queue", jobDefinition: "nextstrain-job" };
  const sized = { ...base, arrayProperties: { size: 3 } };
  test.each([
    [{ ...base, dependsOn: [{ jobId: "nowhere" }] }, /Job nowhere does not exist/],
    [{ ...base, dependsOn: [{}] }, /must have a jobId/],
    [{ ...sized, dependsOn: [{ type: "N_TO_N" }] }, /must have a jobId/],
    [{ ...base, dependsOn: [{ type: "SEQUENTIAL" }] }, /Only array jobs/],
    [{ ...base, dependsOn: [{ jobId: "JOB", type: "N_TO_N" }] }, /Only array jobs/],
    [{ ...sized, dependsOn: [{ jobId: "JOB", type: "N_TO_N" }] }, /only on array jobs/],
    [{ ...sized, dependsOn: [{ jobId: "ARRAY", type: "N_TO_N" }] }, /of the same size: 3, not 2/],
    [{ ...sized, dependsOn: [{ jobId: "ARRAY", type: "SEQUENTIAL" }] }, /cannot have a jobId/],
    [{ ...sized, dependsOn: [{ jobId: "ARRAY", type: "SOMEHOW" }] }, /SOMEHOW/],
    [{ ...base, dependsOn: Array(21).fill({ jobId: "JOB" }) }, /more than 20 dependencies/],
    [{ ...base, dependsOn: "JOB" }, /^400 SerializationException/],
  ])("%j", async (input, message) => {
    const ids = { JOB: await submit(), ARRAY: await array(2) };
    const text = JSON.stringify(input).replace(/JOB|ARRAY/g, (name) => ids[name as keyof typeof ids]);
    const refused = await refusal(bench.batch, "SubmitJob", JSON.parse(text));
    expect(refused).toMatch(message);
    expect(refused).toMatch(/^400 /);
  });
});
