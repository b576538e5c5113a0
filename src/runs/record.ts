import { UserError } from "../errors.ts";
import { parseRunId, toJobId } from "./ids.ts";
import type {
  LocalFileState,
  PeakUse,
  RecordedAttempt,
  RecordedChildren,
  RecordedFiles,
  RunRecord,
  SeenFileState,
} from "./types.ts";

/** A record that cannot be used, with the reason as the end of a sentence: "<file> <reason>". */
export class RecordError extends UserError {
  override readonly name = "RecordError";

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, {
      hint: "Move that file away: the run's manifest in the bucket takes its place.",
      ...options,
    });
  }
}

/** Reads a run's record from JSON. Throws a RecordError where it is broken or from a newer version. */
export function parseRecord(text: string, file: string): RunRecord {
  const value = parseVersion1(text, file);
  const runId = parseRunId(string(value.runId, "runId", file));
  if (runId === undefined) throw broken(file, "its runId is not a UUID");
  const urls = object(value.urls, "urls", file);
  const jobId = optionalString(value.jobId, "jobId", file);
  return {
    version: 1,
    runId,
    jobId: jobId === undefined ? undefined : toJobId(jobId),
    jobName: string(value.jobName, "jobName", file),
    children: value.children === undefined ? undefined : recordedChildren(value.children, file),
    continues: parseRunId(optionalString(value.continues, "continues", file) ?? ""),
    queue: string(value.queue, "queue", file),
    definition: string(value.definition, "definition", file),
    region: string(value.region, "region", file),
    profile: optionalString(value.profile, "profile", file),
    localAws: value.localAws === true,
    endpoint: optionalString(value.endpoint, "endpoint", file),
    urls: {
      workdir: string(urls.workdir, "urls.workdir", file),
      envd: optionalString(urls.envd, "urls.envd", file),
      manifest: string(urls.manifest, "urls.manifest", file),
    },
    root: string(value.root, "root", file),
    directory: string(value.directory, "directory", file),
    command: strings(value.command, "command", file),
    createdAt: number(value.createdAt, "createdAt", file),
    submittedAt: optionalNumber(value.submittedAt, "submittedAt", file),
    expiresAt: optionalNumber(value.expiresAt, "expiresAt", file),
    startedAt: optionalNumber(value.startedAt, "startedAt", file),
    endedAt: optionalNumber(value.endedAt, "endedAt", file),
    status: optionalString(value.status, "status", file),
    statusReason: optionalString(value.statusReason, "statusReason", file),
    exitCode: optionalNumber(value.exitCode, "exitCode", file),
    downloadedAt: optionalNumber(value.downloadedAt, "downloadedAt", file),
    sentBytes: optionalNumber(value.sentBytes, "sentBytes", file),
    broughtBytes: optionalNumber(value.broughtBytes, "broughtBytes", file),
    vcpus: optionalNumber(value.vcpus, "vcpus", file),
    memoryMib: optionalNumber(value.memoryMib, "memoryMib", file),
    peakUse: value.peakUse === undefined ? undefined : peakUse(value.peakUse, file),
    attempts: value.attempts === undefined ? undefined : attempts(value.attempts, file),
    logGroup: string(value.logGroup, "logGroup", file),
    logStreams: strings(value.logStreams, "logStreams", file),
  };
}

/** Reads a run's recorded files from JSON. Throws a RecordError where they are broken or from a newer version. */
export function parseRecordedFiles(text: string, file: string): RecordedFiles {
  const value = parseVersion1(text, file);
  return {
    version: 1,
    uploaded: states(value.uploaded, "uploaded", file),
    excluded: states(value.excluded, "excluded", file),
    directories: strings(value.directories ?? [], "directories", file),
  };
}

/** Reads what was brought back of a run from JSON. Throws a RecordError where it is broken or from a newer version. */
export function parseResults(text: string, file: string): SeenFileState[] {
  return seenStates(parseVersion1(text, file).results, "results", file);
}

function parseVersion1(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RecordError(`${file} is not JSON.`, { cause: error });
  }
  const record = object(value, "content", file);
  if (typeof record.version === "number" && record.version > 1) {
    throw new RecordError(`${file} was written by a newer version of this program.`, {
      hint: "Update this program to use it.",
    });
  }
  if (record.version !== 1) throw broken(file, "it is not a run's record");
  return record;
}

