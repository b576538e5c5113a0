import type { LocalFileState, Manifest, RecordedFiles, RunRecord } from "../runs/types.ts";
import type { RunFiles } from "./types.ts";

/** The state when a run began, from this computer's record; `isItsRoot`: results are brought to where the run began. */
export function beganByRecord(
  record: Pick<RunRecord, "createdAt">,
  files: RecordedFiles,
  isItsRoot: boolean,
): RunFiles {
  return {
    source: isItsRoot ? "record" : "other record",
    uploaded: byPath(files.uploaded),
    excluded: byPath(files.excluded),
    directories: new Set(files.directories),
    beganAt: record.createdAt,
  };
}

/**
 * The state when a run began, from its manifest: on another computer, or without the record. `beganAt`: when the job was submitted,
 * by Batch, where that is known.
 */
export function beganByManifest(manifest: Manifest, beganAt: number | undefined): RunFiles {
  return {
    source: "manifest",
    uploaded: byPath(manifest.uploaded),
    excluded: new Map<string, LocalFileState>(),
    directories: new Set(),
    beganAt,
  };
}

function byPath<State extends { readonly path: string }>(states: readonly State[]): Map<string, State> {
  const map = new Map<string, State>();
  for (const state of states) map.set(state.path, state);
  return map;
}
