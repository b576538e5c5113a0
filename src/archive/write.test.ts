import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openEntry } from "./entry-data.ts";
import { ChangedWhileReadError } from "./errors.ts";
import { bytesSource } from "./random-access.ts";
import { readCentralDirectory } from "./read.ts";
import {
  collect,
  directory,
  entriesOf,
  input,
  MTIME,
  noise,
  pack,
  seeded,
  sequence,
  signal,
} from "./testing.ts";
import type { ArchiveInput } from "./types.ts";
import { packSmall, writeArchive } from "./write.ts";

const scratch = mkdtempSync(join(tmpdir(), "nextstrain-archive-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A file on disk. */
function fileInput(name: string, content: Uint8Array): ArchiveInput {
  const source = join(scratch, name);
  writeFileSync(source, content);
  utimesSync(source, MTIME / 1000, MTIME / 1000);
  return { path: name, kind: "file", source, size: content.length, mtimeMs: 0, mode: 0o600 };
}

async function contents(bytes: Uint8Array): Promise<Map<string, string>> {
  const source = bytesSource(bytes);
  const found = new Map<string, string>();
  for (const entry of await entriesOf(bytes)) {
    const name = entry.kind === "directory" ? `${entry.path}/` : entry.path;
    found.set(name, (await collect(openEntry(source, entry, signal))).toString("latin1"));
  }
  return found;
}

const MIB = 1024 * 1024;
const text = Buffer.from("strain\tdate\tcountry\n".repeat(40_000));

test("what is written can be read: small and large, stored and deflated, on disk and in memory", async () => {
  const large = Buffer.concat([sequence(2 * MIB), text, noise(MIB), Buffer.alloc(MIB)]);
  const inputs = [
    directory("empty"),
    input("a.txt", "hello"),
    input("nothing", ""),
    fileInput("large.fasta", large),
    fileInput("large.bin", noise(2 * MIB + 1)),
    fileInput("small.tsv", text),
    input("../augur/é.py", "import this\n"),
  ];
  const { bytes, entries } = await pack(inputs);
  const read = await contents(bytes);
  expect([...read.keys()]).toEqual([
    "empty/",
    "a.txt",
    "nothing",
    "large.fasta",
    "large.bin",
    "small.tsv",
    "../augur/é.py",
  ]);
  expect(read.get("large.fasta") === large.toString("latin1")).toBe(true);
  expect(read.get("large.bin") === noise(2 * MIB + 1).toString("latin1")).toBe(true);
  expect(read.get("../augur/é.py")).toBe("import this\n");
  expect(entries.map(({ method }) => method)).toEqual([
    "stored",
    "stored",
    "stored",
    "deflate",
    "stored",
    "deflate",
    "stored",
  ]);
  expect(bytes.length).toBeLessThan(4.5 * MIB);
});

test("entries() tells what the directory says, with SHA-256 and the exact time", async () => {
  const { bytes, entries } = await pack([directory("d"), fileInput("x.tsv", text), input("b", "bb")]);
  const inArchive = (await entriesOf(bytes)).map(({ record: _, ...entry }) => entry);
  const seconds = Math.floor(MTIME / 1000) * 1000;
  expect(entries.map(({ sha256: _, ...entry }) => ({ ...entry, mtimeMs: seconds }))).toEqual(inArchive);
  expect(entries.map(({ mtimeMs }) => Math.round(mtimeMs))).toEqual([MTIME, MTIME, MTIME]);
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  expect(entries.map(({ sha256 }) => sha256)).toEqual(["", hash(text), hash(Buffer.from("bb"))]);
});

test("names are UTF-8 without a flag, headers have sizes and no ZIP64 field, whatever the size of the file", async () => {
  const { bytes, entries } = await pack([input("é", "small"), fileInput("größer", sequence(2 * MIB))]);
  for (const { path, localHeaderOffset, compressedSize, size, crc32 } of entries) {
    const header = bytes.subarray(localHeaderOffset);
    expect(header.readUInt16LE(6)).toBe(0);
    expect([header.readUInt32LE(14), header.readUInt32LE(18), header.readUInt32LE(22)]).toEqual([
      crc32,
      compressedSize,
      size,
    ]);
    expect(header.readUInt16LE(28)).toBe(9);
    expect(header.toString("utf8", 30, 30 + Buffer.byteLength(path))).toBe(path);
  }
});

test("the archive is the same wherever it is cut", async () => {
  const random = seeded(42);
  const inputs = [
    fileInput("first.fasta", sequence(1.2 * MIB)),
    ...Array.from({ length: 8 }, (_, at) => input(`${at}/${"n".repeat(at * 7)}`, noise(at * 13, at + 1))),
    fileInput("second.bin", noise(1.1 * MIB)),
  ];
  const whole = (await pack(inputs, { partSize: 100 * MIB })).bytes;
  for (const partSize of [29, 4096, whole.length - 1, whole.length, whole.length + 1]) {
    expect((await pack(inputs, { partSize })).bytes.equals(whole)).toBe(true);
  }
  const few = inputs.slice(1, -1);
  const small = (await pack(few, { partSize: 100 * MIB })).bytes;
  for (let partSize = 1; partSize < 100; partSize += 1 + Math.floor(random() * 9)) {
    expect((await pack(few, { partSize })).bytes.equals(small)).toBe(true);
  }
});

test("a part waits for the header in it, and those behind don't wait for it", async () => {
  const order: number[] = [];
  const file = fileInput("long.bin", noise(1.5 * MIB));
  for await (const { index } of writeArchive([file], { partSize: 256 * 1024, signal }).parts)
    order.push(index);
  expect(order).toEqual([1, 2, 3, 4, 5, 0, 6]);
});

test("entries that lie before the start are named in the directory, and with them it is one archive", async () => {
  const old = await pack([
    input("kept", text),
    input("changed", "old"),
    input("also kept", "k"),
    directory("d"),
  ]);
  const { entries: oldEntries, offset: end } = await readCentralDirectory(bytesSource(old.bytes));
  const shift = 1000;
  const reused = oldEntries
    .filter(({ path }) => path !== "changed")
    .map((entry) => ({ ...entry, localHeaderOffset: entry.localHeaderOffset + shift }));
  const startOffset = shift + end;
  const fresh = await pack([input("changed", "new"), input("added", "a")], {
    startOffset,
    firstPartIndex: 3,
    reused,
    partSize: 50,
  });
  const bytes = Buffer.concat([Buffer.alloc(shift), old.bytes.subarray(0, end), fresh.bytes]);
  const read = await contents(bytes);
  expect([...read]).toEqual([
    ["kept", text.toString()],
    ["also kept", "k"],
    ["d/", ""],
    ["changed", "new"],
    ["added", "a"],
  ]);
  expect(fresh.entries.map(({ path }) => path)).toEqual(["changed", "added"]);
});

test("times later than the latest allowed are written as that, and told as they are", async () => {
  const late = MTIME + 3_600_000;
  const { bytes, entries } = await pack([input("a", "a", late)], { latestMtimeMs: MTIME });
  expect(entries[0]?.mtimeMs).toBe(late);
  expect((await entriesOf(bytes))[0]?.mtimeMs).toBe(Math.floor(MTIME / 1000) * 1000);
});

test("more than 65,535 entries", async () => {
  const inputs = Array.from({ length: 65_600 }, (_, at) => directory(`${at}`));
  const { bytes } = await pack(inputs, { partSize: 8 * MIB });
  const entries = await entriesOf(bytes);
  expect(entries.length).toBe(65_600);
  expect(entries.at(-1)?.path).toBe("65599");
});

test("an archive of nothing", async () => {
  const { bytes } = await pack([]);
  expect(bytes.length).toBe(22);
  expect(await entriesOf(bytes)).toEqual([]);
});

test("packSmall makes the same archive in memory", async () => {
  const inputs = [input("A", "1"), input("B", noise(100_000))];
  expect(Buffer.from(await packSmall(inputs, { signal })).equals((await pack(inputs)).bytes)).toBe(true);
});

test("a small file is written as it is when it is read, not as it was selected", async () => {
  const file = fileInput("log.txt", Buffer.from("one"));
  appendFileSync(join(scratch, "log.txt"), " two");
  const { bytes, entries } = await pack([file]);
  expect((await contents(bytes)).get("log.txt")).toBe("one two");
  expect(entries[0]).toMatchObject({ size: 7, mtimeMs: statSync(join(scratch, "log.txt")).mtimeMs });
});

test.each([
  ["grows", (path: string) => appendFileSync(path, "x")],
  ["is cut", (path: string) => truncateSync(path, 100)],
  ["is written to in place", (path: string) => writeFileSync(path, readFileSync(path))],
])("a large file that %s while it is read fails the archive, by name", async (_, change) => {
  const file = fileInput("busy.bin", randomBytes(24 * MIB));
  const { parts, entries } = writeArchive([file], { partSize: MIB, signal });
  const reading = (async () => {
    let first = true;
    for await (const _ of parts) {
      if (first) change(join(scratch, "busy.bin"));
      first = false;
    }
  })();
  await expect(reading).rejects.toThrow(ChangedWhileReadError);
  await expect(reading).rejects.toThrow('"busy.bin" changed');
  expect(entries).toThrow("not been written to its end");
});

test("a file that is gone, and one that is no file, are named", async () => {
  const gone = { ...input("sub/gone.txt", ""), source: join(scratch, "gone") };
  await expect(pack([gone])).rejects.toThrow('"sub/gone.txt" vanished');
  const folder = { ...input("folder", ""), source: scratch };
  await expect(pack([folder])).rejects.toThrow('"folder" is not a regular file');
});

test("the signal ends the writing with its reason, and so does whoever stops pulling", async () => {
  const file = fileInput("endless.bin", randomBytes(30 * MIB));
  const abort = new AbortController();
  const reason = new Error("enough");
  const reading = (async () => {
    for await (const _ of writeArchive([file], { partSize: MIB, signal: abort.signal }).parts)
      abort.abort(reason);
  })();
  await expect(reading).rejects.toBe(reason);
  for await (const _ of writeArchive([file], { partSize: MIB, signal }).parts) break;
});

test("progress tells each file's bytes", async () => {
  const seen = new Map<string, number>();
  const onProgress = (bytes: number, path: string) => seen.set(path, (seen.get(path) ?? 0) + bytes);
  await pack([input("a", "abc"), fileInput("big", sequence(3 * MIB)), directory("d")], { onProgress });
  expect([...seen]).toEqual([
    ["a", 3],
    ["big", 3 * MIB],
    ["d", 0],
  ]);
});