function recordedChildren(value: unknown, file: string): RecordedChildren {
  const { labels, first, firstJobId, failed } = object(value, "children", file);
  const id = optionalString(firstJobId, "children.firstJobId", file);
  if (failed !== undefined && !Array.isArray(failed)) throw broken(file, "its children.failed is not a list");
  return {
    labels: strings(labels, "children.labels", file),
    first: first === undefined ? undefined : strings(first, "children.first", file),
    firstJobId: id === undefined ? undefined : toJobId(id),
    failed: failed?.map((index) => number(index, "children.failed", file)),
  };
}

function attempts(value: unknown, file: string): RecordedAttempt[] {
  if (!Array.isArray(value)) throw broken(file, "its attempts are not a list");
  return value.map((item) => {
    const attempt = object(item, "attempts", file);
    return {
      exitCode: optionalNumber(attempt.exitCode, "attempts.exitCode", file),
      reason: optionalString(attempt.reason, "attempts.reason", file),
      statusReason: optionalString(attempt.statusReason, "attempts.statusReason", file),
      logStream: optionalString(attempt.logStream, "attempts.logStream", file),
    };
  });
}

function peakUse(value: unknown, file: string): PeakUse {
  const use = object(value, "peakUse", file);
  return {
    memoryBytes: number(use.memoryBytes, "peakUse.memoryBytes", file),
    cores: number(use.cores, "peakUse.cores", file),
    diskBytes: number(use.diskBytes, "peakUse.diskBytes", file),
  };
}

/** Written by this program on this computer: shapes are checked so far that a wrong one is named, no further. */
function states(value: unknown, name: string, file: string): LocalFileState[] {
  if (!Array.isArray(value)) throw broken(file, `its ${name} is not a list`);
  for (const item of value) {
    if (isLocalState(item)) continue;
    const state = object(item, name, file);
    for (const key of ["path", "sha256"]) string(state[key], `${name}.${key}`, file);
    for (const key of ["size", "mtimeMs", "mode", "crc32", "ctimeMs", "ino", "dev"]) {
      number(state[key], `${name}.${key}`, file);
    }
  }
  return value;
}

/** Written out, since there are tens of thousands of states, and a loop over the names takes far longer. */
function isLocalState(item: Partial<LocalFileState> | null | undefined): item is LocalFileState {
  return (
    typeof item?.path === "string" &&
    typeof item.sha256 === "string" &&
    typeof item.size === "number" &&
    typeof item.mtimeMs === "number" &&
    typeof item.mode === "number" &&
    typeof item.crc32 === "number" &&
    typeof item.ctimeMs === "number" &&
    typeof item.ino === "number" &&
    typeof item.dev === "number"
  );
}

function seenStates(value: unknown, name: string, file: string): SeenFileState[] {
  return states(value, name, file).map((state) => ({
    ...state,
    seenAt: number((state as Partial<SeenFileState>).seenAt, `${name}.seenAt`, file),
  }));
}

function broken(file: string, what: string): RecordError {
  return new RecordError(`${file} is damaged: ${what}.`);
}

function object(value: unknown, name: string, file: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw broken(file, `its ${name} is not an object`);
  }
  return value as Record<string, unknown>;
}

function string(value: unknown, name: string, file: string): string {
  if (typeof value !== "string") throw broken(file, `its ${name} is not a text`);
  return value;
}

function number(value: unknown, name: string, file: string): number {
  if (typeof value !== "number") throw broken(file, `its ${name} is not a number`);
  return value;
}

function strings(value: unknown, name: string, file: string): string[] {
  if (!Array.isArray(value)) throw broken(file, `its ${name} is not a list`);
  return value.map((item) => string(item, name, file));
}

function optionalString(value: unknown, name: string, file: string): string | undefined {
  return value === undefined ? undefined : string(value, name, file);
}

function optionalNumber(value: unknown, name: string, file: string): number | undefined {
  return value === undefined ? undefined : number(value, name, file);
}
