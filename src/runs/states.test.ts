import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import type { SelectedFile } from "../workflow/types.ts";
import { hashFile, mapLimited } from "./hash.ts";
import { hashExcluded, localFileStates, manifestOf, recordFiles } from "./states.ts";
import type { RunId, SeenFileState } from "./types.ts";

function tempRoot(files: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), "nextstrain-states-"));
  for (const [path, content] of Object.entries(files)) writeFileSync(join(root, path), content);
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

function select(root: string, path: string): SelectedFile {
  const source = join(root, path);
  const stat = statSync(source);
  const { size, mtimeMs, ctimeMs, mode, ino, dev } = stat;
  const kind = stat.isDirectory() ? "directory" : "file";
  return { path, source, kind, size, mtimeMs, ctimeMs, mode: mode & 0o7777, ino, dev };
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("a file of several chunks is hashed whole", async () => {
  using temp = tempRoot({ empty: "", big: "0123456789abcdef".repeat(200_000) });
  const big = readFileSync(join(temp.root, "big"));
  expect(await hashFile(join(temp.root, "big"))).toEqual({
    size: 3_200_000,
    crc32: crc32(big),
    sha256: createHash("sha256").update(big).digest("hex"),
  });
  expect(await hashFile(join(temp.root, "empty"))).toEqual({ size: 0, crc32: 0, sha256: sha256("") });
  await expect(hashFile(join(temp.root, "big"), AbortSignal.abort(new Error("stop")))).rejects.toThrow(
    "stop",
  );
});

test("what was uploaded is known by stat and by the archive's hashes", async () => {
  using temp = tempRoot({ a: "one" });
  mkdirSync(join(temp.root, "empty"));
  mkdirSync(join(temp.root, ".snakemake"));
  chmodSync(join(temp.root, "a"), 0o6755);
  const file = select(temp.root, "a");
  const selection = {
    root: temp.root,
    files: [file, select(temp.root, "empty")],
    excluded: [],
    temporaries: [],
    warnings: [],
  };
  const written = [
    { path: "a", kind: "file" as const, size: 3, crc32: 5, sha256: "ab" },
    { path: "empty", kind: "directory" as const, size: 0, crc32: 0, sha256: "" },
  ];
  const files = await recordFiles(selection, written, []);
  const { size, mtimeMs, ctimeMs, ino, dev } = file;
  expect(files).toEqual({
    version: 1,
    uploaded: [{ path: "a", size, mtimeMs, ctimeMs, ino, dev, mode: 0o755, crc32: 5, sha256: "ab" }],
    excluded: [],
    directories: ["empty", ".snakemake"],
  });
  expect(manifestOf("id" as RunId, files)).toEqual({
    version: 1,
    runId: "id",
    uploaded: [{ path: "a", size, mtimeMs, mode: 0o755, crc32: 5, sha256: "ab" }],
  });
  expect(() => localFileStates([file], [])).toThrow("not written to the archive: a");
});

test("a file that grew before it was read is recorded as the archive has it", async () => {
  using temp = tempRoot({ log: "one" });
  const file = select(temp.root, "log");
  const grown = { path: "log", kind: "file" as const, size: 7, crc32: 5, sha256: "ab" };
  expect(localFileStates([file], [grown])).toMatchObject([{ size: 7, crc32: 5, sha256: "ab" }]);
});

test("excluded files are hashed; those that change or cannot be read are left out", async () => {
  using temp = tempRoot({ a: "one", changed: "two", gone: "three" });
  const selected = ["a", "changed", "gone"].map((path) => select(temp.root, path));
  utimesSync(join(temp.root, "changed"), 1, 1);
  rmSync(join(temp.root, "gone"));
  const states = await hashExcluded(selected);
  expect(states).toMatchObject([{ path: "a", crc32: crc32("one"), sha256: sha256("one") }]);
  expect(states).toHaveLength(1);
});

test("an excluded file that is as the last record has it is not read again", async () => {
  using temp = tempRoot({ a: "one" });
  const [file] = await hashExcluded([select(temp.root, "a")]);
  if (file === undefined) throw new Error("not hashed");
  const seenAt = file.ctimeMs + 10_000;
  const recorded = { ...file, sha256: "from the record" };
  const again = (known: SeenFileState) => hashExcluded([select(temp.root, "a")], { known: [known] });
  expect(await again({ ...recorded, seenAt })).toEqual([recorded]);
  expect(await again({ ...recorded, seenAt, ctimeMs: 1 })).toEqual([file]);
  // Touched so shortly before it was looked at that it can have been changed again unseen.
  expect(await again({ ...recorded, seenAt: file.ctimeMs + 1 })).toEqual([file]);
});

test("no more than the limit run at once, and after a failure nothing new begins", async () => {
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const task = async (item: number) => {
    begun.push(item);
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    if (item === 3) throw new Error("third");
    return item * 2;
  };
  expect(await mapLimited([1, 2], 2, task)).toEqual([2, 4]);
  await expect(mapLimited([1, 2, 3, 4, 5, 6, 7, 8], 2, task)).rejects.toThrow("third");
  expect(most).toBe(2);
  expect(begun).not.toContain(7);
});
