import { realpath } from "node:fs/promises";
import { listRuns, readRecordedFiles } from "./registry.ts";
import type { RunRecord, SeenFileState } from "./types.ts";

/** Whether two paths lead to one directory now: by a link, and from inside of where it leads, it has two names. */
export async function isSameDirectory(one: string, other: string): Promise<boolean> {
  return one === other || (await realPathOf(one)) === (await realPathOf(other));
}

/** The runs of a build root that are recorded here, newest first, by whatever path it was named then. */
export async function runsOfRoot(directory: string, root: string): Promise<RunRecord[]> {
  const { runs } = await listRuns(directory);
  const same = new Set([root]);
  for (const each of new Set(runs.map((run) => run.root))) {
    if (await isSameDirectory(each, root)) same.add(each);
  }
  return runs.filter((run) => same.has(run.root));
}

/** What the last run of a build root found in the files that it did not upload; nothing where that can't be read. */
export async function lastExcluded(directory: string, root: string): Promise<SeenFileState[]> {
  try {
    const [last] = await runsOfRoot(directory, root);
    const files = last && (await readRecordedFiles(directory, last.runId));
    return (files?.excluded ?? []).map((state) => ({ ...state, seenAt: last?.createdAt ?? 0 }));
  } catch {
    return [];
  }
}

/** Of what isn't there any more, the path itself. */
function realPathOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
