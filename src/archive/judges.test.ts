import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { have } from "../../test/support/have.ts";
import { openEntry } from "./entry-data.ts";
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
  run,
  sequence,
  signal,
} from "./testing.ts";
import type { ArchiveEntry } from "./types.ts";

/** Programs that others wrote, and that the job runs: Info-ZIP's, and Python's zipfile. */
let scratch = "";
let zip = "";
let bytes: Buffer;

const inputs = [
  directory("empty"),
  input("Snakefile", "rule all:\n"),
  input("data/séquences é.fasta", sequence(300_000)),
  input("data/日本.bin", noise(2000)),
  input("old.txt", "before the epoch of MS-DOS", Date.UTC(1975, 5, 1)),
  input("late.txt", "after 2038", Date.UTC(2050, 5, 1)),
  input("nothing", ""),
];

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "nextstrain-judges-"));
  zip = join(scratch, "a.zip");
  ({ bytes } = await pack(inputs));
  writeFileSync(zip, bytes);
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** Entries end where the next begins, in what we wrote. */
async function spans(archive: Buffer): Promise<Map<string, Buffer>> {
  const { entries, offset } = await readCentralDirectory(bytesSource(archive));
  const sorted = [...entries].sort((a, b) => a.localHeaderOffset - b.localHeaderOffset);
  return new Map(
    sorted.map((entry, at) => [
      entry.path,
      archive.subarray(entry.localHeaderOffset, sorted[at + 1]?.localHeaderOffset ?? offset),
    ]),
  );
}

describe.skipIf(!have("unzip"))("judged by unzip and zipinfo (needs unzip)", () => {
  test("unzip finds nothing wrong", () => {
    expect(run("unzip", ["-tq", zip])).toContain("No errors detected");
  });

  test("unzip restores names, contents, times and permissions", () => {
    const out = join(scratch, "out");
    run("unzip", ["-q", "-:", "-o", zip, "-d", out]);
    for (const { path, kind, source, mtimeMs, mode } of inputs) {
      const stat = statSync(join(out, path));
      expect(stat.isDirectory()).toBe(kind === "directory");
      expect(stat.mode & 0o777).toBe(mode);
      // unzip leaves directories' times to the moment, and has only MS-DOS times after 2038.
      if (kind === "file") expect(stat.mtimeMs).toBe(Math.floor(mtimeMs / 1000) * 1000);
      if (kind === "file") expect(readFileSync(join(out, path)).equals(source as Buffer)).toBe(true);
    }
  });

  test("zipinfo sees a plain archive", () => {
    const info = run("zipinfo", ["-v", zip]);
    expect(info).not.toMatch(/extended local header: +yes|ZIP64|Zip64|warning|error/);
    expect(info).toMatch(/file system or operating system of origin: +Unix/);
    expect(info).toContain("(universal time) and 5 data bytes");
  });

  test("more than 65,535 entries", async () => {
    const many = join(scratch, "many.zip");
    const names = Array.from({ length: 65_600 }, (_, at) => input(`${at}`, ""));
    writeFileSync(many, (await pack(names, { partSize: 1 << 20 })).bytes);
    expect(run("unzip", ["-tq", many])).toContain("No errors detected");
    expect(run("zipinfo", ["-h", many])).toContain("number of entries: 65600");
  });

  test("an archive composed of copied ranges, a dead gap and new entries", async () => {
    const { offset } = await readCentralDirectory(bytesSource(bytes));
    const reused = (await entriesOf(bytes)).filter(({ path }) => path !== "Snakefile");
    const rest = await pack([input("Snakefile", "rule new:\n")], {
      startOffset: offset,
      reused,
      partSize: 100,
    });
    const composed = join(scratch, "composed.zip");
    writeFileSync(composed, Buffer.concat([bytes.subarray(0, offset), rest.bytes]));
    expect(run("unzip", ["-tq", composed])).toContain("No errors detected");
    if (have("zip")) expect(run("zip", ["-T", composed])).toContain("OK");
  });
});

