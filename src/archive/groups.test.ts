import { expect, test } from "vitest";
import { openEntry } from "./entry-data.ts";
import { ArchiveError } from "./errors.ts";
import { planReads, type ReadGroup, readGroup } from "./groups.ts";
import { encodeEnd } from "./headers.ts";
import { bytesSource } from "./random-access.ts";
import { collect, entriesOf, fussySource, input, noise, pack, seeded, sequence, signal } from "./testing.ts";
import type { ArchiveEntry, RandomAccess } from "./types.ts";

async function readAll(source: RandomAccess, groups: readonly ReadGroup[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const group of groups) {
    for await (const { entry, data } of readGroup(source, group, signal)) {
      found.set(entry.path, (await collect(data)).toString("latin1"));
    }
  }
  return found;
}

/** The same archive with so many more bytes of extra field in each local header, and the directory none the wiser. */
function withLongerHeaders(bytes: Buffer, entries: readonly ArchiveEntry[], more: number): Buffer {
  const directoryAt = bytes.readUInt32LE(bytes.length - 6);
  const pieces: Buffer[] = [];
  entries.forEach((entry, index) => {
    const end = entries[index + 1]?.localHeaderOffset ?? directoryAt;
    const local = Buffer.from(bytes.subarray(entry.localHeaderOffset, end));
    const headerEnd = 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
    local.writeUInt16LE(local.readUInt16LE(28) + more, 28);
    pieces.push(local.subarray(0, headerEnd), Buffer.alloc(more), local.subarray(headerEnd));
  });
  const directory = Buffer.from(bytes.subarray(directoryAt, -22));
  for (let at = 0, index = 0; at < directory.length; index++) {
    directory.writeUInt32LE((entries[index]?.localHeaderOffset ?? 0) + index * more, at + 42);
    at += 46 + directory.readUInt16LE(at + 28) + directory.readUInt16LE(at + 30);
  }
  const offset = Buffer.concat(pieces).length;
  return Buffer.concat([
    ...pieces,
    directory,
    encodeEnd({ count: entries.length, size: directory.length, offset }),
  ]);
}

const inputs = Array.from({ length: 12 }, (_, at) =>
  input(`dir/${at}`, at % 3 === 0 ? noise(at * 100, at + 1) : sequence(at * 500, at)),
);
const expected = new Map(inputs.map(({ path, source }) => [path, Buffer.from(source).toString("latin1")]));

function contentOf({ path }: ArchiveEntry): Buffer {
  return path === "large" ? sequence(1_200_000) : Buffer.from(expected.get(path) ?? "", "latin1");
}

test("neighbours are read together, those far apart are not, and no group is larger than allowed", async () => {
  const { bytes } = await pack(inputs);
  const entries = await entriesOf(bytes);
  expect(planReads(entries, { gap: 0, max: 1e9 }).length).toBe(1);
  expect(planReads(entries, { gap: 0, max: 1 }).length).toBe(12);
  const some = entries.filter((_, at) => at < 3 || at > 8);
  expect(planReads(some, { gap: 100, max: 1e9 }).map(({ entries }) => entries.length)).toEqual([3, 3]);
  for (const group of planReads([...entries].reverse(), { gap: 0, max: 3000 })) {
    expect(group.length <= 3000 || group.entries.length === 1).toBe(true);
  }
});

test.each([1, 7, 1000, 1e6])("groups read from an answer in pieces of %d bytes", async (most) => {
  const { bytes } = await pack(inputs);
  const { source, reads } = fussySource(bytes, most);
  const groups = planReads(await entriesOf(bytes), { gap: 0, max: 1e9 });
  expect(await readAll(source, groups)).toEqual(expected);
  expect(reads.length).toBe(1);
});

test.each([50, 64, 65, 500, 65_000])("local headers %d bytes longer than the directory's", async (more) => {
  const plain = await pack(inputs);
  const bytes = withLongerHeaders(plain.bytes, plain.entries, more);
  const { source } = fussySource(bytes, 333);
  const entries = await entriesOf(bytes);
  for (const max of [1, 1500, 1e9]) {
    expect(await readAll(source, planReads(entries, { gap: 0, max }))).toEqual(expected);
  }
  const some = entries.filter((_, at) => at % 2 === 0);
  expect((await readAll(source, planReads(some, { gap: 1e9, max: 1e9 }))).size).toBe(6);
});

