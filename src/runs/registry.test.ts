import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UserError } from "../errors.ts";
import { newRunId, parseRunId, toJobId } from "./ids.ts";
import {
  addResults,
  createRun,
  listRuns,
  pruneRuns,
  readRecord,
  readRecordedFiles,
  readResults,
  runsDirectory,
  updateRecord,
  writeRecord,
} from "./registry.ts";
import { ownTemporaryName } from "./temporaries.ts";
import type { RecordedFiles, RunRecord } from "./types.ts";

function tempRuns() {
  const home = mkdtempSync(join(tmpdir(), "nextstrain-runs-"));
  const directory = runsDirectory({ env: { NEXTSTRAIN_HOME: home }, cwd: "/", home: "/" });
  return { directory, [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) };
}

function newRecord(more: Partial<RunRecord> = {}): RunRecord {
  const runId = newRunId();
  return {
    version: 1,
    runId,
    jobName: runId,
    queue: "nextstrain-job-queue",
    definition: "nextstrain-job",
    region: "us-east-1",
    localAws: false,
    urls: { workdir: `s3://bucket/${runId}.zip`, manifest: `s3://bucket/${runId}.json.gz` },
    root: "/home/me/zika",
    directory: "/home/me/zika/phylogenetic",
    command: ["snakemake", "--cores=4"],
    createdAt: 1_000,
    logGroup: "/aws/batch/job",
    logStreams: [],
    ...more,
  };
}

const state = { size: 1, mtimeMs: 1.5, mode: 0o644, crc32: 7, sha256: "ab", ctimeMs: 2.25, ino: 3, dev: 4 };
const files: RecordedFiles = {
  version: 1,
  uploaded: [{ path: "a", ...state }],
  excluded: [{ path: "environment.yaml", ...state }],
  directories: ["empty"],
};

test("a run is kept and read back, with its files, for its user's eyes only", async () => {
  using runs = tempRuns();
  const record = newRecord({ profile: "lab" });
  await createRun(runs.directory, record, files);
  expect(await readRecord(runs.directory, record.runId)).toEqual(record);
  expect(await readRecordedFiles(runs.directory, record.runId)).toEqual(files);
  expect(readdirSync(runs.directory).sort()).toEqual([
    `${record.runId}.files.json.gz`,
    `${record.runId}.json`,
  ]);
  expect(statSync(runs.directory).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(runs.directory)) {
    expect(statSync(join(runs.directory, name)).mode & 0o777).toBe(0o600);
  }
});

test("a run's children are read back, those of an older record, too", async () => {
  using runs = tempRuns();
  const all = { labels: ["a", "'b c'"], first: ["d"], firstJobId: toJobId("job"), failed: [1] };
  for (const children of [all, { labels: ["a", "b"] }]) {
    const record = newRecord({ children });
    await createRun(runs.directory, record);
    expect((await readRecord(runs.directory, record.runId))?.children).toEqual(children);
  }
});

test("where nothing was recorded there is nothing, and nothing is made", async () => {
  using runs = tempRuns();
  expect(await listRuns(runs.directory)).toEqual({ runs: [], skipped: [] });
  expect(await readRecord(runs.directory, newRunId())).toBeUndefined();
  expect(await readRecordedFiles(runs.directory, newRunId())).toBeUndefined();
  expect(await updateRecord(runs.directory, newRunId(), { status: "FAILED" })).toBeUndefined();
  expect(() => statSync(runs.directory)).toThrow("ENOENT");
});

test("runs are listed newest first; broken, foreign and newer files are skipped with a reason", async () => {
  using runs = tempRuns();
  const [older, newer, future, other] = [
    newRecord({ createdAt: 1 }),
    newRecord({ createdAt: 2 }),
    newRecord(),
    newRecord(),
  ];
  for (const record of [older, newer, future, other]) await createRun(runs.directory, record, files);
  const replace = (record: RunRecord, text: string) =>
    writeFileSync(join(runs.directory, `${record.runId}.json`), text);
  replace(future, JSON.stringify({ version: 2, runId: future.runId }));
  replace(other, '{"version": 1, "ru');
  const [foreign, partial] = [newRunId(), newRunId()];
  writeFileSync(join(runs.directory, `${foreign}.json`), JSON.stringify(older));
  writeFileSync(join(runs.directory, `${partial}.json`), JSON.stringify({ ...older, queue: 1 }));
  writeFileSync(join(runs.directory, "notes.json"), "mine");
  const listed = await listRuns(runs.directory);
  expect(listed.runs).toEqual([newer, older]);
  const reasonOf = (id: string) => listed.skipped.find(({ file }) => file.includes(id))?.reason;
  expect(listed.skipped).toHaveLength(4);
  expect(reasonOf(future.runId)).toContain("newer version");
  expect(reasonOf(other.runId)).toContain("not JSON");
  expect(reasonOf(foreign)).toContain("another run");
  expect(reasonOf(partial)).toContain("queue is not a text");
});

