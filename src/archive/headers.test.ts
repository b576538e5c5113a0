import { expect, test } from "vitest";
import {
  encodeCentralRecord,
  encodeEnd,
  encodeLocalHeader,
  localHeaderLength,
  moveCentralRecord,
} from "./headers.ts";
import { readCentralDirectory } from "./read.ts";
import { MTIME } from "./testing.ts";
import type { RandomAccess } from "./types.ts";

const GIB = 1024 ** 3;
const fields = {
  name: Buffer.from("é.txt"),
  kind: "file",
  method: "deflate",
  crc32: 0xcafebabe,
  size: 10,
  compressedSize: 8,
  mtimeMs: MTIME,
  mode: 0o640,
  localHeaderOffset: 77,
  zip64: false,
} as const;

/** Reads an archive's directory back, without the bytes that are said to lie before it. */
async function readBack(records: Buffer[], offset: number) {
  const directory = Buffer.concat(records);
  const end = encodeEnd({ count: records.length, size: directory.length, offset });
  const source: RandomAccess = {
    size: offset + directory.length + end.length,
    async *read(at, length) {
      const blank = Math.max(offset - at, 0);
      const from = Math.max(at - offset, 0);
      yield Buffer.concat([Buffer.alloc(blank), directory, end]).subarray(from, from + length);
    },
  };
  return (await readCentralDirectory(source)).entries;
}

test("a local header has its sizes, CRC and time, no flag, and no field that is not needed", () => {
  const header = encodeLocalHeader(fields);
  expect(header.length).toBe(localHeaderLength(fields));
  expect(header.toString("hex")).toBe(
    "504b03041400000008008378765dbebafeca080000000a0000000600".concat(
      "0900",
      Buffer.from("é.txt").toString("hex"),
      "5554050001",
      Buffer.from(new Int32Array([Math.floor(MTIME / 1000)]).buffer).toString("hex"),
    ),
  );
});

test("what a central record says is read back", async () => {
  const [entry] = await readBack([encodeCentralRecord(fields)], 1000);
  expect(entry).toMatchObject({
    path: "é.txt",
    kind: "file",
    method: "deflate",
    size: 10,
    compressedSize: 8,
    crc32: 0xcafebabe,
    mtimeMs: Math.floor(MTIME / 1000) * 1000,
    mode: 0o100640,
    localHeaderOffset: 77,
    madeByInfoZip: false,
  });
});

test("sizes and offsets over 4 GiB are written and read as ZIP64, needing no more than version 4.5", async () => {
  const large = {
    ...fields,
    size: 9 * GIB,
    compressedSize: 5 * GIB,
    zip64: true,
    localHeaderOffset: 6 * GIB,
  };
  const small = { ...fields, name: Buffer.from("b"), localHeaderOffset: 12 * GIB };
  const records = [encodeCentralRecord(large), encodeCentralRecord(small)];
  expect(records.map((record) => record.readUInt16LE(6))).toEqual([45, 45]);
  expect(encodeLocalHeader(large).readUInt16LE(4)).toBe(45);
  expect(encodeLocalHeader(small).readUInt16LE(4)).toBe(20);
  const entries = await readBack(records, 13 * GIB);
  expect(entries).toMatchObject([
    { size: 9 * GIB, compressedSize: 5 * GIB, localHeaderOffset: 6 * GIB },
    { size: 10, compressedSize: 8, localHeaderOffset: 12 * GIB },
  ]);
});

test("the record of an entry that moves beyond 4 GiB and back is the same again", async () => {
  const record = encodeCentralRecord(fields);
  const [entry] = await readBack([record], 1000);
  if (entry === undefined) throw new Error("no entry");
  const far = moveCentralRecord({ ...entry, localHeaderOffset: 5 * GIB }, record);
  const [moved] = await readBack([far], 6 * GIB);
  expect(moved).toMatchObject({ localHeaderOffset: 5 * GIB, size: 10 });
  expect(moveCentralRecord(entry, far)).toEqual(record);
});

test("a time that has no room in the Unix field goes without", () => {
  const late = { ...fields, mtimeMs: Date.UTC(2050, 0) };
  expect(encodeLocalHeader(late).length).toBe(localHeaderLength(fields) - 9);
  expect(localHeaderLength(late)).toBe(localHeaderLength(fields) - 9);
});

test("there is a ZIP64 end record from 65,535 entries on", () => {
  expect(encodeEnd({ count: 65_534, size: 1, offset: 1 }).length).toBe(22);
  expect(encodeEnd({ count: 65_535, size: 1, offset: 1 }).length).toBe(22 + 20 + 56);
});
