import { stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempDir } from "../../test/support/temp-dir.ts";
import type { SelectedFile } from "../workflow/types.ts";
import { hashFile } from "./hash.ts";
import type { LocalFileState, SeenFileState } from "./types.ts";
import { isUnchanged, knownFiles, mergeResults } from "./unchanged.ts";

const signal = new AbortController().signal;

async function look(source: string): Promise<SelectedFile> {
  const { size, mtimeMs, ctimeMs, mode, ino, dev } = await stat(source);
  return { path: "file", source, kind: "file", size, mtimeMs, ctimeMs, mode: mode & 0o7777, ino, dev };
}

/** What a record made `later` milliseconds after the file's last change knows. */
async function known(source: string, later: number): Promise<SeenFileState> {
  const file = await look(source);
  const { crc32, sha256 } = await hashFile(source);
  return { ...file, crc32, sha256, seenAt: file.ctimeMs + later };
}

describe("a file is unchanged", () => {
  test("where its stamp is as recorded, without being read", async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "file");
    await writeFile(path, "one");
    const state = { ...(await known(path, 10_000)), sha256: "of other bytes" };
    expect(await isUnchanged(await look(path), state, signal)).toBe(true);
  });

  test("only by its bytes, where it had been touched just before it was recorded", async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "file");
    await writeFile(path, "one");
    const state = await known(path, 10);
    expect(await isUnchanged(await look(path), state, signal)).toBe(true);
    expect(await isUnchanged(await look(path), { ...state, sha256: "of other bytes" }, signal)).toBe(false);
  });

  test("where it was written again with the same bytes, and not where they are others of the same size and time", async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "file");
    await writeFile(path, "one");
    const time = new Date(1_700_000_000_000);
    await utimes(path, time, time);
    const state = await known(path, 10_000);
    await writeFile(path, "one");
    expect(await isUnchanged(await look(path), state, signal)).toBe(true);
    await writeFile(path, "two");
    await utimes(path, time, time);
    expect(await isUnchanged(await look(path), state, signal)).toBe(false);
  });

  test("never where it can't be read", async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "file");
    await writeFile(path, "one");
    const [file, state] = [await look(path), await known(path, 10)];
    expect(await isUnchanged({ ...file, source: `${path}-gone` }, state, signal)).toBe(false);
  });
});

test("a result brought back counts before what was uploaded, and a later one before an earlier", () => {
  const state: LocalFileState = {
    ...{ path: "a", size: 1, mtimeMs: 1, mode: 0o644, crc32: 1, sha256: "", ctimeMs: 1, ino: 1, dev: 1 },
  };
  const results = mergeResults([{ ...state, size: 2, seenAt: 5 }], [{ ...state, size: 3, seenAt: 6 }]);
  const files = { uploaded: [state] };
  expect(knownFiles({ createdAt: 4 }, files, results).get("a")).toEqual({ ...state, size: 3, seenAt: 6 });
  expect(knownFiles({ createdAt: 4 }, files, []).get("a")?.seenAt).toBe(4);
});
