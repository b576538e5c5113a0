import { crc32, deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { openEntry } from "./entry-data.ts";
import { ArchiveError } from "./errors.ts";
import { encodeCentralRecord, encodeEnd, encodeLocalHeader, type HeaderFields } from "./headers.ts";
import { bytesSource } from "./random-access.ts";
import { readCentralDirectory } from "./read.ts";
import { directory, entriesOf, fussySource, input, MTIME, noise, pack, sequence, signal } from "./testing.ts";

/** An archive of one entry with the content "hello", whose headers say what is asked for. */
function handmade(changes: Partial<HeaderFields> & { data?: Buffer; localName?: string } = {}): Buffer {
  const data = changes.data ?? Buffer.from("hello");
  const fields: HeaderFields = {
    name: Buffer.from("a"),
    kind: "file",
    method: "stored",
    crc32: crc32("hello"),
    size: 5,
    compressedSize: data.length,
    mtimeMs: MTIME,
    mode: 0o644,
    localHeaderOffset: 0,
    zip64: false,
    ...changes,
  };
  const local = encodeLocalHeader({ ...fields, name: Buffer.from(changes.localName ?? fields.name) });
  return finish([local, data], [encodeCentralRecord(fields)]);
}

function finish(before: Buffer[], records: Buffer[], count = records.length): Buffer {
  const size = Buffer.concat(records).length;
  const offset = Buffer.concat(before).length;
  return Buffer.concat([...before, ...records, encodeEnd({ count, size, offset })]);
}

/** The code of the error that reading the directory, or any entry, ends in; undefined where all is well. */
async function flaw(bytes: Uint8Array): Promise<string | undefined> {
  try {
    for (const entry of await entriesOf(bytes)) {
      let left = entry.size;
      for await (const chunk of openEntry(bytesSource(bytes), entry, signal)) left -= chunk.length;
      if (left < 0) throw new Error("more bytes than declared");
    }
  } catch (error) {
    if (error instanceof ArchiveError) return error.code;
    throw error;
  }
  return undefined;
}

function patched(bytes: Buffer, patch: (copy: Buffer, record: number, end: number) => void): Buffer {
  const copy = Buffer.from(bytes);
  patch(copy, copy.readUInt32LE(copy.length - 6), copy.length - 22);
  return copy;
}

test("the archive that the cases below are made from is sound", async () => {
  expect(await flaw(handmade())).toBeUndefined();
});

const deflated = deflateRawSync(Buffer.alloc(2_000_000));
const zeros = { method: "deflate", data: deflated, crc32: crc32(Buffer.alloc(2_000_000)) } as const;

test.each<[code: string, what: string, bytes: Buffer]>([
  ["not-a-zip", "nothing", Buffer.alloc(0)],
  ["not-a-zip", "text", Buffer.from("<html>".repeat(100))],
  ["truncated", "a cut archive", handmade().subarray(0, -1)],
  ["truncated", "a long one that is cut", handmade({ data: noise(100_000) }).subarray(0, -30)],
  ["multi-disk", "a part of several", patched(handmade(), (copy, _, end) => copy.writeUInt16LE(1, end + 4))],
  ["multi-disk", "an entry elsewhere", patched(handmade(), (copy, at) => copy.writeUInt16LE(1, at + 34))],
  ["encrypted", "an encrypted entry", patched(handmade(), (copy, at) => copy.writeUInt16LE(1, at + 8))],
  ["unknown-method", "an entry in bzip2", patched(handmade(), (copy, at) => copy.writeUInt16LE(12, at + 10))],
  [
    "bad-directory",
    "a directory past the end",
    patched(handmade(), (copy, _, end) => copy.writeUInt32LE(9999, end + 16)),
  ],
  [
    "bad-directory",
    "a directory elsewhere",
    patched(handmade(), (copy, at, end) => copy.writeUInt32LE(at - 1, end + 16)),
  ],
  [
    "bad-directory",
    "a name that runs over",
    patched(handmade(), (copy, at) => copy.writeUInt16LE(500, at + 28)),
  ],
  [
    "broken-zip64",
    "an offset left to a ZIP64 record that isn't there",
    patched(handmade(), (copy, _, end) => copy.writeUInt32LE(0xffffffff, end + 16)),
  ],
  [
    "wrong-count",
    "one entry instead of two",
    finish([handmade().subarray(0, 45)], [handmade().subarray(45, -22)], 2),
  ],
  [
    "wrong-count",
    "one entry instead of none",
    finish([handmade().subarray(0, 45)], [handmade().subarray(45, -22)], 0),
  ],
  [
    "overlap",
    "two entries on the same data",
    finish([handmade().subarray(0, 45)], [handmade().subarray(45, -22), handmade().subarray(45, -22)]),
  ],
  ["overlap", "data in the directory", handmade({ compressedSize: 50, size: 50 })],
  ["bad-name", "no name", handmade({ name: Buffer.from("") })],
  ["bad-name", "a NUL in a name", handmade({ name: Buffer.from("a\0b") })],
  ["bad-local-header", "no header there", patched(handmade(), (copy) => copy.write("XX"))],
  ["bad-local-header", "another name there", handmade({ localName: "b" })],
  ["wrong-crc", "other data", handmade({ data: Buffer.from("hallo") })],
  ["wrong-size", "stored, in two sizes", handmade({ size: 4 })],
  ["wrong-size", "less than it says", handmade({ ...zeros, size: 2_000_001 })],
  ["wrong-size", "more than it says", handmade({ ...zeros, size: 1_999_999 })],
  ["wrong-size", "a bomb", handmade({ ...zeros, size: 5 })],
  ["wrong-size", "empty, and isn't", handmade({ ...zeros, size: 0 })],
  [
    "wrong-size",
    "bytes after the end",
    handmade({ ...zeros, size: 2_000_000, data: Buffer.concat([deflated, noise(9)]) }),
  ],
  [
    "wrong-size",
    "bytes after the end of a small one",
    handmade({ method: "deflate", data: Buffer.concat([deflateRawSync("hello"), noise(9)]) }),
  ],
  ["bad-data", "no deflate stream", handmade({ method: "deflate", data: Buffer.alloc(9, 0xff) })],
  [
    "bad-data",
    "half a deflate stream",
    handmade({ ...zeros, size: 2_000_000, data: deflated.subarray(0, 1000) }),
  ],
])("%s: %s", async (code, _, bytes) => {
  expect(await flaw(bytes)).toBe(code);
});

test("a bomb gives no more than its declared size", async () => {
  for (const size of [5, 1_500_000]) {
    const bytes = handmade({ ...zeros, size });
    const [entry] = await entriesOf(bytes);
    if (entry === undefined) throw new Error("no entry");
    let given = 0;
    const reading = (async () => {
      for await (const chunk of openEntry(bytesSource(bytes), entry, signal)) given += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: "wrong-size" });
    expect(given).toBeLessThanOrEqual(size);
  }
});

test("no flipped bit makes anything but an ArchiveError, or more bytes than declared", async () => {
  const { bytes } = await pack([input("a", sequence(300)), directory("d"), input("é/b", "stored")]);
  const outcomes = new Map<string, number>();
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const outcome = (await flaw(copy)) ?? "none";
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  // What goes unnoticed is in times, modes, versions, extra fields and the ends of deflate streams: never in data.
  expect(outcomes.get("none")).toBeLessThan(bytes.length * 8 * 0.4);
  expect(outcomes.size).toBeGreaterThan(8);
});

test("no cut archive is taken for a whole one", async () => {
  const { bytes } = await pack([input("a", sequence(300)), input("b", "stored")]);
  for (let length = 0; length < bytes.length; length++) {
    expect(await flaw(bytes.subarray(0, length))).toMatch(/truncated|not-a-zip/);
  }
});

test("one ranged read is enough for a directory that is near the end, two for any other", async () => {
  const few = await pack([input("a", noise(300_000)), input("b", "")]);
  const small = fussySource(few.bytes, 1000);
  await readCentralDirectory(small.source);
  expect(small.reads.length).toBe(1);
  const many = await pack(Array.from({ length: 2000 }, (_, at) => input(`${at}`, noise(99))));
  const large = fussySource(many.bytes, 1000);
  expect((await readCentralDirectory(large.source)).entries.length).toBe(2000);
  expect(large.reads.length).toBe(2);
  const told = fussySource(many.bytes, 1000);
  await readCentralDirectory(told.source, { tailSize: 200_000 });
  expect(told.reads.length).toBe(1);
});

test("a directory larger than allowed is not read", async () => {
  const { bytes } = await pack([input("a", "")]);
  await expect(readCentralDirectory(bytesSource(bytes), { maxDirectorySize: 50 })).rejects.toMatchObject({
    code: "directory-too-large",
  });
});

test("of two entries of one path the later counts", async () => {
  const { bytes, entries } = await pack([input("a", "old"), input("b", "b"), input("c", "new")]);
  // The third is renamed to the first.
  const at = [entries[2]?.localHeaderOffset ?? 0, bytes.lastIndexOf("PK\x01\x02") + 16];
  for (const offset of at) bytes.write("a", offset + 30);
  const read = await entriesOf(bytes);
  expect(read.map(({ path, localHeaderOffset }) => [path, localHeaderOffset])).toEqual([
    ["b", entries[1]?.localHeaderOffset],
    ["a", entries[2]?.localHeaderOffset],
  ]);
});

test("unsafe names are reported as they are", async () => {
  const { bytes } = await pack([input("../augur/x", "x"), input("/etc/passwd", "")]);
  expect((await entriesOf(bytes)).map(({ path }) => path)).toEqual(["../augur/x", "/etc/passwd"]);
});

test("a comment, even one with an end record in it, doesn't hide the directory", async () => {
  const { bytes } = await pack([input("a", "a")]);
  const comment = Buffer.concat([
    Buffer.from("see "),
    encodeEnd({ count: 0, size: 0, offset: 0 }),
    Buffer.from("!"),
  ]);
  bytes.writeUInt16LE(comment.length, bytes.length - 2);
  expect((await entriesOf(Buffer.concat([bytes, comment]))).length).toBe(1);
});

test("an entry without an extended timestamp has its MS-DOS time, one not made on Unix no mode", async () => {
  const bytes = handmade({ mtimeMs: Date.UTC(2050, 0, 1, 12) });
  bytes.writeUInt8(0, bytes.readUInt32LE(bytes.length - 6) + 5);
  const [entry] = await entriesOf(bytes);
  expect(entry).toMatchObject({ mtimeMs: Date.UTC(2050, 0, 1, 12), mode: undefined });
});
