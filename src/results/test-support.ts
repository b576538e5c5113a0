import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import type { ArchiveEntry } from "../archive/types.ts";
import type { LocalFileState, RunId } from "../runs/types.ts";
import { type ApplyOptions, applyPlan, type FetchEntries } from "./apply.ts";
import type { ResultEvent, Summary } from "./events.ts";
import { planResults } from "./plan.ts";
import type { PlanOptions, RunFiles } from "./types.ts";

export const runId = "0f8fad5b-d9cb-469f-a165-70867728950e" as RunId;
/** When the job wrote its results, in milliseconds since 1970. */
export const jobTime = Date.UTC(2026, 10, 22, 15, 4, 5);

/** A directory of its own, removed when the test's scope ends. */
export function tempTree(files: Record<string, string> = {}) {
  const root = mkdtempSync(join(tmpdir(), "nextstrain-results-"));
  for (const [path, content] of Object.entries(files)) put(root, path, content);
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

export function put(root: string, path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** All files below a directory with their contents; empty directories end in `/`. */
export function readTree(root: string, under = ""): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const { name } of readdirSync(join(root, under), { withFileTypes: true })) {
    const path = under === "" ? name : `${under}/${name}`;
    const stat = statSync(join(root, path));
    if (!stat.isDirectory()) {
      tree[path] = readFileSync(join(root, path), "utf8");
      continue;
    }
    const below = readTree(root, path);
    if (Object.keys(below).length === 0) tree[`${path}/`] = "";
    else Object.assign(tree, below);
  }
  return tree;
}

/** An entry of the job's archive; a path that ends in `/` is a directory's. */
export function entryOf(path: string, content = "", more: Partial<ArchiveEntry> = {}): ArchiveEntry {
  const bytes = Buffer.from(content);
  return {
    path: path.replace(/\/$/, ""),
    kind: path.endsWith("/") ? "directory" : "file",
    size: bytes.length,
    compressedSize: bytes.length,
    method: "stored",
    crc32: crc32(bytes),
    mtimeMs: jobTime,
    mode: path.endsWith("/") ? 0o40755 : 0o100644,
    localHeaderOffset: 0,
    madeByInfoZip: true,
    ...more,
  };
}

/** The archive of a job that left these files; contents by entry. */
export function archiveOf(files: Record<string, string>, more: Partial<ArchiveEntry> = {}) {
  const contents = new Map<ArchiveEntry, string>();
  for (const [path, content] of Object.entries(files)) contents.set(entryOf(path, content, more), content);
  return contents;
}

/** A file here as the record of a run has it. */
export function stateOf(root: string, path: string): LocalFileState {
  const { size, mtimeMs, ctimeMs, ino, dev, mode } = statSync(join(root, path));
  const content = readFileSync(join(root, path));
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { path, size, mtimeMs, mode: mode & 0o777, crc32: crc32(content), sha256, ctimeMs, ino, dev };
}

/** The record of a run that begins now. */
export function beginRun(root: string, excluded: readonly string[] = []): RunFiles {
  const paths = Object.keys(readTree(root));
  const files = paths.filter((path) => !path.endsWith("/")).map((path) => stateOf(root, path));
  const isExcluded = ({ path }: LocalFileState) => excluded.includes(path);
  const byPath = (states: LocalFileState[]) => new Map(states.map((state) => [state.path, state]));
  return {
    source: "record",
    uploaded: byPath(files.filter((state) => !isExcluded(state))),
    excluded: byPath(files.filter(isExcluded)),
    directories: new Set(paths.filter((path) => path.endsWith("/")).map((path) => path.slice(0, -1))),
  };
}

/** What is left of a record on another computer, where Batch tells that the job was submitted right after the newest file. */
export function asManifest(began: RunFiles): RunFiles {
  const times = [...began.uploaded.values()].map(({ mtimeMs }) => mtimeMs);
  const uploaded = [...began.uploaded.values()].map(({ path, size, mtimeMs, mode, crc32, sha256 }) => {
    return [path, { path, size, mtimeMs, mode, crc32, sha256 }] as const;
  });
  return {
    source: "manifest",
    uploaded: new Map(uploaded),
    excluded: new Map(),
    directories: new Set(),
    beganAt: Math.max(...times) + 0.001,
  };
}

/** Delivers the contents of an archive, in pieces; counts what was asked for. */
export function fetchFrom(
  contents: ReadonlyMap<ArchiveEntry, string>,
  before: (entry: ArchiveEntry) => void = () => {},
) {
  const asked: string[] = [];
  const fetch: FetchEntries = async function* (entries) {
    for (const entry of entries) {
      asked.push(entry.path);
      before(entry);
      const bytes = Buffer.from(contents.get(entry) ?? "");
      const half = Math.ceil(bytes.length / 2);
      yield { entry, data: pieces([bytes.subarray(0, half), bytes.subarray(half)]) };
    }
  };
  return { fetch, asked };
}

async function* pieces(all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

/** Plans and applies in one go. */
export async function bringBack(
  root: string,
  contents: ReadonlyMap<ArchiveEntry, string>,
  began: RunFiles | undefined,
  options: Partial<PlanOptions> & Partial<ApplyOptions> = {},
): Promise<{ summary: Summary; events: ResultEvent[]; asked: string[] }> {
  const events: ResultEvent[] = [];
  const { fetch, asked } = fetchFrom(contents);
  const plan = await planResults({ root, runId, entries: [...contents.keys()], began, ...options });
  const summary = await applyPlan(plan, {
    root,
    runId,
    fetch,
    signal: new AbortController().signal,
    now: jobTime,
    onEvent: (event) => void events.push(event),
    ...options,
  } as ApplyOptions);
  return { summary, events, asked };
}
