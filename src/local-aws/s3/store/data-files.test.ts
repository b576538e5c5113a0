import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DataFiles, openDataFiles } from "./data-files.ts";

let directory: string;
let data: DataFiles;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "data-files-"));
  data = await openDataFiles(directory);
});
afterEach(() => rm(directory, { recursive: true }));

async function* pieces(...texts: string[]) {
  for (const piece of texts) yield Buffer.from(piece);
}
const filesLeft = async () =>
  (await readdir(directory, { recursive: true })).filter((name) => name.includes("/")).length;

test("segments read as one, in any range", async () => {
  const segments = [
    await data.write(pieces("ab", "c")),
    await data.write(pieces("d")),
    await data.write(pieces("ef")),
  ];
  expect(await text(data.read(segments, 0, 5))).toBe("abcdef");
  expect(await text(data.read(segments, 2, 4))).toBe("cde");
  expect(await text(data.read(segments, 5, 5))).toBe("f");
  expect(await text(data.read([], 0, -1))).toBe("");
});

test("files removed while they are read go when the reading has ended", async () => {
  const segments = [await data.write(pieces("abc")), await data.write(pieces("def"))];
  const first = data.read(segments, 0, 5);
  const second = data.read(segments, 0, 5);
  await data.remove(segments);
  expect(await text(first)).toBe("abcdef");
  expect(await filesLeft()).toBe(2);
  second.destroy();
  await expect.poll(filesLeft, { interval: 2 }).toBe(0);
});

test("a write that fails leaves nothing behind", async () => {
  async function* failing() {
    yield Buffer.from("abc");
    throw new Error("the client left");
  }
  await expect(data.write(failing())).rejects.toThrow("the client left");
  expect(await filesLeft()).toBe(0);
});

test("sweeping removes what nothing refers to", async () => {
  const kept = await data.write(pieces("a"));
  await data.write(pieces("b"));
  await data.sweep(new Set([kept.file]));
  expect(await filesLeft()).toBe(1);
  expect(await text(data.read([kept], 0, 0))).toBe("a");
});
