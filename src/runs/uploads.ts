import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isOwnerGone, ownTemporaryName } from "./temporaries.ts";
import type { RunId } from "./types.ts";

const NOTE = ".upload";

/** An unfinished multipart upload: S3 keeps, and bills, its parts until it is completed or aborted. */
export interface BegunUpload {
  readonly bucket: string;
  readonly key: string;
  /** Undefined where the program was killed before S3 had given it one, or just after. */
  readonly uploadId?: string | undefined;
  readonly region: string;
  readonly localAws: boolean;
}

/** Notes an upload before its first part is sent, so that the next run can abort it where this program is killed. */
export async function noteUpload(directory: string, runId: RunId, upload: BegunUpload): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const owner = ownTemporaryName();
  // The second note, with the upload's id, takes the place of the first whole, or not at all.
  const temporary = join(directory, owner);
  await writeFile(temporary, JSON.stringify({ ...upload, owner }), { mode: 0o600 });
  await rename(temporary, join(directory, `${runId}${NOTE}`));
}

/** Forgets an upload: it has been completed or aborted. */
export async function forgetUpload(directory: string, runId: RunId): Promise<void> {
  await rm(join(directory, `${runId}${NOTE}`), { force: true });
}

/** The uploads noted here whose program has ended without finishing them, each with what forgets it. */
export async function abandonedUploads(
  directory: string,
): Promise<{ readonly upload: BegunUpload; readonly forget: () => Promise<void> }[]> {
  const names = await readdir(directory).catch(() => []);
  const abandoned: Awaited<ReturnType<typeof abandonedUploads>> = [];
  for (const name of names.filter((each) => each.endsWith(NOTE))) {
    const path = join(directory, name);
    const note = await readNote(path);
    if (note === undefined || !isOwnerGone(note.owner)) continue;
    abandoned.push({ upload: note, forget: () => rm(path, { force: true }) });
  }
  return abandoned;
}

async function readNote(path: string): Promise<(BegunUpload & { readonly owner: string }) | undefined> {
  try {
    const note = JSON.parse(await readFile(path, "utf8"));
    const texts = [note.bucket, note.key, note.uploadId ?? "", note.region, note.owner];
    return texts.every((text) => typeof text === "string") ? note : undefined;
  } catch {
    // Not written by this program, or gone just now: another one is at it.
    return undefined;
  }
}
