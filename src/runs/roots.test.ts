import { mkdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../../test/support/temp-dir.ts";
import { newRunId } from "./ids.ts";
import { createRun } from "./registry.ts";
import { isSameDirectory, lastExcluded, runsOfRoot } from "./roots.ts";
import type { RecordedFiles, RunRecord } from "./types.ts";

function recordOf(root: string, createdAt: number): RunRecord {
  const runId = newRunId();
  return {
    version: 1,
    runId,
    jobName: runId,
    queue: "queue",
    definition: "definition",
    region: "us-east-1",
    localAws: false,
    urls: { workdir: `s3://bucket/${runId}.zip`, manifest: `s3://bucket/${runId}.json.gz` },
    root,
    directory: root,
    command: [],
    createdAt,
    logGroup: "group",
    logStreams: [],
  };
}

const state = { size: 1, mtimeMs: 1.5, mode: 0o644, crc32: 7, sha256: "ab", ctimeMs: 2.25, ino: 3, dev: 4 };

function filesOf(...excluded: string[]): RecordedFiles {
  return {
    version: 1,
    uploaded: [],
    excluded: excluded.map((path) => ({ path, ...state })),
    directories: [],
  };
}

test("a directory's runs are found whichever way it was named, newest first", async () => {
  await using scratch = await tempDir();
  const [runs, build, link, other] = ["runs", "build", "link", "other"].map((name) =>
    join(scratch.path, name),
  ) as [string, string, string, string];
  await mkdir(build);
  await mkdir(other);
  await symlink("build", link);
  const records = [recordOf(build, 1), recordOf(link, 3), recordOf(other, 2), recordOf("/gone", 4)];
  for (const record of records) await createRun(runs, record);
  const found = async (root: string) => (await runsOfRoot(runs, root)).map(({ createdAt }) => createdAt);
  expect(await found(build)).toEqual([3, 1]);
  expect(await found(link)).toEqual([3, 1]);
  expect(await found(other)).toEqual([2]);
  expect(await found("/gone")).toEqual([4]);
  expect(await isSameDirectory(build, link)).toBe(true);
  expect(await isSameDirectory(build, other)).toBe(false);
  await rename(build, `${build}-moved`);
  expect(await isSameDirectory(build, link)).toBe(false);
});

test("what the last run did not upload is known from its record", async () => {
  await using scratch = await tempDir();
  const runs = join(scratch.path, "runs");
  expect(await lastExcluded(runs, "/home/me/zika")).toEqual([]);
  await createRun(runs, recordOf("/home/me/zika", 1), filesOf("old"));
  await createRun(runs, recordOf("/home/me/zika", 2), filesOf("new"));
  await createRun(runs, recordOf("/home/me/ebola", 3), filesOf("other"));
  expect(await lastExcluded(runs, "/home/me/zika")).toEqual([{ path: "new", ...state, seenAt: 2 }]);
});
