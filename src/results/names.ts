import { posix } from "node:path";
import { impossibleName, isOverlayPath } from "../runs/names.ts";
import type { RunId } from "../runs/types.ts";
import { isTemporaryName } from "../workflow/temporary.ts";

/** What of `.snakemake/` comes back: what later runs need to know, and the logs. */
const SNAKEMAKE_PARTS = new Set(["log", "metadata", "storage"]);

// Characters that some file systems ignore in names (HFS+): ".g\u200cit" opens ".git" there.
const IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** Whether a path may come back at all: taken, passed over in silence (we or Snakemake put it there), or refused. */
export type NameRuling = "take" | "drop" | { readonly refuse: string };

/** Rules on a path from an archive; what never comes back is the container's contract plus our temporary files. */
export function ruleOnName(path: string): NameRuling {
  const unsafe = impossibleName(path);
  if (unsafe !== undefined) return isOverlayPath(path) ? "drop" : { refuse: unsafe };
  const names = path.split("/");
  if (names.some((name) => name === ".git" || name === "__pycache__" || isTemporaryName(name))) return "drop";
  if (path.endsWith(".pyc")) return "drop";
  if (names.some(isDisguisedGit)) return { refuse: 'it stands for ".git" on some file systems' };
  if (names.some((name, at) => name === ".snakemake" && !SNAKEMAKE_PARTS.has(names[at + 1] ?? ""))) {
    return "drop";
  }
  return "take";
}

/** Whether a path is in the part of `.snakemake/` that comes back: Snakemake's own state, always the job's. */
export function isSnakemakeState(path: string): boolean {
  return path.startsWith(".snakemake/") || path.includes("/.snakemake/");
}

function isDisguisedGit(name: string): boolean {
  const plain = name.replace(IGNORED, "").toLowerCase();
  return plain === ".git" || plain === "git~1";
}

/**
 * The name beside `path` that the job's version gets: `<name>.from-job-<first 8 of run id><ext>`, with `-2`, `-3`, …
 * after the id for the second and later `attempt`s. The name is cut where the whole would be over 255 bytes.
 */
export function conflictName(path: string, runId: RunId, attempt = 1): string {
  const { dir, name, ext } = posix.parse(path);
  const mark = `.from-job-${runId.slice(0, 8)}${attempt > 1 ? `-${attempt}` : ""}${ext}`;
  let stem = name;
  while (stem !== "" && Buffer.byteLength(stem + mark) > 255) stem = [...stem].slice(0, -1).join("");
  return posix.join(dir, stem + mark);
}

/** Two paths with the same key fall together on file systems that fold case or Unicode form. */
export function foldedName(path: string): string {
  // Upper case first: it makes one of letters that have several lower-case forms.
  return path.normalize("NFD").toUpperCase().toLowerCase().normalize("NFD");
}
