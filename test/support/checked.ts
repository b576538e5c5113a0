import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as batch from "@aws-sdk/client-batch";
import * as s3 from "@aws-sdk/client-s3";
import { expect } from "vitest";
import type { Finding } from "../../src/checks/finding.ts";
import { type Account, BUCKET, QUEUE } from "./account.ts";

export interface Checked {
  readonly exitStatus: number | undefined;
  readonly findings: readonly Finding[];
}

export async function checkSetup(
  account: Account,
  {
    args = [],
    env,
  }: {
    args?: readonly string[] | undefined;
    env?: Readonly<Record<string, string>> | undefined;
  } = {},
): Promise<Checked> {
  const result = await account.run(["check-setup", "aws-batch", "--json", ...args], env);
  expect(result.stderr).toBe("");
  return { exitStatus: result.exitStatus, findings: findingsIn(result.stdout) };
}

/** What `check-setup aws-batch --json` has written. */
export function findingsIn(json: string): readonly Finding[] {
  const { runtimes } = JSON.parse(json) as { runtimes: readonly { findings: readonly Finding[] }[] };
  return runtimes[0]?.findings ?? [];
}

/** All that isn't as it should be, as `mark id`. */
export const troubles = ({ findings }: Checked) =>
  findings.filter(({ mark }) => mark !== "ok").map(({ mark, id }) => `${mark} ${id}`);

/** Runs a build; `trace` is what it left in the bucket, and the jobs that there are. */
export async function buildIn(account: Account, options: readonly string[], env?: Record<string, string>) {
  const directory = join(account.local.scratch, "build");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "Snakefile"), "");
  const result = await account.run(
    ["build", "--aws-batch", "--detach", ...options, "--exec", "true", directory],
    env,
  );
  const { Contents = [] } = await account.s3.send(new s3.ListObjectsV2Command({ Bucket: BUCKET }));
  const { jobSummaryList: jobs = [] } = await account.batch.send(
    new batch.ListJobsCommand({
      jobQueue: QUEUE,
      filters: [{ name: "AFTER_CREATED_AT", values: ["0"] }],
    }),
  );
  return { ...result, trace: [...Contents.map(({ Key }) => Key), ...jobs.map(({ jobId }) => jobId)] };
}
