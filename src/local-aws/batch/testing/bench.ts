import { afterEach, beforeEach } from "vitest";
import type { BatchService } from "../index.ts";
import { call, fakeExecutor, jobWhen, memoryLogs, openTestBatch, temporaryDirectory } from "./fakes.ts";

/** A Batch of its own for each test of a file, with fakes around it. The functions don't need their object. */
export function batchForEachTest() {
  let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
  const bench = {
    batch: undefined as unknown as BatchService,
    executor: fakeExecutor(),
    logs: memoryLogs(),
    /** Milliseconds since 1970. */
    clock: 0,
    /** Where the state is kept. */
    directory: "",
    /** Opens the state, as after a restart. */
    open: () =>
      openTestBatch(bench.directory, { executor: bench.executor, logs: bench.logs, now: () => bench.clock }),
    async submit(input: object = {}): Promise<string> {
      const { jobId } = await call(bench.batch, "SubmitJob", {
        jobName: "a-job",
        jobQueue: "nextstrain-job-queue",
        jobDefinition: "nextstrain-job",
        containerOverrides: { command: ["true"] },
        ...input,
      });
      return jobId;
    },
    describeJob: async (jobId: string) =>
      (await call(bench.batch, "DescribeJobs", { jobs: [jobId] })).jobs[0],
    running: (jobId: string) => jobWhen(bench.batch, jobId, (job) => job.status === "RUNNING"),
    finished: (jobId: string) => jobWhen(bench.batch, jobId, (job) => /SUCCEEDED|FAILED/.test(job.status)),
  };
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    bench.directory = temporary.path;
    bench.executor = fakeExecutor();
    bench.logs = memoryLogs();
    bench.clock = 1_800_000_000_000;
    bench.batch = await bench.open();
  });
  afterEach(async () => {
    await bench.batch.close();
    await temporary[Symbol.asyncDispose]();
  });
  return bench;
}