test("what is not wanted of an entry is skipped, also in the middle of inflating it", async () => {
  const large = [input("1", sequence(3_000_000)), input("2", sequence(3_000_000, 2)), input("3", "three")];
  const { bytes } = await pack(large);
  const { source } = fussySource(bytes, 10_000);
  const random = seeded(3);
  const groups = planReads(await entriesOf(bytes), { gap: 0, max: 1e9 });
  const seen: string[] = [];
  for (const group of groups) {
    for await (const { entry, data } of readGroup(source, group, signal)) {
      if (entry.path === "3") seen.push((await collect(data)).toString());
      else if (random() < 2) for await (const _ of data) break;
    }
    for await (const _ of readGroup(source, group, signal));
  }
  expect(seen).toEqual(["three"]);
});

test("a large entry streams in pieces, and a failure to read it is passed on as it is", async () => {
  const { bytes } = await pack([input("large", sequence(5_000_000))]);
  const [entry] = await entriesOf(bytes);
  if (entry === undefined) throw new Error("no entry");
  let largest = 0;
  for await (const chunk of openEntry(bytesSource(bytes), entry, signal))
    largest = Math.max(largest, chunk.length);
  expect(largest).toBeLessThanOrEqual(128 * 1024);
  const failure = new Error("connection lost");
  const broken: RandomAccess = {
    size: bytes.length,
    async *read(offset) {
      yield bytes.subarray(offset, offset + 100_000);
      throw failure;
    },
  };
  await expect(collect(openEntry(broken, entry, signal))).rejects.toBe(failure);
});

test("an aborted signal ends the reading with its reason", async () => {
  const { bytes } = await pack([input("large", sequence(5_000_000))]);
  const [entry] = await entriesOf(bytes);
  if (entry === undefined) throw new Error("no entry");
  const abort = new AbortController();
  const reason = new Error("enough");
  const { source } = fussySource(bytes, 1000);
  const reading = (async () => {
    for await (const _ of openEntry(source, entry, abort.signal)) abort.abort(reason);
  })();
  await expect(reading).rejects.toBe(reason);
});

test.each<[string, (bytes: Buffer, entry: ArchiveEntry, dataAt: number) => void]>([
  [
    "another signature in its local header",
    (bytes, { localHeaderOffset }) => bytes.fill(0, localHeaderOffset, localHeaderOffset + 4),
  ],
  [
    "another name in its local header",
    (bytes, { localHeaderOffset }) => bytes.write("D", localHeaderOffset + 30),
  ],
  [
    "a longer name in its local header",
    (bytes, { localHeaderOffset }) => bytes.writeUInt16LE(65_535, localHeaderOffset + 26),
  ],
  [
    "a longer extra field in its local header",
    (bytes, { localHeaderOffset }) => bytes.writeUInt16LE(65_535, localHeaderOffset + 28),
  ],
  ["other data", (bytes, { compressedSize }, at) => bytes.fill(0xff, at, at + compressedSize)],
  [
    "one bit that has turned",
    (bytes, { compressedSize }, at) => {
      const middle = at + (compressedSize >> 1);
      bytes.writeUInt8(bytes.readUInt8(middle) ^ 0x10, middle);
    },
  ],
])("an entry with %s costs no other", async (_, damage) => {
  const { bytes: sound } = await pack([...inputs, input("large", sequence(1_200_000))]);
  const entries = await entriesOf(sound);
  for (const victim of entries.filter((_, at) => [3, 5, 11, 12].includes(at))) {
    const bytes = Buffer.from(sound);
    const { localHeaderOffset: at } = victim;
    damage(bytes, victim, at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28));
    const { source } = fussySource(bytes, 10_000);
    for (const max of [1, 1e9]) {
      const sane: string[] = [];
      for (const group of planReads(entries, { gap: 0, max })) {
        for await (const { entry, data } of readGroup(source, group, signal)) {
          if (entry === victim) await expect(collect(data)).rejects.toThrow(ArchiveError);
          else
            sane.push((await collect(data)).equals(contentOf(entry)) ? entry.path : `wrong: ${entry.path}`);
        }
      }
      expect(sane).toEqual(entries.filter((entry) => entry !== victim).map(({ path }) => path));
    }
  }
});
