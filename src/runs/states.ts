import { lstat, stat } from "node:fs/promises";
import { join } from "node:path";
import type { WrittenEntry } from "../archive/types.ts";
import type { SelectedFile, Selection } from "../workflow/types.ts";
import { type ContentHash, hashFile, mapLimited } from "./hash.ts";
import { isUntouched, sameStamp } from "./stamp.ts";
import type { FileState, LocalFileState, Manifest, RecordedFiles, RunId, SeenFileState } from "./types.ts";

/** What the record takes from an entry of the archive. */
type Written = Pick<WrittenEntry, "path" | "kind" | keyof ContentHash>;

/**
 * What was uploaded, as this computer knows it: the selection's stat, and size and hashes as the archive has them. Of a
 * file that grew in between the two don't fit together, so that it is told by its content later. Directories are left
 * out. Throws where a selected file was not written (a bug).
 */
export function localFileStates(
  selected: readonly SelectedFile[],
  written: Iterable<Written>,
): LocalFileState[] {
  const hashes = new Map<string, ContentHash>();
  for (const entry of written) if (entry.kind === "file") hashes.set(entry.path, entry);
  return selected
    .filter((file) => file.kind === "file")
    .map((file) => {
      const hash = hashes.get(file.path);
      if (hash === undefined) throw new Error(`Selected but not written to the archive: ${file.path}`);
      return toLocalState(file, hash);
    });
}

/**
 * Hashes files that are not uploaded, so that a result can be told from an edit later. A hash that `known` (the last
 * run's record) has for the same untouched file is not taken again. Files that cannot be read, or that change
 * meanwhile, are left out: what the job makes of them will count as a conflict.
 */
export async function hashExcluded(
  excluded: readonly SelectedFile[],
  options: { known?: Iterable<SeenFileState>; signal?: AbortSignal; concurrency?: number } = {},
): Promise<LocalFileState[]> {
  const known = new Map<string, SeenFileState>();
  for (const state of options.known ?? []) known.set(state.path, state);
  const files = excluded.filter((file) => file.kind === "file");
  const states = await mapLimited(files, options.concurrency ?? 4, async (file) => {
    const before = known.get(file.path);
    if (before !== undefined && isUntouched(file, before)) {
      return toLocalState(file, before);
    }
    try {
      const hash = await hashFile(file.source, options.signal);
      return sameStamp(file, await stat(file.source)) ? toLocalState(file, hash) : undefined;
    } catch {
      options.signal?.throwIfAborted();
      return undefined;
    }
  });
  return states.filter((state) => state !== undefined);
}

/**
 * The record of a run's files: what was uploaded, what was not, and which directories were there although no file
 * of theirs is listed (a link among them is the user's own).
 */
export async function recordFiles(
  selection: Selection,
  written: Iterable<Written>,
  excluded: readonly LocalFileState[],
): Promise<RecordedFiles> {
  const directories = [...selection.files, ...selection.excluded]
    .filter((file) => file.kind === "directory")
    .map((file) => file.path);
  const snakemake = await lstat(join(selection.root, ".snakemake")).catch(() => undefined);
  if (snakemake !== undefined) directories.push(".snakemake");
  return { version: 1, uploaded: localFileStates(selection.files, written), excluded, directories };
}

/** What of a record goes to the bucket: nothing that only this computer knows, nothing that was not uploaded. */
export function manifestOf(runId: RunId, files: RecordedFiles): Manifest {
  const uploaded = files.uploaded.map(
    ({ path, size, mtimeMs, linkMtimeMs = 0, mode, crc32, sha256 }): FileState => ({
      path,
      size,
      mtimeMs: Math.max(mtimeMs, linkMtimeMs),
      mode,
      crc32,
      sha256,
    }),
  );
  return { version: 1, runId, uploaded };
}

function toLocalState(file: SelectedFile, content: ContentHash): LocalFileState {
  const { path, mtimeMs, linkMtimeMs, ctimeMs, ino, dev } = file;
  return {
    path,
    size: content.size,
    mtimeMs,
    mode: file.mode & 0o777,
    crc32: content.crc32,
    sha256: content.sha256,
    ctimeMs,
    ino,
    dev,
    ...(linkMtimeMs === undefined ? {} : { linkMtimeMs }),
  };
}
