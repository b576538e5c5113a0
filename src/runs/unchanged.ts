import type { SelectedFile } from "../workflow/types.ts";
import { hashFile } from "./hash.ts";
import { isUntouched } from "./stamp.ts";
import type { RecordedFiles, RunRecord, SeenFileState } from "./types.ts";

/** What a run's record knows of the files here after the run: its results where they were brought back, else what was uploaded. */
export function knownFiles(
  record: Pick<RunRecord, "createdAt">,
  { uploaded }: Pick<RecordedFiles, "uploaded">,
  results: readonly SeenFileState[],
): ReadonlyMap<string, SeenFileState> {
  const known = new Map<string, SeenFileState>();
  for (const state of uploaded) known.set(state.path, { ...state, seenAt: record.createdAt });
  for (const state of results) known.set(state.path, state);
  return known;
}

/**
 * Whether a file has the bytes that are known of it: by its stamp, as git's index tells it, or, where that leaves it open, by
 * SHA-256. A file that can't be read counts as changed. Throws the signal's reason.
 */
export async function isUnchanged(
  file: SelectedFile,
  known: SeenFileState,
  signal: AbortSignal,
): Promise<boolean> {
  if (file.size !== known.size) return false;
  if (isUntouched(file, known)) return true;
  try {
    const { size, sha256 } = await hashFile(file.source, signal);
    return size === known.size && sha256 === known.sha256;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** For what was looked at more than once, the later look counts. */
export function mergeResults(
  before: readonly SeenFileState[],
  now: readonly SeenFileState[],
): SeenFileState[] {
  return [...new Map([...before, ...now].map((state) => [state.path, state])).values()];
}
