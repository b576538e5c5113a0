import { listRuns, readRecordedFiles } from "./registry.ts";
import type { SeenFileState } from "./types.ts";
import { knownExcluded } from "./unchanged.ts";

/**
 * What the newest run of the same build root knows of the files that it did not upload: they need not be read again to be hashed.
 * Nothing where there is no such run, or where its record is unusable.
 */
export async function lastExcluded(directory: string, root: string): Promise<SeenFileState[]> {
  try {
    const { runs } = await listRuns(directory);
    const last = runs.find((run) => run.root === root);
    const files = last && (await readRecordedFiles(directory, last.runId));
    return files ? knownExcluded(last, files) : [];
  } catch {
    return [];
  }
}
