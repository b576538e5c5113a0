import { posix } from "node:path";
import { openEntry } from "../../archive/entry-data.ts";
import type { ArchiveEntry, RandomAccess } from "../../archive/types.ts";
import type { Job } from "../../aws/batch.ts";
import { unsafeName } from "../../runs/names.ts";
import { CONTAINER_BUILD } from "../../workflow/build-root.ts";
import type { FailedRule } from "../../workflow/snakemake-log.ts";

/** The end of a log file that a rule wrote, as the job left it. */
export interface RuleLog {
  readonly rule: string;
  /** As the rule names it. */
  readonly path: string;
  /** Oldest first; undefined where the results don't have the file. */
  readonly lines: readonly string[] | undefined;
}

/** What the job left behind. */
export interface ResultArchive {
  readonly source: RandomAccess;
  readonly entries: readonly ArchiveEntry[];
}

/** Lines of each log; logs in all. */
const LINES = 20;
const LOGS = 5;
/** Bytes that are kept of a log's end, and that a log may have at most, compressed: it must be read from its beginning. */
const KEPT = 64 * 1024;
const LARGEST = 64 * 1024 * 1024;
/** Clocks differ: a file from so long before the attempt's start may still be the attempt's. Milliseconds. */
const SLACK = 60_000;

/**
 * Reads the ends of the logs of rules that failed from what the job left, by ranged reads. Where the job left nothing (it was
 * killed), what lies there is of earlier runs, and passed over.
 */
export async function readRuleLogs(
  { source, entries }: ResultArchive,
  job: Job,
  rules: readonly FailedRule[],
  signal: AbortSignal,
): Promise<readonly RuleLog[]> {
  const wanted = rules.flatMap(({ rule, logs }) => logs.map((path) => ({ rule, path })));
  const files = new Map(entries.filter(({ kind }) => kind === "file").map((entry) => [entry.path, entry]));
  const since = (job.startedAt ?? 0) - SLACK;
  const found: RuleLog[] = [];
  for (const { rule, path } of distinct(wanted).slice(0, LOGS)) {
    const name = nameInArchive(path, job);
    const entry = name === undefined ? undefined : files.get(name);
    const isThere = entry !== undefined && entry.mtimeMs >= since && entry.compressedSize <= LARGEST;
    found.push({ rule, path, lines: isThere ? await lastLines(source, entry, signal) : undefined });
  }
  return found;
}

/** Two jobs of one rule that share a log are told of once. */
function distinct<T extends { readonly path: string }>(wanted: readonly T[]): readonly T[] {
  return [...new Map(wanted.map((one) => [one.path, one])).values()];
}

/** The entry that a path means where Snakemake ran; undefined where it leads out of the build root. The path is not to be trusted. */
function nameInArchive(path: string, job: Job): string | undefined {
  const inRoot = posix.relative(CONTAINER_BUILD, posix.resolve(CONTAINER_BUILD, directoryOf(job), path));
  return unsafeName(inRoot) === undefined ? inRoot : undefined;
}

/** Where Snakemake ran: what `env --chdir` says, and its own `--directory`. */
function directoryOf({ origin }: Job): string {
  const command = origin?.command ?? [];
  const end = command.indexOf("--");
  const after = (words: readonly string[], names: readonly string[]) => {
    for (const [at, word] of words.entries()) {
      if (names.includes(word)) return words[at + 1];
      const long = names.find((name) => name.startsWith("--") && word.startsWith(`${name}=`));
      if (long !== undefined) return word.slice(long.length + 1);
    }
    return undefined;
  };
  const start = after(command.slice(0, Math.max(0, end)), ["--chdir"]) ?? CONTAINER_BUILD;
  const own = after(command.slice(end + 1), ["--directory", "-d"]);
  return posix.resolve(CONTAINER_BUILD, start, own ?? ".");
}

async function lastLines(
  source: RandomAccess,
  entry: ArchiveEntry,
  signal: AbortSignal,
): Promise<readonly string[]> {
  let kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of openEntry(source, entry, signal)) {
    kept.push(Buffer.from(chunk));
    size += chunk.length;
    if (size <= 2 * KEPT) continue;
    kept = [Buffer.concat(kept).subarray(-KEPT)];
    size = KEPT;
  }
  const text = Buffer.concat(kept).subarray(-KEPT).toString("utf8").trimEnd();
  return text === "" ? [] : text.split("\n").slice(-LINES);
}
