import { readFileSync } from "node:fs";
import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { type Context, nextstrainHome } from "../cli/context.ts";
import { makeDirectory } from "../cli/make-directory.ts";
import { UserError } from "../errors.ts";
import { parseRunId } from "./ids.ts";
import { parseRecord, parseRecordedFiles, parseResults, RecordError } from "./record.ts";
import { ownTemporaryName, sweepTemporaries } from "./temporaries.ts";
import type { RecordedFiles, RunId, RunRecord, SeenFileState } from "./types.ts";
import { mergeResults } from "./unchanged.ts";

const compress = promisify(gzip);
const decompress = promisify(gunzip);

const RECORD = ".json";
const FILES = ".files.json.gz";
const RESULTS = ".results.json.gz";
/** zlib's level for what stays here: of tens of thousands of files, more takes longer than all else of the record. */
const QUICKLY = 1;
/** Bytes that are unpacked at once: zlib's own 16 KiB take longer to pass around than to unpack. */
const CHUNK_SIZE = 1024 * 1024;

/** A job writes the archive anew when it ends, which is when its days are counted from: milliseconds until then, and to spare. */
const JOB_TIME = 30 * 24 * 60 * 60 * 1000;

/** Where the records of runs are: `~/.nextstrain/aws-batch/runs`. The other functions here take it. */
export function runsDirectory(context: Pick<Context, "env" | "cwd" | "home">): string {
  return join(nextstrainHome(context), "aws-batch", "runs");
}

/** Keeps a new run and, where given, its files. Both are whole on the disk afterwards. Throws a UserError where it cannot. */
export async function createRun(directory: string, record: RunRecord, files?: RecordedFiles): Promise<void> {
  await prepare(directory);
  await sweepTemporaries([directory], { now: record.createdAt });
  if (files !== undefined) await writeRecordedFiles(directory, record.runId, files);
  await writeRecord(directory, record);
}

/** Writes a run's record over the one before. */
export async function writeRecord(directory: string, record: RunRecord): Promise<void> {
  await prepare(directory);
  await writeWhole(directory, `${record.runId}${RECORD}`, `${JSON.stringify(record, undefined, 2)}\n`);
}

/** Writes what was uploaded and what was not. */
async function writeRecordedFiles(directory: string, runId: RunId, files: RecordedFiles): Promise<void> {
  await prepare(directory);
  await writeWhole(directory, `${runId}${FILES}`, await compress(JSON.stringify(files), { level: QUICKLY }));
}

/**
 * Adds to what has been brought back of a run, as it lies here now. By itself: to write the run's files anew for a result
 * among tens of thousands of them takes longer than all else after the download.
 */
export async function addResults(
  directory: string,
  runId: RunId,
  results: readonly SeenFileState[],
): Promise<void> {
  if (results.length === 0) return;
  const merged = mergeResults(await readResults(directory, runId), results);
  const text = JSON.stringify({ version: 1, results: merged });
  await writeWhole(directory, `${runId}${RESULTS}`, await compress(text));
}

/** Changes some of a run's record; undefined, and nothing done, where there is no record. */
export async function updateRecord(
  directory: string,
  runId: RunId,
  patch: Partial<Omit<RunRecord, "version" | "runId">>,
): Promise<RunRecord | undefined> {
  const record = await readRecord(directory, runId);
  if (record === undefined) return undefined;
  const changed: RunRecord = { ...record, ...patch };
  await writeRecord(directory, changed);
  return changed;
}

/** A run's record, or undefined where there is none here. Throws a RecordError where it is unusable. */
export async function readRecord(directory: string, runId: RunId): Promise<RunRecord | undefined> {
  const file = join(directory, `${runId}${RECORD}`);
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  return ofRun(runId, parseRecord(text.toString("utf8"), file), file);
}

/** A run's files, or undefined where they were not kept here. Throws a RecordError where they are unusable. */
export async function readRecordedFiles(directory: string, runId: RunId): Promise<RecordedFiles | undefined> {
  const file = join(directory, `${runId}${FILES}`);
  const text = await unpackIfThere(file);
  return text === undefined ? undefined : parseRecordedFiles(text, file);
}