describe.skipIf(!have("zip") || !have("unzip"))("judged by zip (needs zip and unzip)", () => {
  test("zip finds nothing wrong", () => {
    expect(run("zip", ["-T", zip])).toContain("OK");
  });

  test("zip -u leaves entries that are not newer on disk byte for byte, and replaces the newer ones", async () => {
    const updated = join(scratch, "updated.zip");
    writeFileSync(updated, bytes);
    const work = join(scratch, "work");
    run("unzip", ["-q", "-:", "-o", updated, "-d", work]);
    const write = (path: string, content: string) => {
      mkdirSync(dirname(join(work, path)), { recursive: true });
      writeFileSync(join(work, path), content);
      utimesSync(join(work, path), MTIME / 1000 + 60, MTIME / 1000 + 60);
    };
    write("data/séquences é.fasta", "shorter\n");
    write("results/tree.nwk", "(a,b);\n");
    const talk = run("zip", ["-u", "-r", updated, "."], work);
    expect(talk).not.toMatch(/warning|mismatch|does not match/i);

    const after = readFileSync(updated);
    const entries = await entriesOf(after);
    expect(entries.filter(({ kind }) => kind === "file").map(({ path }) => path)).toEqual([
      "Snakefile",
      "data/séquences é.fasta",
      "data/日本.bin",
      "old.txt",
      "late.txt",
      "nothing",
      "results/tree.nwk",
    ]);
    const [was, is] = [await spans(bytes), await spans(after)];
    for (const path of ["Snakefile", "data/日本.bin", "old.txt", "late.txt"]) {
      expect(is.get(path)?.equals(was.get(path) ?? Buffer.alloc(0))).toBe(true);
    }
    const changed = entries.filter(({ madeByInfoZip, kind }) => madeByInfoZip && kind === "file");
    expect(changed.map(({ path }) => path)).toEqual(["data/séquences é.fasta", "results/tree.nwk"]);
    const source = bytesSource(after);
    const read = await Promise.all(changed.map((entry) => collect(openEntry(source, entry, signal))));
    expect(read.map(String)).toEqual(["shorter\n", "(a,b);\n"]);
    expect(changed[1]).toMatchObject({ mtimeMs: Math.floor(MTIME / 1000 + 60) * 1000, method: "stored" });
  });

  test("entries that zip wrote are copied with their records as they are", async () => {
    const work = join(scratch, "theirs");
    mkdirSync(work);
    writeFileSync(join(work, "t.txt"), "text text text text text\n".repeat(50));
    const theirs = join(scratch, "theirs.zip");
    run("zip", ["-q", theirs, "t.txt"], work);
    const old = readFileSync(theirs);
    const { entries: reused, offset } = await readCentralDirectory(bytesSource(old));
    const rest = await pack([input("new", "n")], { startOffset: offset, reused });
    const composed = Buffer.concat([old.subarray(0, offset), rest.bytes]);
    const entries = await entriesOf(composed);
    const asBytes = ({ record, ...entry }: ArchiveEntry) => {
      return { ...entry, record: record?.bytes.subarray(record.start, record.end).toString("hex") };
    };
    expect(entries.slice(0, 1).map(asBytes)).toEqual(reused.map(asBytes));
    writeFileSync(theirs, composed);
    expect(run("zip", ["-T", theirs])).toContain("OK");
  });
});

describe.skipIf(!have("python3"))("judged by Python's zipfile (needs python3)", () => {
  test("testzip finds nothing wrong, and names, modes and times are right", () => {
    const script = `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
for i in z.infolist():
    assert i.flag_bits == 0 and i.create_system == 3, i
    print(i.filename.encode("cp437").decode(), oct(i.external_attr >> 16), *i.date_time[:3])
`;
    expect(run("python3", ["-c", script, zip]).trim().split("\n")).toEqual([
      "empty/ 0o40755 2026 11 22",
      "Snakefile 0o100644 2026 11 22",
      "data/séquences é.fasta 0o100644 2026 11 22",
      "data/日本.bin 0o100644 2026 11 22",
      "old.txt 0o100644 1980 1 1",
      "late.txt 0o100644 2050 6 1",
      "nothing 0o100644 2026 11 22",
    ]);
  });
});
