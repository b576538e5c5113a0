import { lstat, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "../cli/make-directory.ts";
import { parseRunId } from "./ids.ts";
import { isOwnerGone, ownTemporaryName } from "./temporaries.ts";
import type { RunId } from "./types.ts";

const NOTE = ".unsubmitted";
/** Milliseconds: as S3's own rule for unfinished uploads has it in a set-up of ours. */
const LONGEST_UPLOAD = 7 * 24 * 60 * 60 * 1000;

/** A run whose job has not been submitted: what it has put into the bucket is of no use without it. */
export interface UnsubmittedRun {
  readonly runId: RunId;
  readonly bucket: string;
  /** Of the archive; what else belongs to the run lies beside it. */
  readonly key: string;
  readonly region: string;
  readonly localAws: boolean;
  /**
   * The multipart upload under way, whose parts S3 keeps, and bills, until it is completed or aborted. Without an id where the
   * program was killed before S3 had given it one, or just after.
   */
  readonly upload?: { readonly id?: string | undefined } | undefined;
}

/** Notes a run before anything of it is sent, so that the next one can take it back where this program is killed. */
export async function noteUnsubmitted(directory: string, run: UnsubmittedRun): Promise<void> {
  await makeDirectory(directory, 0o700);
  const owner = ownTemporaryName();
  // A later note, with the upload's id, takes the place of the first whole, or not at all.
  const temporary = join(directory, owner);
  await writeFile(temporary, JSON.stringify({ ...run, owner }), { mode: 0o600 });
  await rename(temporary, join(directory, `${run.runId}${NOTE}`));
}

/**
 * Forgets the note: the job is about to be submitted, or the run has been taken back. On the disk when this returns: after a power
 * cut, a note that came back would have the next run take the archive of a job away.
 */
export async function forgetUnsubmitted(directory: string, runId: RunId): Promise<void> {
  await rm(join(directory, `${runId}${NOTE}`), { force: true });
  const handle = await open(directory);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What is noted of a run; undefined where nothing is. */
export async function readUnsubmitted(directory: string, runId: RunId): Promise<UnsubmittedRun | undefined> {
  return await readNote(join(directory, `${runId}${NOTE}`));
}

/** The runs noted here whose program has ended without submitting a job. `now` is in milliseconds since 1970. */
export async function abandonedRuns(directory: string, now: number): Promise<UnsubmittedRun[]> {
  const names = await readdir(directory).catch(() => []);
  const abandoned: UnsubmittedRun[] = [];
  for (const name of names.filter((each) => each.endsWith(NOTE))) {
    const path = join(directory, name);
    const note = await readNote(path);
    if (note === undefined) continue;
    const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: now }));
    if (isOwnerGone(note.owner, now - mtimeMs > LONGEST_UPLOAD)) abandoned.push(note);
  }
  return abandoned;
}

async function readNote(path: string): Promise<(UnsubmittedRun & { readonly owner: string }) | undefined> {
  try {
    const note = JSON.parse(await readFile(path, "utf8"));
    const texts = [note.bucket, note.key, note.region, note.owner, note.upload?.id ?? ""];
    const isWhole = parseRunId(note.runId) !== undefined && texts.every((text) => typeof text === "string");
    return isWhole ? note : undefined;
  } catch {
    // Not written by this program, or gone just now: another one is at it.
    return undefined;
  }
}
