import type { ArchiveEntry } from "../archive/types.ts";
import { UserError } from "../errors.ts";
import { type ContentHash, hashFile } from "../runs/hash.ts";
import { quoteName } from "../runs/names.ts";
import { sameStamp } from "../runs/stamp.ts";
import type { FileState, LocalFileState } from "../runs/types.ts";
import type { Located, Locator } from "./locate.ts";
import type { PlanOptions, RunFiles } from "./types.ts";

/** A file touched so shortly before the run may be changed again without its time stamps showing it (FAT: 2 s). */
const STAMP_GRAIN = 2000;

/** An entry that the job made or changed, with what is here now. */
export interface Finding {
  readonly entry: ArchiveEntry;
  readonly located: Located;
  /** Of the file here, against the entry and against the start of the run. */
  readonly content: "job's" | "as before" | "other" | undefined;
}

/** Looks at what is here, and reads it only where stat leaves it open. */
export async function examine(entry: ArchiveEntry, locate: Locator, options: PlanOptions): Promise<Finding> {
  const located = await locate(entry.path);
  if (located.kind !== "file" || entry.kind === "directory") return { entry, located, content: undefined };
  const { began } = options;
  const before = began?.uploaded.get(entry.path) ?? began?.excluded.get(entry.path);
  if (began !== undefined && before !== undefined && untouched(before, located.stat, began)) {
    // A file that was not uploaded can have been the same here all along.
    return { entry, located, content: sameContent(before, entry) ? "job's" : "as before" };
  }
  const { size } = located.stat;
  if (size !== entry.size && size !== before?.size) return { entry, located, content: "other" };
  const hash = await readHere(entry.path, located.target, options);
  if (sameContent(hash, entry)) return { entry, located, content: "job's" };
  const asBefore = before !== undefined && before.sha256 !== "" && hash.sha256 === before.sha256;
  const isBelieved = asBefore && (began?.source !== "manifest" || isOlder(located.stat, before, began));
  return { entry, located, content: isBelieved ? "as before" : "other" };
}

/**
 * Whether a file is older than its run: what a manifest says may be forged, so that no edit made since is ever
 * replaced on its word. Where nobody else tells when the run began, the file's time must be the manifest's own.
 */
function isOlder(now: { readonly mtimeMs: number }, before: FileState, { beganAt }: RunFiles): boolean {
  return beganAt === undefined ? now.mtimeMs === before.mtimeMs : now.mtimeMs < beganAt;
}

function untouched(
  before: FileState | LocalFileState,
  now: Parameters<typeof sameStamp>[0],
  began: RunFiles,
): boolean {
  if (began.source !== "record" || !("ino" in before) || !sameStamp(before, now)) return false;
  return began.beganAt === undefined || before.ctimeMs < began.beganAt - STAMP_GRAIN;
}

async function readHere(path: string, target: string, options: PlanOptions): Promise<ContentHash> {
  try {
    return await (options.hash ?? hashFile)(target, options.signal);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw cannotLook(path, error);
  }
}

/** Whether what is here has an entry's content. */
export async function hasContent(
  entry: ArchiveEntry,
  there: Extract<Located, { kind: "file" }>,
  options: PlanOptions,
): Promise<boolean> {
  if (there.stat.size !== entry.size) return false;
  return (await readHere(entry.path, there.target, options)).crc32 === entry.crc32;
}

/** Whether two have the same bytes, as far as size and CRC-32 tell. */
export function sameContent(one: Pick<ArchiveEntry, "size" | "crc32">, other: typeof one): boolean {
  return one.size === other.size && one.crc32 === other.crc32;
}

/** A locator that says what it was looking at where the file system lets it down: throws a UserError. */
export function named(locate: Locator): Locator {
  return async (path) => {
    try {
      return await locate(path);
    } catch (error) {
      throw cannotLook(path, error);
    }
  };
}

function cannotLook(path: string, error: unknown): UserError {
  const message = error instanceof Error ? error.message : String(error);
  return new UserError(`Cannot look at ${quoteName(path)}, which the job changed: ${message}`, {
    hint: "Mend that, then bring the results back again.",
    cause: error,
  });
}
