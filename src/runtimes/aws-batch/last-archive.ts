import { readCentralDirectory } from "../../archive/read.ts";
import type { ArchiveEntry, WrittenEntry } from "../../archive/types.ts";
import type { Aws } from "../../aws/clients.ts";
import { mapLimited } from "../../runs/hash.ts";
import { readRecordedFiles, readResults } from "../../runs/registry.ts";
import { runsOfRoot } from "../../runs/roots.ts";
import { isUntouched } from "../../runs/stamp.ts";
import type { RunRecord, SeenFileState } from "../../runs/types.ts";
import { isUnchanged, knownFiles } from "../../runs/unchanged.ts";
import { type Composition, type OldArchive, planComposition } from "../../transfer/compose.ts";
import { openObject } from "../../transfer/object-source.ts";
import { parseS3Url, type S3Object } from "../../transfer/s3-url.ts";
import type { SelectedFile, Selection } from "../../workflow/types.ts";

/** How many of the last runs are asked for: an archive that is gone costs a request each. */
const MOST_CANDIDATES = 3;
/** Files that are looked at, and hashed where need be, at once. */
const CONCURRENCY = 4;

/** The archive of an earlier run of the same directory, as it is now: with the results, where its job has ended. */
export interface LastArchive {
  readonly object: S3Object;
  readonly etag: string;
  readonly directory: OldArchive;
  /** What this computer knows of the files, by path. */
  readonly known: ReadonlyMap<string, SeenFileState>;
}

/** Which runs may have left something to build upon. */
export interface LastRunQuery {
  /** Where the records are. */
  readonly runs: string;
  /** The build root. */
  readonly root: string;
  /** Where the new archive goes: what is copied lies in the same bucket. */
  readonly target: S3Object;
  readonly signal: AbortSignal;
}

/**
 * The archive of the newest run that this one can build upon; undefined where there is none, or where it can't be
 * read: then everything is sent. Throws the signal's reason only.
 */
export async function findLastArchive(aws: Aws, query: LastRunQuery): Promise<LastArchive | undefined> {
  try {
    const runs = await runsOfRoot(query.runs, query.root);
    const candidates = runs.filter((record) => isInSamePlace(record, aws, query));
    for (const record of candidates.slice(0, MOST_CANDIDATES)) {
      const last = await openArchive(aws, record, query);
      if (last !== undefined) return last;
    }
  } catch {
    query.signal.throwIfAborted();
  }
  return undefined;
}

function isInSamePlace(record: RunRecord, aws: Aws, { target }: LastRunQuery): boolean {
  return (
    record.region === aws.region.value &&
    record.localAws === aws.isLocal &&
    parseS3Url(record.urls.workdir)?.bucket === target.bucket
  );
}

async function openArchive(
  aws: Aws,
  record: RunRecord,
  { runs, signal }: LastRunQuery,
): Promise<LastArchive | undefined> {
  try {
    const object = parseS3Url(record.urls.workdir);
    const files = await readRecordedFiles(runs, record.runId);
    if (object === undefined || files === undefined) return undefined;
    const results = await readResults(runs, record.runId);
    const source = await openObject(aws.s3, object, signal);
    const directory = await readCentralDirectory(source, { signal });
    return { object, etag: source.etag, directory, known: knownFiles(record, files, results) };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** What the entries' times have to be: milliseconds since 1970. */
export interface ReuseOptions {
  readonly times: ReadonlyMap<string, number>;
  readonly latestMtimeMs: number;
  readonly signal: AbortSignal;
}

/** What of a selection need not be sent. */
export interface Reuse extends Composition {
  readonly reused: readonly WrittenEntry[];
}

/**
 * Finds the selected files that lie in the last archive as they are here. One counts only where name, size, CRC-32 and
 * time (in whole seconds: the one in `times`, or its own, not later than `latestMtimeMs`) agree in the archive, the record and here,
 * and where the record vouches for its bytes. Permission bits are today's.
 */
export async function planReuse(
  last: LastArchive,
  selection: Selection,
  { times, latestMtimeMs, signal }: ReuseOptions,
): Promise<Reuse> {
  const entries = new Map(last.directory.entries.map((entry) => [entry.path, entry]));
  const wanted = new Set<ArchiveEntry>();
  const unchanged = new Map<string, SelectedFile>();
  const want = (file: SelectedFile, entry: ArchiveEntry) => {
    wanted.add(entry);
    unchanged.set(file.path, file);
  };
  const doubtful: { file: SelectedFile; entry: ArchiveEntry; known: SeenFileState }[] = [];
  for (const file of selection.files) {
    const entry = entries.get(file.path);
    const known = last.known.get(file.path);
    if (entry === undefined || known === undefined) continue;
    const time = times.get(file.path) ?? Math.min(file.mtimeMs, latestMtimeMs);
    if (!isCandidate(entry, known, file, time)) continue;
    if (isUntouched(file, known)) want(file, entry);
    else doubtful.push({ file, entry, known });
  }
  await mapLimited(doubtful, CONCURRENCY, async ({ file, entry, known }) => {
    signal.throwIfAborted();
    if (await isUnchanged(file, known, signal)) want(file, entry);
  });
  const plan = planComposition(last.directory, wanted);
  // Objects of plan's own: to copy each of tens of thousands once more takes longer than all else here.
  const reused = plan.reused.map((entry): WrittenEntry => {
    const { path, mode = 0 } = entry;
    const permissions = (unchanged.get(path)?.mode ?? 0) & 0o777;
    const sha256 = last.known.get(path)?.sha256 ?? "";
    return Object.assign(entry, { mode: (mode & ~0o7777) | permissions, sha256 });
  });
  return { ...plan, reused };
}

function isCandidate(entry: ArchiveEntry, known: SeenFileState, file: SelectedFile, time: number): boolean {
  return (
    file.kind === "file" &&
    entry.kind === "file" &&
    entry.isPlain === true &&
    entry.size === file.size &&
    entry.size === known.size &&
    entry.crc32 === known.crc32 &&
    Math.floor(entry.mtimeMs / 1000) === Math.floor(time / 1000)
  );
}
