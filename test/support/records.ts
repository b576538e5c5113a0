import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunRecord } from "../../src/runs/types.ts";

/** Where the records of runs are, in a home. */
export const recordsIn = (home: string) => join(home, ".nextstrain", "aws-batch", "runs");

/** A record of a run as this program keeps it, of a job on AWS that has succeeded. */
export function recordOf(runId: string, more: Partial<RunRecord> = {}): RunRecord {
  const createdAt = more.createdAt ?? Date.now() - 3_600_000;
  return {
    version: 1,
    runId: runId as RunRecord["runId"],
    jobId: runId.replace(/^.{8}/, "eeeeeeee") as NonNullable<RunRecord["jobId"]>,
    jobName: runId,
    queue: "nextstrain-job-queue",
    definition: "nextstrain-job",
    region: "us-east-1",
    localAws: false,
    urls: {
      workdir: `s3://nextstrain-jobs/${runId}.zip`,
      manifest: `s3://nextstrain-jobs/${runId}.json.gz`,
    },
    root: "/data/zika",
    directory: "/data/zika",
    command: ["snakemake", "--cores=all"],
    createdAt,
    submittedAt: createdAt + 10_000,
    startedAt: createdAt + 60_000,
    endedAt: createdAt + 600_000,
    status: "SUCCEEDED",
    exitCode: 0,
    logGroup: "/aws/batch/job",
    logStreams: [],
    ...more,
  };
}

/** A run's id that ends in a number. */
export const numberedRun = (number: number, beginning = "abcd0000") =>
  `${beginning}-0000-4000-8000-${String(number).padStart(12, "0")}`;

/** Puts records where the program looks for them. */
export async function keepRecords(home: string, records: readonly RunRecord[]): Promise<void> {
  await mkdir(recordsIn(home), { recursive: true });
  await Promise.all(
    records.map((record) => writeFile(join(recordsIn(home), `${record.runId}.json`), JSON.stringify(record))),
  );
}