test("a damaged list of files is named", async () => {
  using runs = tempRuns();
  const record = newRecord();
  await createRun(runs.directory, record, files);
  writeFileSync(join(runs.directory, `${record.runId}.files.json.gz`), "x");
  await expect(readRecordedFiles(runs.directory, record.runId)).rejects.toThrow(UserError);
});

test("results are added up beside the run's files, which stay as they were", async () => {
  using runs = tempRuns();
  const record = newRecord();
  await createRun(runs.directory, record, files);
  expect(await readResults(runs.directory, record.runId)).toEqual([]);
  const seen = (path: string, seenAt: number) => ({ path, ...state, seenAt });
  await addResults(runs.directory, record.runId, [seen("a", 1), seen("b", 1)]);
  await addResults(runs.directory, record.runId, [seen("b", 2), seen("c", 2)]);
  const expected = [seen("a", 1), seen("b", 2), seen("c", 2)];
  expect(await readResults(runs.directory, record.runId)).toEqual(expected);
  expect(await readRecordedFiles(runs.directory, record.runId)).toEqual(files);
  writeFileSync(join(runs.directory, `${record.runId}.results.json.gz`), "x");
  await expect(readResults(runs.directory, record.runId)).rejects.toThrow(UserError);
});

test("runs whose archive has long expired are pruned with their files and results", async () => {
  using runs = tempRuns();
  const day = 24 * 60 * 60 * 1000;
  const now = 1000 * day;
  const expired = newRecord({ expiresAt: now - 31 * day });
  const others = [{ expiresAt: now - 29 * day }, { expiresAt: now + day }, {}].map(newRecord);
  for (const record of [expired, ...others]) await createRun(runs.directory, record, files);
  await addResults(runs.directory, expired.runId, [{ path: "a", ...state, seenAt: 1 }]);
  await pruneRuns(runs.directory, now);
  const { runs: left } = await listRuns(runs.directory);
  expect(left.map(({ runId }) => runId).sort()).toEqual(others.map(({ runId }) => runId).sort());
  expect(readdirSync(runs.directory)).toHaveLength(2 * others.length);
});

test("a record that cannot be written leaves no half file", async () => {
  using runs = tempRuns();
  const record = newRecord();
  mkdirSync(join(runs.directory, `${record.runId}.json`), { recursive: true });
  await expect(writeRecord(runs.directory, record)).rejects.toThrow("cannot be used");
  expect(readdirSync(runs.directory)).toEqual([`${record.runId}.json`]);
});

test("what a crashed program left half-written is swept by the next run", async () => {
  using runs = tempRuns();
  await createRun(runs.directory, newRecord());
  const half = ownTemporaryName().replace(/-p\d+$/, "-p4194999");
  writeFileSync(join(runs.directory, half), "{");
  await createRun(runs.directory, newRecord());
  expect(readdirSync(runs.directory)).not.toContain(half);
});

test("a directory that cannot be used is a mistake with a next step", async () => {
  using runs = tempRuns();
  const inFile = join(runs.directory, "..", "..", "file");
  await createRun(runs.directory, newRecord());
  writeFileSync(inFile, "");
  await expect(createRun(join(inFile, "runs"), newRecord())).rejects.toMatchObject({
    name: "UserError",
    hint: expect.stringContaining("NEXTSTRAIN_HOME"),
  });
});

test("a run id is read from its archive's URL", () => {
  const id = newRunId();
  expect(parseRunId(id)).toBe(id);
  expect(parseRunId(`s3://bucket/${id}.zip`)).toBe(id);
  expect(parseRunId(`s3://bucket/some/prefix/${id}.zip`)).toBe(id);
  for (const text of ["", "s3://bucket/other.zip", `s3://bucket/${id}`, `${id}x`, `s3://${id}.zip`]) {
    expect(parseRunId(text)).toBeUndefined();
  }
});
