import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isRecord, readJson, writeJson } from "./json-file.ts";
import { StartError, systemCode } from "./start-error.ts";

/** The layout of the state directory that this program knows. */
const stateVersion = 1;

/**
 * Makes the directory where it is missing, for its owner only.
 *
 * @throws StartError where it cannot be written to.
 */
export async function makeStateDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    // Whether it can be written to shows only when it is.
    await writeJson(join(directory, "writable"), null);
    await rm(join(directory, "writable"));
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new StartError(
      `Local AWS cannot keep its state in ${directory}: ${reasons[code] ?? code}.`,
      "Make it a directory that you may write to, or set NEXTSTRAIN_HOME to another one.",
    );
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the device",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "a part of that path is not a directory",
  EEXIST: "it is not a directory",
};

/**
 * Checks that the directory's layout is known here, and marks a new one.
 *
 * @throws StartError where a newer version of the program made it.
 */
export async function checkStateVersion(directory: string): Promise<void> {
  const path = join(directory, "state.json");
  const state = await readJson(path).catch(() => ({}));
  if (state === undefined) {
    await writeJson(path, { version: stateVersion });
    return;
  }
  const version = isRecord(state) ? state.version : undefined;
  if (typeof version !== "number") {
    throw new StartError(
      `Local AWS cannot read ${path}.`,
      "Start afresh with `nextstrain local-aws reset`: it deletes local AWS's buckets, jobs and logs.",
    );
  }
  if (version > stateVersion) {
    throw new StartError(
      `The state of local AWS in ${directory} is from a newer version of this program (layout ${version}; this one knows ${stateVersion}).`,
      "Update nextstrain, set NEXTSTRAIN_HOME to another directory, or delete that state with `nextstrain local-aws reset`.",
    );
  }
}

/** Deletes buckets, jobs and logs. Port and keys stay, so that what was exported from them stays good. */
export async function emptyStateDirectory(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name === "identity.json" || name === "daemon.log" || name.startsWith("lock.")) continue;
    await rm(join(directory, name), { recursive: true, force: true });
  }
}