/** What has been brought back of a run to where it began. Throws a RecordError where that is unusable. */
export async function readResults(directory: string, runId: RunId): Promise<SeenFileState[]> {
  const file = join(directory, `${runId}${RESULTS}`);
  const text = await unpackIfThere(file);
  return text === undefined ? [] : parseResults(text, file);
}

/** A record that was passed over. */
export interface SkippedRecord {
  readonly file: string;
  /** A sentence. */
  readonly reason: string;
}

/**
 * All runs recorded here, newest first; what cannot be read is named, not thrown. A record that is just being removed is passed over.
 */
export async function listRuns(
  directory: string,
): Promise<{ readonly runs: readonly RunRecord[]; readonly skipped: readonly SkippedRecord[] }> {
  const runs: RunRecord[] = [];
  const skipped: SkippedRecord[] = [];
  for (const runId of await runIds(directory)) {
    try {
      const record = readRecordNow(directory, runId);
      if (record !== undefined) runs.push(record);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      skipped.push({ file: join(directory, `${runId}${RECORD}`), reason });
    }
  }
  runs.sort((one, other) => other.createdAt - one.createdAt || (one.runId < other.runId ? -1 : 1));
  return { runs, skipped };
}

/**
 * Forgets the runs whose archive the bucket's rule has deleted by now (milliseconds since 1970): nothing of them can be taken up
 * again. Unusable records are kept.
 */
export async function pruneRuns(directory: string, now: number): Promise<void> {
  const { runs } = await listRuns(directory);
  for (const { runId, expiresAt } of runs) {
    if (expiresAt !== undefined && expiresAt + JOB_TIME < now) await removeRun(directory, runId);
  }
}

/** Forgets a run: its record, its files and its results. */
export async function removeRun(directory: string, runId: RunId): Promise<void> {
  await rm(join(directory, `${runId}${RESULTS}`), { force: true });
  await rm(join(directory, `${runId}${FILES}`), { force: true });
  await rm(join(directory, `${runId}${RECORD}`), { force: true });
}

/** As {@link readRecord}. Of thousands of small files, each takes several times as long where it is read asynchronously. */
function readRecordNow(directory: string, runId: RunId): RunRecord | undefined {
  const file = join(directory, `${runId}${RECORD}`);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return absentOrBroken(file, error);
  }
  return ofRun(runId, parseRecord(text, file), file);
}

function ofRun(runId: RunId, record: RunRecord, file: string): RunRecord {
  if (record.runId !== runId) throw new RecordError(`${file} is damaged: it is of another run.`);
  return record;
}

/** What an error that reading a file ended with says: undefined where it isn't there. */
function absentOrBroken(file: string, error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  throw new RecordError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
}

async function runIds(directory: string): Promise<RunId[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw unusable(directory, error);
  });
  return names
    .filter((name) => name.endsWith(RECORD))
    .map((name) => parseRunId(basename(name, RECORD)))
    .filter((runId) => runId !== undefined);
}

/** Records name buckets, commands and file names: they are the user's alone. */
async function prepare(directory: string): Promise<void> {
  try {
    await makeDirectory(directory, 0o700);
  } catch (error) {
    throw unusable(directory, error);
  }
}

/** Writes beside, to the disk, then renames: a reader, or a crash, sees the old or the new, never half. */
async function writeWhole(directory: string, name: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(directory, ownTemporaryName());
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(directory, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw unusable(directory, error);
  }
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    return absentOrBroken(file, error);
  }
}

async function unpackIfThere(file: string): Promise<string | undefined> {
  const bytes = await readIfThere(file);
  if (bytes === undefined) return undefined;
  try {
    return (await decompress(bytes, { chunkSize: CHUNK_SIZE })).toString("utf8");
  } catch (error) {
    throw new RecordError(`${file} is damaged: it is not gzipped.`, { cause: error });
  }
}

function unusable(directory: string, error: unknown): UserError {
  const message = error instanceof Error ? error.message : String(error);
  return new UserError(`The records of runs in ${directory} cannot be used: ${message}`, {
    hint: "Make the directory writable, or set NEXTSTRAIN_HOME to another one.",
    cause: error,
  });
}
