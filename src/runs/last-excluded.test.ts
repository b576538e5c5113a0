import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../../test/support/temp-dir.ts";
import { newRunId } from "./ids.ts";
import { lastExcluded } from "./last-excluded.ts";
import { createRun } from "./registry.ts";
import type { RunId, RunRecord } from "./types.ts";

const state = { size: 1, mtimeMs: 1, mode: 0o644, crc32: 7, ctimeMs: 2, ino: 3, dev: 4 };

async function keep(directory: string, root: string, createdAt: number, sha256: string): Promise<RunId> {
  const runId = newRunId();
  const record: RunRecord = {
    version: 1,
    ...{ runId, jobName: runId, queue: "queue", definition: "definition", region: "us-east-1" },
    ...{ localAws: false, urls: { workdir: "s3://bucket/a.zip", manifest: "s3://bucket/a.json.gz" } },
    ...{ root, directory: root, command: [], createdAt, logGroup: "group", logStreams: [] },
  };
  const excluded = [{ path: "environment.yaml", ...state, sha256 }];
  await createRun(directory, record, { version: 1, uploaded: [], excluded, directories: [] });
  return runId;
}

test("the newest run of the same root tells of excluded files, as seen when it began", async () => {
  await using place = await tempDir();
  expect(await lastExcluded(place.path, "/zika")).toEqual([]);
  await keep(place.path, "/zika", 2_000, "new");
  await keep(place.path, "/zika", 1_000, "old");
  await keep(place.path, "/other", 3_000, "of another");
  const known = [{ path: "environment.yaml", ...state, sha256: "new", seenAt: 2_000 }];
  expect(await lastExcluded(place.path, "/zika")).toEqual(known);
});

test("a record that is damaged tells of nothing", async () => {
  await using place = await tempDir();
  const runId = await keep(place.path, "/zika", 1_000, "new");
  await writeFile(join(place.path, `${runId}.files.json.gz`), "not gzipped");
  expect(await lastExcluded(place.path, "/zika")).toEqual([]);
});
